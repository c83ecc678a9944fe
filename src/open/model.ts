import { checkArgument, EspalierError } from '../../ir/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { fitImages, type ImageInput } from '../data/index.ts'
import { openRunner, type Runner, type RunnerOptions } from '../execute/runner.ts'
import { bestClass, unanswered } from '../execute/score.ts'
import { fitMeaning, type Meaning } from '../network/meaning.ts'

/** What a model says of one image. */
export interface Answer {
  /** The most probable class: its number, and its name where the model knows names. */
  readonly index: number
  readonly class?: string
  readonly probability: number
  /** Of every class. */
  readonly probabilities: Float32Array
}

/** A compiled network on a backend, with what its images and answers mean. */
export interface Model extends Runner {
  readonly network: string
  readonly plan: string
  /** Encoded images or RGB pixels from 0 to 255, preprocessed as the manifest says. @throws EspalierError where there is no manifest or an image cannot be decoded, or its scores are no numbers */
  readonly classify: (images: readonly ImageInput[]) => Promise<readonly Answer[]>
}

const noPreprocess = sourceProblem(
  'bad-input',
  'classify',
  'no preprocessing in the manifest',
  'how images become the network’s input',
  'compile with --preprocess, or call predict',
)

const checkImages = (images: unknown): void =>
  checkArgument(
    'classify',
    images,
    Array.isArray(images),
    'an array of images',
    typeof images === 'string' ? 'classify([await readFile(path)])' : 'classify([image])',
  )

const noAnswer = (image: number) =>
  sourceProblem(
    'not-a-number',
    `classify, image ${image}`,
    'scores that are no numbers',
    'finite scores',
    'predict, which gives them as they are',
  )

/** Opens a backend and loads a compiled network on it. @throws EspalierError where the meaning is another network's */
export const openModel = async (
  compiled: CompiledNetwork,
  meaning: Meaning,
  options: RunnerOptions,
): Promise<Model> => {
  const { preprocess, classes: names } = orThrow(fitMeaning(compiled, meaning))
  const runner = await openRunner(compiled, options)
  const classify = async (images: readonly ImageInput[]): Promise<readonly Answer[]> => {
    checkImages(images)
    if (preprocess === undefined) throw new EspalierError([noPreprocess])
    if (images.length === 0) return []
    const named = images.map((image, k) => ({ image, where: `image ${k}` }))
    const { probabilities, classes } = await runner.predict(orThrow(await fitImages(named, preprocess)))
    const [none] = unanswered(probabilities, classes)
    if (none !== undefined) throw new EspalierError([noAnswer(none)], 'failure')
    return images.map((_, k) => {
      const row = probabilities.slice(k * classes, (k + 1) * classes)
      const index = bestClass(row, 0, classes)
      const name = names?.[index]
      return { index, ...(name === undefined ? {} : { class: name }), probability: row[index], probabilities: row }
    })
  }
  return { ...runner, network: compiled.network, plan: compiled.plan, classify }
}
