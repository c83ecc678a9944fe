import { checkArgument, EspalierError, type Graph, shapeOf, sizeOf } from '../../ir/index.ts'
import { cutStages, type NetworkOutput } from '../../passes/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { CompiledStage } from '../compile/compiled-stages.ts'
import { fitImages, type ImageInput } from '../data/index.ts'
import type { Precision } from '../lower/precision.ts'
import { fitMeaning, type Meaning } from '../network/meaning.ts'
import { imageType, outputsOf } from '../network/network.ts'
import { cascade, measuresOf, type RanBatch, type SendOptions, type Sent } from './cascade.ts'
import { type OpenGraph, withVariants } from './disagreement.ts'
import type { ExecutorName, Facts } from './execution.ts'
import { inTurn } from './in-turn.ts'
import { readInputs, type TensorLike } from './inputs.ts'
import { lifetime } from './lifetime.ts'
import { type ExecutionOptions, type OpenedExecution, openExecution } from './open-execution.ts'
import { type Prediction, predictionOf, type ShapedOutput } from './prediction.ts'
import { type RankedClass, rankedClasses } from './ranking.ts'
import { isAnswer } from './score.ts'

/** What a model says of one image. */
export interface Answer extends RankedClass {
  /** The stage of an adaptive plan that the image reached, from 1; 1 under a fixed plan. */
  readonly stage: number
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
  /** Gives it up: where it waits for others it is not run. Rejects with the signal’s reason. */
  readonly signal?: AbortSignal
  /** Told when it has waited long enough, and is run. */
  readonly onStart?: () => void
}

/** What answers have. */
export interface ClassifyOptions {
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
  readonly outputs: readonly NetworkOutput[]
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
export interface ModelOptions extends ExecutionOptions {
  /** Whether batches smaller than `batch` are filled up with blank images where another size costs a compilation. Default true. */
  readonly fill?: boolean
  /** Images of concurrent predictions that are run as one batch, at most. Default: each prediction is a batch of its own. */
  readonly join?: number
  /** Told of each batch that was run. */
  readonly onBatch?: (batch: RanBatch) => void
}

const refuse = (
  tag: 'disposed' | 'bad-input' | 'not-a-number',
  where: string,
  seen: string,
  expected: string,
  hint: string,
) => new EspalierError([sourceProblem(tag, where, seen, expected, hint)], tag === 'not-a-number' ? 'failure' : 'usage')

const answersOf = (prediction: Prediction, names: readonly string[] | undefined, top: number): readonly Answer[] => {
  const { n, classes, probabilities, stages, margin, entropy, disagreement } = prediction
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
      ...{ stage: stages[row], margin: margin[row], entropy: entropy[row], disagreement: disagreement[row] },
      probabilities: probabilities.slice(row * classes, (row + 1) * classes),
      best,
    }
  })
}

/** Loads a compiled network into an executor. @throws EspalierError where there is none that runs it, or the meaning is another network's */
export const openModel = async (
  compiled: CompiledNetwork & { readonly meaning?: Meaning },
  options: ModelOptions = {},
): Promise<Model> => {
  const meaning = orThrow(fitMeaning(compiled, compiled.meaning ?? {}))
  const { h, w, c } = imageType(compiled)
  const outputs = outputsOf(compiled).map((output, k): ShapedOutput => {
    const { nodes, outputs: given } = compiled.graph
    return { ...output, shape: shapeOf(nodes[given[k].node].type) }
  })
  const opened = outputs[0].kind === 'classes' ? withVariants : (graph: Graph): OpenGraph => ({ graph, variants: [] })
  const stages = cutStages(compiled.graph).map(stage => ({ ...stage, ...opened(stage.graph) }))
  const [{ graph }, ...others] = stages
  const later = others.length === 0 ? undefined : others.map(stage => stage.graph)
  const { execution, choice } = await openExecution({ graph, later, parameters: compiled.parameters }, options)
  const { during, dispose, freed } = lifetime('predict', execution.dispose, () =>
    refuse('disposed', 'predict', 'a disposed model', 'one in use', 'loadModel or createModel opens it again'),
  )
  const { send, wake } = cascade(execution, stages, {
    outputs: outputs.map(({ name, shape }) => ({ name, size: sizeOf(shape) })),
    batch: options.fill === false ? 1 : (options.batch ?? 1),
    join: options.join,
    onBatch: options.onBatch,
  })
  const measures = measuresOf(stages)
  const start = async (inputs: Float32Array | TensorLike, how?: SendOptions): Promise<Sent> => {
    const images = await readInputs(inputs, [h, w, c])
    return send(images, images.length / (h * w * c), how)
  }
  const predict: Model['predict'] = (inputs, how) =>
    during(async () => predictionOf(await (await start(inputs, how)).scores, outputs, measures))
  const held = (inputs: Float32Array | TensorLike, hold: SendOptions['hold']): Promise<Sent> =>
    new Promise((resolve, reject) => {
      during(async () => {
        const sent = await start(inputs, { hold })
        resolve(sent)
        await sent.scores
      }).catch(reject)
    })
  const predictEach: Model['predictEach'] = async function* (batches) {
    for await (const scores of inTurn(batches, held, wake)) yield predictionOf(scores, outputs, measures)
  }
  const classify: Model['classify'] = async (images, { top = 1 } = {}) => {
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
    const named = images.map((image, k) => ({ image, where: `image ${k}` }))
    return answersOf(await predict(orThrow(await fitImages(named, preprocess))), meaning.classes, top)
  }
  return {
    network: compiled.network,
    plan: compiled.plan,
    graph: compiled.graph,
    stages: compiled.stages,
    meaning,
    outputs: outputsOf(compiled),
    precision: options.precision ?? 'float32',
    choice,
    get backend() {
      return execution.backend
    },
    get executor() {
      return execution.executor
    },
    get describe() {
      return execution.describe
    },
    get reason() {
      return execution.reason
    },
    predict,
    predictEach,
    classify,
    dispose,
    [Symbol.asyncDispose]: () => {
      dispose()
      return freed
    },
  }
}
