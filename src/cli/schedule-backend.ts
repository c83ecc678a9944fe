import { either as E } from 'fp-ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import { openBackend } from '../runtime/backend.ts'
import type { BackendName } from '../runtime/backend-names.ts'
import type { ExecutionFlags } from './options.ts'
import type { CommonOptions } from './output.ts'

/** Where `--schedule auto` expects a network to run; what cannot be opened is the model's to say. */
export const scheduleBackend = async ({
  backend = 'auto',
  executor,
  debug = false,
}: ExecutionFlags<ModelBackend> & Pick<CommonOptions, 'debug'>): Promise<BackendName> => {
  if (backend === 'reference') return 'cpu'
  if (backend !== 'auto') return backend
  // These run native code, as native TensorFlow does, which is not started for its name alone.
  if (executor === 'onnx' || executor === 'openvino') return 'node-gpu'
  const opened = await openBackend('auto', { debug })
  return E.isRight(opened) ? opened.right.name : 'cpu'
}
