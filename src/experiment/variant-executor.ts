import { orThrow } from '../error.ts'
import type { Precision } from '../execute/execution.ts'
import { type Executed, type ExecutorName, type OpenExecutor, openExecutor } from '../execute/executor.ts'
import { type BackendName, openBackend } from '../runtime/backend.ts'

/** Where logits are computed. */
export interface ExecuteOptions {
  /** Default `auto`: the best there is. */
  readonly backend?: BackendName | 'auto'
  /** Default `auto`: the whole graph by TensorFlow where the backend is native, else op by op. */
  readonly executor?: ExecutorName | 'auto'
  /** Default float32. */
  readonly precision?: Precision
  readonly debug?: boolean
}

/** An executor that was chosen, and how to load graphs into it. */
export interface GraphExecutor {
  readonly executor: ExecutorName
  readonly backend: OpenExecutor['backend']
  readonly precision: Precision
  /** @throws EspalierError where it does not run the graph */
  readonly open: (executed: Executed) => Promise<OpenExecutor>
}

/** Chooses the executor of all graphs of an experiment, once. @throws EspalierError where it is not there */
export const graphExecutor = async ({
  backend = 'auto',
  executor = 'auto',
  precision = 'float32',
  debug = false,
}: ExecuteOptions): Promise<GraphExecutor> => {
  const on = (name: ExecutorName, runtime: OpenExecutor['backend']): GraphExecutor => ({
    executor: name,
    backend: runtime,
    precision,
    open: async executed => orThrow(await openExecutor(name, executed, { backend, precision, debug })),
  })
  switch (executor) {
    case 'onnx':
      return on(executor, 'onnxruntime')
    case 'openvino':
      return on(executor, 'openvino')
    case 'graph':
    case 'xla':
      return on(executor, 'node-gpu')
    default: {
      const { name } = orThrow(await openBackend(backend, { debug }))
      return on(executor === 'auto' && name === 'node-gpu' ? 'graph' : 'eager', name)
    }
  }
}
