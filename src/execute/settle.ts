import { EspalierError } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import type { Precision } from '../lower/precision.ts'
import { openBackend } from '../runtime/backend.ts'
import type { BackendName } from '../runtime/backend-names.ts'
import { loadOnnxruntime } from '../runtime/onnxruntime.ts'
import { loadOpenvino } from '../runtime/openvino/library.ts'
import type { Executed, Execution, ExecutorName, Facts } from './execution.ts'
import { executorRefusal, openExecutor } from './executor.ts'

/** What `auto` is for. */
export interface SettleOptions {
  /** Default `auto`: the best there is. */
  readonly backend?: BackendName | 'auto'
  /** Default `auto`: the whole graph by TensorFlow where the backend is native, else op by op. */
  readonly executor?: ExecutorName | 'auto'
  /** Default float32. */
  readonly precision?: Precision
  readonly debug?: boolean
}

type Settled = Omit<Facts, 'compilesBatches'>

/**
 * What `auto` means where there is no race. One graph that is run again and again gets the fastest executor, by a race that is
 * remembered (`chooseExecutor`). Many graphs that share one, and training steps, which leave what they carry in the runtime's
 * memory, are handed to TensorFlow whole where it is native, and run op by op elsewhere.
 */
export const executorWithoutRace = (backend: BackendName): 'graph' | 'eager' =>
  backend === 'node-gpu' ? 'graph' : 'eager'

const onTensorFlow = async (
  executor: ExecutorName | 'auto',
  backend: BackendName | 'auto',
  debug: boolean,
): Promise<Settled> => {
  const { name, describe, reason } = orThrow(await openBackend(backend, { debug }))
  return { executor: executor === 'auto' ? executorWithoutRace(name) : executor, backend: name, describe, reason }
}

/** @throws EspalierError where what is asked for is not there */
const settle = async ({
  backend = 'auto',
  executor = 'auto',
  precision = 'float32',
  debug = false,
}: SettleOptions): Promise<Settled> => {
  const refusal = executor === 'auto' ? undefined : executorRefusal(executor, { backend, precision, debug })
  if (refusal !== undefined) throw new EspalierError([refusal])
  switch (executor) {
    case 'onnx':
      return { executor, backend: 'onnxruntime', describe: `onnxruntime ${orThrow(loadOnnxruntime()).version}` }
    case 'openvino':
      return { executor, backend: 'openvino', describe: `OpenVINO ${orThrow(await loadOpenvino()).version}` }
    case 'graph':
    case 'xla':
      return onTensorFlow(executor, 'node-gpu', debug)
    case 'eager':
    case 'auto':
      return onTensorFlow(executor, backend, debug)
  }
}

/** An executor that was settled, and how to load graphs into it. */
export interface GraphExecutor extends Settled {
  readonly precision: Precision
  /** @throws EspalierError where it does not run the graph */
  readonly open: (executed: Executed) => Promise<Execution>
}

/** Settles the executor of all graphs of an experiment, once. @throws EspalierError where it is not there */
export const graphExecutor = async (options: SettleOptions): Promise<GraphExecutor> => {
  const settled = await settle(options)
  const { backend = 'auto', precision = 'float32', debug = false } = options
  return {
    ...settled,
    precision,
    open: async executed => orThrow(await openExecutor(settled.executor, executed, { backend, precision, debug })),
  }
}
