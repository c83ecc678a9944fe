import { either as E } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { Precision } from '../lower/precision.ts'
import type { BackendName } from '../runtime/backend-names.ts'
import type { Timed } from './choices.ts'
import { type ChosenExecutor, chooseExecutor } from './choose-executor.ts'
import type { ExecutorProblem } from './error.ts'
import type { Executed, Execution, ExecutorName } from './execution.ts'
import { type ExecutorOptions, openExecutor, type Timing } from './executor.ts'
import { onEvaluator } from './on-evaluator.ts'

/** Where a model runs: a tfjs backend, the best there is (`auto`), or the reference evaluator in plain TypeScript. */
export type ModelBackend = BackendName | 'auto' | 'reference'

/** Where a graph runs, and how. */
export interface ExecutionOptions {
  readonly backend?: ModelBackend
  /** Default `auto`: what is timed to be the fastest here, once; the choice is kept in the user's cache. */
  readonly executor?: ExecutorName | 'auto'
  /** Of convolutions and what lies between them. Default float32. */
  readonly precision?: Precision
  /** Images at a time: what `auto` times. Default 1. */
  readonly batch?: number
  readonly debug?: boolean
  /** Told, in a line, that under `auto` an executor failed in a run and another goes on. Default: a warning of the process. */
  readonly note?: (line: string) => void
  /** Told how far `auto` is with timing executors. */
  readonly onProgress?: ((timing: Timing) => void) | undefined
  /** Gives the timing up: rejects with the signal’s reason. */
  readonly signal?: AbortSignal | undefined
}

/** A graph that was loaded, and how that was chosen. */
export interface OpenedExecution {
  /** Under `auto` its facts are those of what runs now. */
  readonly execution: Execution<ExecutorName | 'reference'>
  /** Under `auto`: what was timed, and whether that was an earlier time. */
  readonly choice?: { readonly tried: readonly Timed[]; readonly remembered: boolean }
}

/** Problems of what was asked for, not of the machine. */
const refusals: ReadonlySet<ExecutorProblem['tag']> = new Set([
  'executor-not-there',
  'precision-not-there',
  'no-bfloat16',
])

const opened = (result: E.Either<readonly ExecutorProblem[], ChosenExecutor>): OpenedExecution => {
  if (E.isLeft(result)) {
    throw new EspalierError(result.left, refusals.has(result.left[0].tag) ? 'usage' : 'failure')
  }
  const { opened, tried, remembered } = result.right
  return { execution: opened, choice: tried.length === 0 ? undefined : { tried, remembered } }
}

/** Loads a graph where the options say: into one executor, the fastest of them, or the evaluator. @throws EspalierError where none runs it */
export const openExecution = async (
  compiled: Executed,
  {
    backend = 'auto',
    executor = 'auto',
    precision = 'float32',
    batch = 1,
    debug = false,
    note = line => process.emitWarning(line),
    onProgress,
    signal,
  }: ExecutionOptions,
): Promise<OpenedExecution> => {
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
    return { execution: onEvaluator(compiled) }
  }
  const options: ExecutorOptions = { backend, precision, debug, note, onProgress, signal }
  if (executor === 'auto') return opened(await chooseExecutor(compiled, batch, options))
  const one = await openExecutor(executor, compiled, options)
  return opened(E.map((only: Execution) => ({ opened: only, tried: [], remembered: false }))(one))
}
