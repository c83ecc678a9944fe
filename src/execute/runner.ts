import { either as E } from 'fp-ts'
import { EspalierError, evaluate, renderProblems } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { softmaxRows } from '../base/softmax.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { Precision } from '../lower/precision.ts'
import { classCount, imageType } from '../network/network.ts'
import type { BackendName } from '../runtime/backend.ts'
import type { Timed } from './choices.ts'
import { type ChosenExecutor, chooseExecutor } from './choose-executor.ts'
import type { ExecutorProblem } from './error.ts'
import type { Execution } from './execution.ts'
import { type ExecutorName, type ExecutorOptions, type OpenExecutor, openExecutor } from './executor.ts'
import { readInputs, type TensorLike } from './inputs.ts'

/** Where a model runs: a tfjs backend, the best there is (`auto`), or the reference evaluator in plain TypeScript. */
export type ModelBackend = BackendName | 'auto' | 'reference'

/** Scores of n images, row by row: `n × classes`. Where a network makes no numbers of an image, its row is NaN. */
export interface Prediction {
  readonly n: number
  readonly classes: number
  /** Each row sums to 1. */
  readonly probabilities: Float32Array
  /** The reduced scores before normalization: `probabilities = softmax(logits)`. */
  readonly logits: Float32Array
}

/** A compiled network on an executor. */
export interface Runner {
  readonly backend: OpenExecutor['backend'] | 'reference'
  readonly executor: ExecutorName | 'reference'
  readonly precision: Precision
  /** What computes, for people; and why nothing better was taken. */
  readonly describe: string
  readonly reason?: string | undefined
  /** Under `auto`: what was timed, and whether that was an earlier time. */
  readonly choice?: { readonly tried: readonly Timed[]; readonly remembered: boolean }
  /** `[n, h, w, c]` as the network takes it; concurrent calls are safe. */
  readonly predict: (inputs: Float32Array | TensorLike) => Promise<Prediction>
  /** Frees the weights once the predictions under way are done. Predicting afterwards is an error. */
  readonly dispose: () => void
}

export interface RunnerOptions {
  readonly backend?: ModelBackend
  /** Default `auto`: what is timed to be the fastest here, once; the choice is kept in the user's cache. */
  readonly executor?: ExecutorName | 'auto'
  /** Of convolutions and what lies between them. Default float32. */
  readonly precision?: Precision
  /** Images at a time: what `auto` times, and what `fill` fills up to. Default 1. */
  readonly batch?: number
  /** Whether smaller batches are filled up with blank images where another size costs a compilation. Default true. */
  readonly fill?: boolean
  readonly debug?: boolean
  /** Told, in a line, that under `auto` an executor failed in a run and another goes on. Default: a warning of the process. */
  readonly note?: (line: string) => void
}

const onEvaluator = ({ graph, parameters }: CompiledNetwork): Execution => {
  const { name, ...image } = imageType({ graph })
  const { h, w, c } = image
  return {
    inputs: new Map([[name, { kind: 'Map', ...image }]]),
    run: async fed => {
      const inputs = new Map([[name, { shape: [fed[name].length / (h * w * c), h, w, c], data: fed[name] }]])
      const outputs = evaluate(graph, { inputs, parameters })
      if (E.isLeft(outputs)) throw new Error(renderProblems(outputs.left))
      return Object.fromEntries(outputs.right)
    },
    dispose: () => {},
  }
}

interface Opened {
  /** Under `auto` its facts are those of what runs now. */
  readonly execution: Execution &
    Pick<Runner, 'backend' | 'executor' | 'describe' | 'reason'> & { readonly compilesBatches: boolean }
  readonly choice?: Runner['choice']
}

/** Problems of what was asked for, not of the machine. */
const refusals: ReadonlySet<ExecutorProblem['tag']> = new Set([
  'executor-not-there',
  'precision-not-there',
  'no-bfloat16',
])

const opened = (result: E.Either<ExecutorProblem, ChosenExecutor>): Opened => {
  if (E.isLeft(result)) {
    throw new EspalierError([result.left], refusals.has(result.left.tag) ? 'usage' : 'failure')
  }
  const { opened, tried, remembered } = result.right
  return { execution: opened, ...(tried.length === 0 ? {} : { choice: { tried, remembered } }) }
}

const open = async (
  compiled: CompiledNetwork,
  {
    backend = 'auto',
    executor = 'auto',
    precision = 'float32',
    batch = 1,
    debug = false,
    note = line => process.emitWarning(line),
  }: RunnerOptions,
): Promise<Opened> => {
  if (backend === 'reference') {
    if ((executor !== 'auto' && executor !== 'eager') || precision !== 'float32')
      throw new EspalierError([
        sourceProblem(
          'bad-input',
          '--backend',
          `reference with ${executor}, ${precision}`,
          'reference alone: it is float64',
        ),
      ])
    return {
      execution: {
        ...onEvaluator(compiled),
        backend,
        executor: 'reference',
        describe: 'the reference evaluator, plain TypeScript in float64',
        compilesBatches: false,
      },
    }
  }
  const options: ExecutorOptions = { backend, precision, debug, note }
  if (executor === 'auto') return opened(await chooseExecutor(compiled, batch, options))
  const one = await openExecutor(executor, compiled, options)
  return opened(E.map((only: OpenExecutor) => ({ opened: only, tried: [], remembered: false }))(one))
}

/** Loads a compiled network on an executor. @throws EspalierError where there is none that runs it. */
export const openRunner = async (compiled: CompiledNetwork, options: RunnerOptions = {}): Promise<Runner> => {
  const { name: inputName, h, w, c } = imageType(compiled)
  const classes = classCount(compiled)
  const { execution, choice } = await open(compiled, options)
  let pending = 0
  let disposed = false
  const settle = (): void => {
    if (disposed && pending === 0) execution.dispose()
  }
  /** Scores of n images; where another batch size costs a compilation, blank ones fill the batch up. */
  const score = async (images: Float32Array, n: number): Promise<Float32Array> => {
    const least = execution.compilesBatches && options.fill !== false ? (options.batch ?? 1) : 1
    const filled = n < least ? new Float32Array(least * h * w * c) : images
    if (filled !== images) filled.set(images)
    const { logits } = await execution.run({ [inputName]: filled })
    return Float32Array.from(logits.data.subarray(0, n * classes))
  }
  const predict = async (inputs: Float32Array | TensorLike): Promise<Prediction> => {
    if (disposed)
      throw new EspalierError([
        sourceProblem(
          'disposed',
          'predict',
          'a model that is disposed',
          'one that is not',
          'load or model opens it again',
        ),
      ])
    pending++
    try {
      const images = await readInputs(inputs, [h, w, c])
      const n = images.length / (h * w * c)
      const logits = await score(images, n)
      return { n, classes, logits, probabilities: new Float32Array(softmaxRows(logits, classes)) }
    } finally {
      pending--
      settle()
    }
  }
  return {
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
    ...(choice === undefined ? {} : { choice }),
    precision: options.precision ?? 'float32',
    predict,
    dispose: () => {
      if (disposed) return
      disposed = true
      settle()
    },
  }
}
