import { checkArgument, EspalierError, type Graph, isObject, nearestHint, shapeOf } from '../../ir/index.ts'
import { cutStages } from '../../passes/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { CompiledStage } from '../compile/compiled-stages.ts'
import { imageProblem } from '../data/image-argument.ts'
import type { ImageInput } from '../data/index.ts'
import type { Precision } from '../lower/precision.ts'
import { fitMeaning, type Meaning } from '../network/meaning.ts'
import { imageType, outputsOf } from '../network/network.ts'
import { measuresOf } from './cascade.ts'
import { type OpenGraph, withVariants } from './disagreement.ts'
import { type Engine, type EngineOptions, type OpenStages, openEngine } from './engine.ts'
import { type ExecutorName, type Facts, toldFacts } from './execution.ts'
import { openExecutionThreads } from './execution-threads.ts'
import type { TensorLike } from './inputs.ts'
import { withLive } from './live.ts'
import { type OpenedExecution, openExecution } from './open-execution.ts'
import { type Prediction, predictionOf, type ShapedOutput } from './prediction.ts'
import { type RankedClass, rankedClasses } from './ranking.ts'
import { isAnswer } from './score.ts'

/** What a model says of one image. */
export interface Answer extends RankedClass {
  /** The stage of an adaptive plan that the image reached, from 1; 1 under a fixed plan. */
  readonly stage: number
  /** How certain the answer is, from 0 to 1, by the measure of its stage’s gate; the margin under a fixed plan. */
  readonly certainty: number
  /** The largest probability less the second. */
  readonly margin: number
  /** Of the probabilities, in nats. */
  readonly entropy: number
  /** How far the variants of its stage disagree, in nats; NaN where one ran alone. */
  readonly disagreement: number
  /** Of every class. */
  readonly probabilities: Float32Array
  /** The likeliest classes, as many as were asked for, the likeliest first. */
  readonly best: readonly RankedClass[]
}

/** How a prediction is run beside others. */
export interface PredictOptions {
  /** Whether a model in a thread may take the numbers over rather than copy them: their array is empty afterwards. Default false. */
  readonly transfer?: boolean
  /** Gives it up: where it waits for others it is not run. Rejects with the signal’s reason. */
  readonly signal?: AbortSignal
  /** Told when it has waited long enough, and is run. */
  readonly onStart?: () => void
}

/** What answers have, and how they are run beside others. */
export interface ClassifyOptions extends Omit<PredictOptions, 'transfer'> {
  /** How many classes `best` has. Default 1. */
  readonly top?: number
}

/** A compiled network in an executor, with what its images and answers mean. */
export interface Model extends Omit<Facts<ExecutorName | 'reference'>, 'compilesBatches'> {
  /** The names of the network and of the plan. */
  readonly network: string
  readonly plan: string
  /** What it computes. */
  readonly graph: Graph
  /** Of an adaptive plan, which it is run by. */
  readonly stages?: readonly CompiledStage[]
  readonly meaning: Meaning
  /** What comes out, in the order of its graph. */
  readonly outputs: readonly ShapedOutput[]
  readonly precision: Precision
  /** Under `auto`: what was timed, and whether that was an earlier time. */
  readonly choice?: OpenedExecution['choice']
  /** Answers of `[n, h, w, c]` as the network takes it; concurrent calls are safe. @throws EspalierError where they are no images, or it is disposed of */
  readonly predict: (inputs: Float32Array | TensorLike, options?: PredictOptions) => Promise<Prediction>
  /**
   * Scores of batches in turn, in their order. Under an adaptive plan images that go on are gathered across batches, so that later stages run full ones: it
   * reads on until there are, within bounds. @throws EspalierError as `predict`
   */
  readonly predictEach: (batches: AsyncIterable<Float32Array | TensorLike>) => AsyncIterable<Prediction>
  /** Encoded images or RGB pixels from 0 to 255, preprocessed as the manifest says. @throws EspalierError where there is no manifest or an image cannot be decoded, or its scores are no numbers */
  readonly classify: (images: readonly ImageInput[], options?: ClassifyOptions) => Promise<readonly Answer[]>
  /** Frees the weights once the predictions under way are done. Predicting afterwards is an error. */
  readonly dispose: () => void
  /** Disposes of it, and waits until it is freed: `await using model = …`. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Where a model runs, and how. */
export interface ModelOptions extends EngineOptions {
  /** Whether it runs in a thread of its own, so that the event loop stays free. Default false. */
  readonly worker?: boolean
  /** In how many such threads; the least busy gets the next batch. Each has the weights for itself. */
  readonly workers?: number
}

const refuse = (tag: 'bad-input' | 'not-a-number', where: string, seen: string, expected: string, hint: string) =>
  new EspalierError([sourceProblem(tag, where, seen, expected, hint)], tag === 'not-a-number' ? 'failure' : 'usage')

const answersOf = (prediction: Prediction, names: readonly string[] | undefined, top: number): readonly Answer[] => {
  const { n, classes, probabilities, stages, certainty, margin, entropy, disagreement } = prediction
  return Array.from({ length: n }, (_, row) => {
    if (!isAnswer(probabilities, row, classes))
      throw refuse(
        'not-a-number',
        `classify, image ${row}`,
        'scores that are no numbers',
        'finite scores',
        'predict, which gives them as they are',
      )
    const best = rankedClasses(probabilities, row, classes, Math.max(1, top), names)
    return {
      ...best[0],
      ...{ stage: stages[row], certainty: certainty[row], margin: margin[row] },
      ...{ entropy: entropy[row], disagreement: disagreement[row] },
      probabilities: probabilities.slice(row * classes, (row + 1) * classes),
      best,
    }
  })
}

/** Refuses options that a call does not have, with the nearest named. @throws EspalierError */
const checkHow = (where: string, given: unknown, known: readonly string[]): void => {
  if (given === undefined) return
  checkArgument(where, given, isObject(given), `options: ${known.join(', ')}`)
  const { signal, top = 1, ...others } = given as PredictOptions & ClassifyOptions
  checkArgument(`${where}, signal`, signal, signal === undefined || signal instanceof AbortSignal, 'an AbortSignal')
  checkArgument(`${where}, top`, top, Number.isSafeInteger(top) && top >= 1, 'a whole number from 1')
  const strange = Object.keys(others).find(name => !known.includes(name))
  checkArgument(where, strange, strange === undefined, known.join(', '), nearestHint(strange ?? '', known))
}

/** What runs the stages: here, or in threads of its own. */
const executionOf = ({ worker = false, workers = worker ? 1 : 0 }: ModelOptions): OpenStages =>
  workers === 0 ? openExecution : (executed, options) => openExecutionThreads(executed, options, { workers })

/** Loads a compiled network into an executor. @throws EspalierError where there is none that runs it, or the meaning is another network's */
export const openModel = async (
  compiled: CompiledNetwork & { readonly meaning?: Meaning },
  options: ModelOptions = {},
  open: OpenStages = executionOf(options),
): Promise<Model> => {
  const meaning = orThrow(fitMeaning(compiled, compiled.meaning ?? {}))
  const { h, w, c } = imageType(compiled)
  const outputs = outputsOf(compiled).map((output, k): ShapedOutput => {
    const { nodes, outputs: given } = compiled.graph
    return { ...output, shape: shapeOf(nodes[given[k].node].type) }
  })
  const opened = outputs[0].kind === 'classes' ? withVariants : (graph: Graph): OpenGraph => ({ graph, variants: [] })
  const stages = cutStages(compiled.graph).map(stage => ({ ...stage, ...opened(stage.graph) }))
  const engine = await openEngine({ stages, outputs, image: [h, w, c], parameters: compiled.parameters }, options, open)
  const measures = measuresOf(stages)
  const predicted = async (images: Parameters<Engine['scoresOf']>[0], how?: PredictOptions): Promise<Prediction> =>
    predictionOf(await engine.scoresOf(images, how), outputs, measures)
  const predict: Model['predict'] = async (images, how) => {
    checkHow('predict, options', how, ['signal', 'onStart', 'transfer'])
    return predicted(images, how)
  }
  const predictEach: Model['predictEach'] = async function* (batches) {
    const isSequence = isObject(batches) && Symbol.asyncIterator in batches
    checkArgument(
      'predictEach',
      batches,
      isSequence || Array.isArray(batches),
      'batches, one after another',
      'an async generator',
    )
    for await (const scores of engine.scoresOfEach(batches)) yield predictionOf(scores, outputs, measures)
  }
  const classify: Model['classify'] = async (images, options = {}) => {
    checkHow('classify, options', options, ['top', 'signal', 'onStart'])
    const { top = 1, ...how } = options
    const hint = typeof images === 'string' ? 'classify([await readFile(path)])' : 'classify([image])'
    checkArgument('classify', images, Array.isArray(images), 'an array of images', hint)
    const { preprocess } = meaning
    if (outputs[0].kind !== 'classes')
      throw refuse(
        'bad-input',
        'classify',
        `${outputs[0].kind}, the output ${outputs[0].name}`,
        'a network whose first output is classes',
        'predict, which gives all outputs by name',
      )
    if (preprocess === undefined)
      throw refuse(
        'bad-input',
        'classify',
        'no preprocessing in the manifest',
        'how images become the network’s input',
        'compile with --preprocess, or call predict',
      )
    if (images.length === 0) return []
    const wrong = images.flatMap((image, k) => imageProblem(image, `image ${k}`) ?? [])
    if (wrong.length > 0) throw new EspalierError(wrong.slice(0, 1))
    return answersOf(await predicted({ pictures: images, preprocess }, how), meaning.classes, top)
  }
  const model = {
    network: compiled.network,
    plan: compiled.plan,
    graph: compiled.graph,
    stages: compiled.stages,
    meaning,
    outputs,
    precision: options.precision ?? 'float32',
    choice: engine.choice,
    predict,
    predictEach,
    classify,
    dispose: engine.dispose,
    [Symbol.asyncDispose]: () => {
      engine.dispose()
      return engine.freed
    },
  }
  return withLive(model, () => engine.facts, toldFacts)
}
