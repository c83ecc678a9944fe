import { either as E } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { lowerOnnx } from '../lower/onnx/index.ts'
import type { Precision } from '../lower/precision.ts'
import { lower } from '../lower/tfjs/index.ts'
import { type Backend, type BackendName, openBackend } from '../runtime/backend.ts'
import { bfloat16Support } from '../runtime/bfloat16.ts'
import { loadOnnxruntime } from '../runtime/onnxruntime.ts'
import { loadOpenvino } from '../runtime/openvino/library.ts'
import { executionOf } from './eager.ts'
import { type ExecutorProblem, executorProblem } from './error.ts'
import type { Executed, Execution } from './execution.ts'
import { keepingNaN } from './keep-nan.ts'
import { openOnnxruntime } from './onnxruntime.ts'
import { openOpenvino } from './openvino.ts'
import { openSavedModel } from './saved-model.ts'
import { type DescribedExecution, signatureOf } from './signature.ts'

/**
 * Ways to run a graph: op by op on a backend of TensorFlow.js; handed over whole to TensorFlow, as it is or compiled by
 * XLA; exported to onnxruntime or OpenVINO.
 */
export const executorNames = ['eager', 'graph', 'xla', 'onnx', 'openvino'] as const
export type ExecutorName = (typeof executorNames)[number]

export interface ExecutorOptions {
  /** `auto`: any; another one rules out what does not run on it. */
  readonly backend: BackendName | 'auto'
  readonly precision: Precision
  /** Let the libraries log. */
  readonly debug: boolean
  /** Told, in a line, what `auto` does after an executor has failed in a run. */
  readonly note?: (line: string) => void
}

/** An executor with a graph loaded. */
export interface OpenExecutor extends Execution {
  readonly executor: ExecutorName
  readonly backend: BackendName | 'onnxruntime' | 'openvino'
  /** What computes, with its version, for people; and why nothing better was taken. */
  readonly describe: string
  readonly reason?: string | undefined
  /** Whether a batch of another size than before costs a compilation. */
  readonly compilesBatches: boolean
}

type Opened = E.Either<ExecutorProblem, OpenExecutor>
type Open = (executed: Executed, options: ExecutorOptions) => Promise<Opened>

const onTensorFlow = async (
  executor: 'eager' | 'graph' | 'xla',
  { backend, debug }: ExecutorOptions,
  load: (backend: Backend) => Promise<Execution>,
): Promise<Opened> => {
  const wanted = executor === 'eager' ? backend : 'node-gpu'
  const opened = await openBackend(wanted, { debug })
  if (E.isLeft(opened)) return opened
  const { name, describe, reason } = opened.right
  return E.right({
    ...(await load(opened.right)),
    executor,
    backend: name,
    describe,
    ...(reason === undefined ? {} : { reason }),
    compilesBatches: executor === 'xla',
  })
}

const openTensorFlowGraph =
  (executor: 'graph' | 'xla'): Open =>
  ({ graph, parameters }, options) =>
    onTensorFlow(executor, options, async ({ native }) => {
      if (native === undefined) throw new Error('the native backend has a loader of SavedModels')
      orThrow(options.precision === 'bfloat16' ? bfloat16Support(native.installed.contents.accelerator) : E.right(''))
      const settings = { precision: options.precision, xla: executor === 'xla' }
      return executionOf(await openSavedModel(native, graph, parameters, settings))
    })

/** What an executor of exported graphs opened, under its name. */
const exported =
  (facts: Pick<OpenExecutor, 'executor' | 'backend' | 'compilesBatches'>) =>
  (execution: DescribedExecution): OpenExecutor => ({ ...execution, ...facts })

const openers: { readonly [X in ExecutorName]: Open } = {
  eager: ({ graph, parameters }, options) =>
    onTensorFlow('eager', options, async ({ tf }) => executionOf(lower(tf, graph, parameters))),
  graph: openTensorFlowGraph('graph'),
  xla: openTensorFlowGraph('xla'),
  onnx: async ({ graph, parameters }) =>
    E.map(exported({ executor: 'onnx', backend: 'onnxruntime', compilesBatches: false }))(
      await openOnnxruntime(lowerOnnx(graph, parameters), signatureOf(graph)),
    ),
  openvino: async ({ graph, parameters }, { precision }) =>
    E.map(exported({ executor: 'openvino', backend: 'openvino', compilesBatches: true }))(
      await openOpenvino(lowerOnnx(graph, parameters), { ...signatureOf(graph), precision }),
    ),
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

/** Loads a graph into one executor. Left: why it does not run here. */
export const openExecutor = async (
  executor: ExecutorName,
  executed: Executed,
  options: ExecutorOptions,
): Promise<Opened> => {
  const refusal = executorRefusal(executor, options)
  if (refusal !== undefined) return E.left(refusal)
  try {
    return await openers[executor](keepingNaN(executed), options)
  } catch (error) {
    if (error instanceof EspalierError) return E.left(error.problems[0] as ExecutorProblem)
    return E.left(
      executorProblem(
        'executor-fails',
        executor,
        (error as Error).message.split('\n')[0],
        'a graph that it runs',
        'another --executor; --debug shows its logs',
      ),
    )
  }
}
