import { createRequire } from 'node:module'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/error.ts'
import { type BackendName, backendNames } from './backend-names.ts'
import type { RuntimeProblem } from './error.ts'
import { loadNative, type NativeRuntime, nativeBackend, type Tf, tensorflowJs } from './native/load.ts'

export interface Backend {
  readonly name: BackendName
  readonly tf: Tf
  /** The version of what computes: TensorFlow for `node-gpu`, else TensorFlow.js. */
  readonly version: string
  /** One line for people, such as `TensorFlow 2.21.0 (cpu)`. */
  readonly describe: string
  /** One line on why a better backend was not taken; undefined where there is none or where this one was asked for. */
  readonly reason?: string
  /** What only the native runtime has: SavedModels, and where it lies. */
  readonly native?: NativeRuntime
}

export interface OpenOptions {
  /** Default: `ESPALIER_CACHE`, else the platform's folder for caches. */
  readonly cache?: string
  /** Let TensorFlow's C++ library log. */
  readonly debug?: boolean
}

type Opened = E.Either<RuntimeProblem, Backend>

const require = createRequire(import.meta.url)

const started = async (tf: Tf, tfName: string, backend: Backend): Promise<Opened> => {
  try {
    if (!(await tf.setBackend(tfName))) throw new Error(`TensorFlow.js refused backend ${tfName}`)
    await tf.ready()
    return E.right(backend)
  } catch (error) {
    return E.left(
      problem(
        'backend-does-not-start',
        backend.name,
        (error as Error).message,
        'a backend that starts',
        'run `espalier doctor`',
      ),
    )
  }
}

const openNative = async (options: OpenOptions): Promise<Opened> => {
  const runtime = await loadNative(options)
  if (E.isLeft(runtime)) return runtime
  const { tf, version, installed } = runtime.right
  const describe = `TensorFlow ${version} (${installed.contents.accelerator})`
  return started(tf, nativeBackend, { name: 'node-gpu', tf, version, describe, native: runtime.right })
}

const openWasm = async (): Promise<Opened> => {
  const tf = tensorflowJs()
  const { version_wasm: version } = require('@tensorflow/tfjs-backend-wasm')
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? 'SIMD, ' : ''
  return started(tf, 'wasm', { name: 'wasm', tf, version, describe: `WebAssembly ${version} (${simd}one thread)` })
}

/** tfjs greets on the first tensor of this backend and advises another package. */
const silenceGreeting = (tf: Tf): void => {
  const backend: unknown = tf.findBackend('cpu')
  Object.assign(backend as object, { firstUse: false })
}

const openCpu = async (): Promise<Opened> => {
  const tf = tensorflowJs()
  const { version_cpu: version } = require('@tensorflow/tfjs-backend-cpu')
  silenceGreeting(tf)
  return started(tf, 'cpu', { name: 'cpu', tf, version, describe: `plain JavaScript, TensorFlow.js ${version}` })
}

const openers: { readonly [B in BackendName]: (options: OpenOptions) => Promise<Opened> } = {
  'node-gpu': openNative,
  wasm: openWasm,
  cpu: openCpu,
}

const whyNot = (name: BackendName, p: RuntimeProblem): string =>
  p.tag === 'not-set-up'
    ? `native TensorFlow is not set up (${p.hint})`
    : `${name} does not start (${p.where}: ${p.seen.split('\n')[0]})`

const firstOf = async (names: readonly BackendName[], options: OpenOptions): Promise<Opened> => {
  const passed: string[] = []
  let last: Opened | undefined
  for (const name of names) {
    last = await openers[name](options)
    if (E.isRight(last))
      return passed.length === 0
        ? last
        : E.right({ ...last.right, reason: `${passed.join('; ')}; using ${last.right.describe}` })
    passed.push(whyNot(name, last.left))
  }
  return last ?? E.left(problem('backend-does-not-start', 'auto', 'no backend', backendNames.join(', ')))
}

let latest: Promise<unknown> = Promise.resolve()

/** One after another: TensorFlow.js gives up a backend that is starting where another is asked for. */
const inTurn = <A>(open: () => Promise<A>): Promise<A> => {
  const turn = latest.then(open)
  latest = turn.catch(() => {})
  return turn
}

/**
 * Starts one backend, or with `auto` the best that starts, and makes it the one that TensorFlow.js computes with from
 * now on in this process. Left: why the one asked for does not start.
 */
export const openBackend = (name: BackendName | 'auto', options: OpenOptions = {}): Promise<Opened> =>
  inTurn(() => firstOf(name === 'auto' ? backendNames : [name], options))
