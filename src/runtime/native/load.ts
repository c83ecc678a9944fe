import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import util from 'node:util'
import { either as E } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import type { RuntimeProblem } from '../error.ts'
import { bestInstalled, type Installed } from './installed.ts'
import { cacheFolder, vendoredFolder } from './layout.ts'
import { type Tf, tensorflowJs } from './tensorflow-js.ts'

const require = createRequire(import.meta.url)

export type { Tf } from './tensorflow-js.ts'
export { tensorflowJs }

/** A SavedModel held by TensorFlow; inputs and outputs are tensors in the order or under the names of its signature. */
export interface SavedModel {
  predict(inputs: unknown, config?: object): unknown
  dispose(): void
}

export interface NativeRuntime {
  readonly tf: Tf
  /** TensorFlow's own version. */
  readonly version: string
  readonly installed: Installed
  /** tfjs-node's loader of a SavedModel folder; rejects where the folder, tags or signature are not there. */
  readonly loadSavedModel: (folder: string, tags?: readonly string[], signature?: string) => Promise<SavedModel>
}

/** The name under which tfjs knows the native backend. */
export const nativeBackend = 'tensorflow'

/** Has the native backend compute what comes next. Once it has started it is current as soon as this returns: only starting one takes waiting. */
export const makeNativeCurrent = ({ tf }: Pick<NativeRuntime, 'tf'>): void => {
  if (tf.getBackend() !== nativeBackend) void tf.setBackend(nativeBackend)
}

/** tfjs-node 4.22 calls these of Node's `util`, which warns of them since Node 22 and took them away in Node 23. */
const restoreUtil = (): void => {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
    isArray: Array.isArray,
  })
}

/** What the user has said of oneDNN's kernels, read before anything here is set. */
const wantedOneDnn = process.env.TF_ENABLE_ONEDNN_OPTS

/** Which kernels TensorFlow computes with, and who says so. */
export const oneDnn = (): string => {
  if (wantedOneDnn === undefined) return 'on'
  const by = `TF_ENABLE_ONEDNN_OPTS=${wantedOneDnn}`
  if (/^(1|true)$/i.test(wantedOneDnn)) return `on (${by})`
  return /^(0|false)$/i.test(wantedOneDnn) ? `off (${by}): slower` : `as TensorFlow has it for this processor (${by})`
}

/**
 * TensorFlow's C++ library reads these when it is loaded, each as the user has set it. Log level: 2 leaves errors only, 0
 * shows everything. Without AVX-512 TensorFlow itself would leave oneDNN's kernels off, though they are the faster ones.
 */
const setEnvironment = (debug: boolean): void => {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= debug ? '0' : '2'
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1'
}

/** What the vendored package's own index does, without its search for an addon in its own folder. */
const load = (installed: Installed): NativeRuntime => {
  restoreUtil()
  const tf = tensorflowJs()
  const vendored = (file: string) => require(join(vendoredFolder, 'dist', file))
  const binding = require(installed.addon)
  vendored('register_all_kernels.js')
  const { NodeJSKernelBackend } = vendored('nodejs_kernel_backend.js')
  const { loadSavedModel } = vendored('saved_model.js')
  tf.registerBackend(nativeBackend, () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'), 3)
  const load: NativeRuntime['loadSavedModel'] = (...what) => {
    // A model may have been opened on another backend meanwhile.
    makeNativeCurrent({ tf })
    return loadSavedModel(...what)
  }
  return { tf, version: binding.TF_Version, installed, loadSavedModel: load }
}

const notSetUp = (where: string, seen: string, hint: string): E.Either<RuntimeProblem, never> =>
  E.left(problem('not-set-up', where, seen, "TensorFlow's native library", hint))

let loaded: NativeRuntime | undefined

/**
 * Loads TensorFlow's library and registers tfjs-node's kernels and backend with TensorFlow.js, once a process; the
 * backend still has to be chosen. Left: it is not set up, or does not load here.
 */
export const loadNative = async (
  options: { readonly cache?: string; readonly debug?: boolean } = {},
): Promise<E.Either<RuntimeProblem, NativeRuntime>> => {
  if (loaded !== undefined) return E.right(loaded)
  if (!existsSync(vendoredFolder))
    return notSetUp(vendoredFolder, 'no such folder', 'run `npm run vendor` in the clone, or install a release')
  const cache = options.cache ?? cacheFolder()
  const installed = await bestInstalled(cache)
  if (installed === undefined) return notSetUp(cache, 'no whole installation', 'run `espalier setup`')
  setEnvironment(options.debug ?? false)
  try {
    loaded = load(installed)
    return E.right(loaded)
  } catch (error) {
    const seen = (error as Error).message
    return E.left(problem('addon-does-not-load', installed.addon, seen, 'a library that loads', 'run `espalier setup`'))
  }
}
