import type { ExecutorName } from '../../src/execute/execution.ts'
import type { Precision } from '../../src/lower/precision.ts'
import type { BackendName } from '../../src/runtime/backend-names.ts'

/** One way to execute graphs; `onnxruntime` runs the network as it was exported, a call for each view. */
export interface Lane {
  readonly name: 'eager' | 'graph' | 'xla' | 'wasm' | 'onnxruntime' | 'onnx' | 'openvino' | 'auto'
  readonly precision: Precision
  readonly executor: ExecutorName | 'auto'
  readonly backend: BackendName | 'auto'
  /** Larger batches take too long to be worth the wait. */
  readonly largestBatch?: number
}

const lane = (
  name: Lane['name'],
  executor: Lane['executor'],
  backend: Lane['backend'],
  precision: Precision = 'float32',
  largestBatch?: number,
): Lane => ({ name, executor, backend, precision, ...(largestBatch === undefined ? {} : { largestBatch }) })

export const lanes: readonly Lane[] = [
  lane('onnxruntime', 'onnx', 'auto'),
  lane('eager', 'eager', 'node-gpu'),
  lane('graph', 'graph', 'node-gpu'),
  lane('xla', 'xla', 'node-gpu', 'float32', 1),
  lane('onnx', 'onnx', 'auto'),
  lane('openvino', 'openvino', 'auto'),
  lane('auto', 'auto', 'auto'),
  lane('graph', 'graph', 'node-gpu', 'bfloat16'),
  lane('xla', 'xla', 'node-gpu', 'bfloat16', 1),
  lane('openvino', 'openvino', 'auto', 'bfloat16'),
  lane('auto', 'auto', 'auto', 'bfloat16'),
  lane('wasm', 'eager', 'wasm', 'float32', 32),
]
