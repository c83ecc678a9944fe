import { either as E } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { lowerOnnx } from '../lower/onnx/index.ts'
import type { Precision } from '../lower/precision.ts'
import { type Executable, lower } from '../lower/tfjs/index.ts'
import { type Backend, openBackend } from '../runtime/backend.ts'
import type { BackendName } from '../runtime/backend-names.ts'
import { bfloat16Support } from '../runtime/bfloat16.ts'
import { loadOnnxruntime } from '../runtime/onnxruntime.ts'
import { loadOpenvino } from '../runtime/openvino/library.ts'
import { executionOf } from './eager.ts'
import { type ExecutorProblem, executorProblem } from './error.ts'
import { type Executed, type Execution, type ExecutorName, stageGraphs } from './execution.ts'
import { keepingNaN } from './keep-nan.ts'
import { openOnnxruntime } from './onnxruntime.ts'
import { openOpenvino } from './openvino.ts'
import { openSavedModel } from './saved-model.ts'
import { signatureOf } from './signature.ts'

export interface ExecutorOptions {
  /** `auto`: any; another one rules out what does not run on it. */
  readonly backend: BackendName | 'auto'
  readonly precision: Precision
  /** Let the libraries log. */
  readonly debug: boolean
  /** Told, in a line, what `auto` does after an executor has failed in a run. */
  readonly note?: (line: string) => void
  /** Told how far `auto` is with timing executors. */
  readonly onProgress?: ((timing: Timing) => void) | undefined
  /** Gives the timing up. */
  readonly signal?: AbortSignal | undefined
}

/** How far the timing of executors is. */
export interface Timing {
  /** Which one is opened and run; none where those that run do so in turns. */
  readonly running?: ExecutorName
  /** How many there are to be, and how many were. */
  readonly total: number
  readonly done: number
  /** How many images a run has, once that is known, and what a run of each took. */
  readonly images?: number | undefined
  readonly timed: readonly { readonly executor: ExecutorName; readonly milliseconds: number }[]
}

type Opened = E.Either<readonly ExecutorProblem[], Execution>
type Open = (executed: Executed, options: ExecutorOptions) => Promise<Opened>

const alone = <A>(result: E.Either<ExecutorProblem, A>): E.Either<readonly ExecutorProblem[], A> =>
  E.mapLeft((problem: ExecutorProblem) => [problem])(result)

const onTensorFlow = async (
  executor: 'eager' | 'graph' | 'xla',
  { backend, debug }: ExecutorOptions,
  load: (backend: Backend) => Promise<Executable>,
): Promise<Opened> => {
  const wanted = executor === 'eager' ? backend : 'node-gpu'
  const opened = await openBackend(wanted, { debug })
  if (E.isLeft(opened)) return alone(opened)
  const { name, describe, reason } = opened.right
  const facts = { executor, backend: name, describe, reason, compilesBatches: executor === 'xla' }
  return E.right(executionOf(await load(opened.right), facts))
}

const openTensorFlowGraph =
  (executor: 'graph' | 'xla'): Open =>
  ({ graph, parameters }, options) =>
    onTensorFlow(executor, options, async ({ native }) => {
      if (native === undefined) throw new Error('the native backend has a loader of SavedModels')
      orThrow(options.precision === 'bfloat16' ? bfloat16Support(native.installed.contents.accelerator) : E.right(''))
      const settings = { precision: options.precision, xla: executor === 'xla' }
      return openSavedModel(native, graph, parameters, settings)
    })

const openers: { readonly [X in ExecutorName]: Open } = {
  eager: ({ graph, parameters }, options) =>
    onTensorFlow('eager', options, async ({ tf }) => lower(tf, graph, parameters)),
  graph: openTensorFlowGraph('graph'),
  xla: openTensorFlowGraph('xla'),
  onnx: async ({ graph, parameters }) => alone(await openOnnxruntime(lowerOnnx(graph, parameters), signatureOf(graph))),
  openvino: async ({ graph, parameters }, { precision }) =>
    alone(await openOpenvino(lowerOnnx(graph, parameters), { ...signatureOf(graph), precision })),
}

/** Why an executor cannot take these options at all, whatever is installed. */
export const executorRefusal = (
  executor: ExecutorName,
  { backend, precision }: ExecutorOptions,
): ExecutorProblem | undefined => {
  const onNative = backend === 'auto' || backend === 'node-gpu'
  if ((executor === 'graph' || executor === 'xla') && !onNative)
    return executorProblem('executor-not-there', executor, `backend ${backend}`, 'backend node-gpu')
  if ((executor === 'onnx' || executor === 'openvino') && backend !== 'auto')
    return executorProblem(
      'executor-not-there',
      executor,
      `backend ${backend}`,
      'no --backend: it is a runtime of its own',
    )
  return precision === 'bfloat16' && (executor === 'eager' || executor === 'onnx')
    ? executorProblem(
        'precision-not-there',
        executor,
        'bfloat16',
        'float32',
        'the executors graph, xla and openvino have bfloat16',
      )
    : undefined
}

/** Whether what an executor needs is on this machine. */
export const executorIsThere = async (executor: ExecutorName, { debug }: ExecutorOptions): Promise<boolean> => {
  switch (executor) {
    case 'onnx':
      return E.isRight(loadOnnxruntime())
    case 'openvino':
      return E.isRight(await loadOpenvino())
    case 'graph':
    case 'xla':
      return E.isRight(await openBackend('node-gpu', { debug }))
    case 'eager':
      return true
  }
}

const disposeAll = (opened: readonly Execution[]): void => {
  for (const { dispose } of opened) dispose()
}

/** Loads each stage's graph; one execution of them all. */
const openStages = async (open: Open, executed: Executed, options: ExecutorOptions): Promise<Opened> => {
  const opened: Execution[] = []
  try {
    for (const graph of stageGraphs(executed)) {
      const one = await open(keepingNaN({ graph, parameters: executed.parameters }), options)
      if (E.isLeft(one)) {
        disposeAll(opened)
        return one
      }
      opened.push(one.right)
    }
  } catch (error) {
    disposeAll(opened)
    throw error
  }
  const [first, ...later] = opened
  if (later.length === 0) return E.right(first)
  return E.right({ ...first, run: (fed, stage = 0) => opened[stage].run(fed), dispose: () => disposeAll(opened) })
}

/** Loads a graph, and those of its later stages, into one executor. Left: why it does not run here. */
export const openExecutor = async (
  executor: ExecutorName,
  executed: Executed,
  options: ExecutorOptions,
): Promise<Opened> => {
  const refusal = executorRefusal(executor, options)
  if (refusal !== undefined) return E.left([refusal])
  try {
    return await openStages(openers[executor], executed, options)
  } catch (error) {
    if (error instanceof EspalierError) return E.left(error.problems as readonly ExecutorProblem[])
    return E.left([
      executorProblem(
        'executor-fails',
        executor,
        (error as Error).message.split('\n')[0],
        'a graph that it runs',
        'another --executor; --debug shows its logs',
      ),
    ])
  }
}
