import { EspalierError, sizeOf } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { Scores, SendOptions, Sent } from './call.ts'
import { cascade, type OpenStage, type RanBatch } from './cascade.ts'
import type { Executed, ExecutorName, Facts } from './execution.ts'
import { inTurn } from './in-turn.ts'
import { readInputs, type TensorLike } from './inputs.ts'
import { lifetime } from './lifetime.ts'
import { type ExecutionOptions, type OpenedExecution, openExecution } from './open-execution.ts'
import { isPictures, numbersOf, type Pictures } from './pictures.ts'
import type { ShapedOutput } from './prediction.ts'

/** How images are run beside others. */
export type RunOptions = Pick<SendOptions, 'signal' | 'onStart' | 'transfer'>

/** What computes. */
export type EngineFacts = Omit<Facts<ExecutorName | 'reference'>, 'compilesBatches'>

/** What a graph makes of images: the scores of its outputs. Where it runs is not seen. */
export interface Engine {
  /** What computes now: after a fall-back another executor than before. */
  readonly facts: EngineFacts
  readonly choice?: OpenedExecution['choice']
  /** @throws EspalierError where they are no images, or it is disposed of */
  readonly scoresOf: (images: Float32Array | TensorLike | Pictures, options?: RunOptions) => Promise<Scores>
  /** Of batches, in their order. */
  readonly scoresOfEach: (batches: AsyncIterable<Float32Array | TensorLike>) => AsyncIterable<Scores>
  /** Frees the weights once the runs under way are done. */
  readonly dispose: () => void
  /** Resolves once they are freed. */
  readonly freed: Promise<void>
}

export interface EngineOptions extends ExecutionOptions {
  /** Whether batches smaller than `batch` are filled up with blank images where another size costs a compilation. Default true. */
  readonly fill?: boolean
  /** Images of concurrent predictions that are run as one batch, at most. Default: each prediction is a batch of its own. */
  readonly join?: number
  /** Milliseconds that images of concurrent predictions wait for others, where the executor is free. Default 0. */
  readonly delay?: number
  /** Told of each batch that was run. */
  readonly onBatch?: (batch: RanBatch) => void
}

/** Opens what runs the stages. */
export type OpenStages = (executed: Executed, options: EngineOptions) => Promise<OpenedExecution>

/** What is run: the stages of a graph, and what comes out of them. */
export interface Staged {
  readonly stages: readonly OpenStage[]
  readonly outputs: readonly ShapedOutput[]
  /** Height, width and channels of an image. */
  readonly image: readonly [h: number, w: number, c: number]
  readonly parameters: CompiledNetwork['parameters']
}

/** On a prediction after `dispose`. */
export const disposedModel = (): EspalierError =>
  new EspalierError([
    sourceProblem('disposed', 'predict', 'a disposed model', 'one in use', 'loadModel or createModel opens it again'),
  ])

const orDispose = async ({ dispose }: Pick<Engine, 'dispose'>, work: Promise<void>): Promise<void> => {
  try {
    await work
  } catch (error) {
    dispose()
    throw error
  }
}

/** Loads the stages of a graph into an executor. @throws EspalierError where there is none that runs it */
export const openEngine = async (
  { stages, outputs, image, parameters }: Staged,
  options: EngineOptions,
  open: OpenStages = openExecution,
): Promise<Engine> => {
  const [{ graph }, ...others] = stages
  const later = others.length === 0 ? undefined : others.map(stage => stage.graph)
  const { execution, choice } = await open({ graph, later, parameters }, options)
  const { during, dispose, freed } = lifetime('predict', execution.dispose, disposedModel)
  const { send, wake, warm } = cascade(execution, stages, {
    outputs: outputs.map(({ name, shape }) => ({ name, size: sizeOf(shape) })),
    batch: options.fill === false ? 1 : (options.batch ?? 1),
    join: options.join,
    delay: options.delay,
    onBatch: options.onBatch,
  })
  if (options.join !== undefined) await orDispose(execution, warm())
  const start = async (inputs: Float32Array | TensorLike | Pictures, how?: SendOptions): Promise<Sent> => {
    const images = isPictures(inputs) ? await (execution.fit ?? numbersOf)(inputs) : await readInputs(inputs, image)
    return send(images, images.length / sizeOf(image), images === inputs ? how : { ...how, transfer: true })
  }
  const held = (inputs: Float32Array | TensorLike, hold: SendOptions['hold']): Promise<Sent> =>
    new Promise((resolve, reject) => {
      during(async () => {
        const sent = await start(inputs, { hold })
        resolve(sent)
        await sent.scores
      }).catch(reject)
    })
  return {
    choice,
    facts: execution,
    scoresOf: (images, how) => during(async () => (await start(images, how)).scores),
    scoresOfEach: batches => inTurn(batches, held, wake),
    dispose,
    freed,
  }
}
