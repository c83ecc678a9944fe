import { EspalierError } from '../../../ir/index.ts'
import { orThrow } from '../../base/error.ts'
import { withoutRace } from '../../execute/auto.ts'
import type { Executed } from '../../execute/execution.ts'
import {
  type ExecutorName,
  type ExecutorOptions,
  executorRefusal,
  type OpenExecutor,
  openExecutor,
} from '../../execute/executor.ts'
import type { Precision } from '../../lower/precision.ts'
import { type BackendName, openBackend } from '../../runtime/backend.ts'
import { loadOnnxruntime } from '../../runtime/onnxruntime.ts'
import { loadOpenvino } from '../../runtime/openvino/library.ts'

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
  /** What computes, with its version; and why nothing better was taken. */
  readonly describe: string
  readonly reason?: string
  /** @throws EspalierError where it does not run the graph */
  readonly open: (executed: Executed) => Promise<OpenExecutor>
}

type Runtime = Pick<GraphExecutor, 'executor' | 'backend' | 'describe' | 'reason'>

const tensorflow = async (
  executor: ExecutorName | 'auto',
  backend: BackendName | 'auto',
  debug: boolean,
): Promise<Runtime> => {
  const { name, describe, reason } = orThrow(await openBackend(backend, { debug }))
  return {
    executor: executor === 'auto' ? withoutRace(name) : executor,
    backend: name,
    describe,
    ...(reason === undefined ? {} : { reason }),
  }
}

const runtimeOf = async (executor: ExecutorName | 'auto', options: ExecutorOptions): Promise<Runtime> => {
  switch (executor) {
    case 'onnx':
      return { executor, backend: 'onnxruntime', describe: `onnxruntime ${orThrow(loadOnnxruntime()).version}` }
    case 'openvino':
      return { executor, backend: 'openvino', describe: `OpenVINO ${orThrow(await loadOpenvino()).version}` }
    case 'graph':
    case 'xla':
      return tensorflow(executor, 'node-gpu', options.debug)
    case 'eager':
    case 'auto':
      return tensorflow(executor, options.backend, options.debug)
  }
}

/** Chooses the executor of all graphs of an experiment, once. @throws EspalierError where it is not there */
export const graphExecutor = async ({
  backend = 'auto',
  executor = 'auto',
  precision = 'float32',
  debug = false,
}: ExecuteOptions): Promise<GraphExecutor> => {
  const options = { backend, precision, debug }
  const refusal = executor === 'auto' ? undefined : executorRefusal(executor, options)
  if (refusal !== undefined) throw new EspalierError([refusal])
  const runtime = await runtimeOf(executor, options)
  return {
    ...runtime,
    precision,
    open: async executed => orThrow(await openExecutor(runtime.executor, executed, options)),
  }
}
