import { either as E } from 'fp-ts'
import { EspalierError } from '../ir/index.ts'
import type { CompiledNetwork } from './compile.ts'
import type { Meaning } from './compiled-folder.ts'
import { fitImage, type ImageInput, normalizeInto } from './data/index.ts'
import { sourceProblem } from './error.ts'
import { imageType } from './network.ts'
import { openRunner, type Runner, type RunnerOptions } from './runner.ts'

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
  /** Encoded images or RGB pixels from 0 to 255, preprocessed as the manifest says. @throws EspalierError where there is no manifest or an image cannot be decoded */
  readonly classify: (images: readonly ImageInput[]) => Promise<readonly Answer[]>
}

const bestOf = (probabilities: Float32Array): number =>
  probabilities.reduce((best, p, k) => (p > probabilities[best] ? k : best), 0)

/** Opens a backend and loads a compiled network on it. */
export const openModel = async (
  compiled: CompiledNetwork,
  { preprocess, classes }: Meaning,
  options: RunnerOptions,
): Promise<Model> => {
  const runner = await openRunner(compiled, options)
  const { h, w } = imageType(compiled)
  const classify = async (images: readonly ImageInput[]): Promise<readonly Answer[]> => {
    if (preprocess === undefined)
      throw new EspalierError([
        sourceProblem(
          'bad-input',
          'classify',
          'no preprocessing in the manifest',
          'how images become the network’s input',
          'compile with --preprocess, or call predict',
        ),
      ])
    const fitted = await Promise.all(images.map((image, k) => fitImage(image, preprocess, `image ${k}`)))
    const inputs = new Float32Array(images.length * h * w * 3)
    for (const [k, pixels] of fitted.entries()) {
      if (E.isLeft(pixels)) throw new EspalierError([pixels.left])
      normalizeInto(pixels.right, preprocess, inputs, k * h * w * 3)
    }
    const { probabilities, classes: count } = await runner.predict(inputs)
    return images.map((_, k) => {
      const row = probabilities.slice(k * count, (k + 1) * count)
      const index = bestOf(row)
      const name = classes?.[index]
      return { index, ...(name === undefined ? {} : { class: name }), probability: row[index], probabilities: row }
    })
  }
  return { ...runner, network: compiled.network, plan: compiled.plan, classify }
}
