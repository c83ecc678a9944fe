import Module, { createRequire } from 'node:module'

/** The one TensorFlow.js of this process: the vendored files `require` the same. */
export type Tf = typeof import('@tensorflow/tfjs')

const require = createRequire(import.meta.url)

/** TensorFlow.js 4.22 requires these two and leaves it to its core to declare them, which strict package managers refuse. */
const leftToCore: ReadonlySet<string> = new Set(['long', 'seedrandom'])

type Resolve = (request: string, ...rest: readonly unknown[]) => string

/** Loads with what is left to TensorFlow.js's core found where the core finds it. */
const withCore = <A>(load: () => A): A => {
  const resolver = Module as unknown as { _resolveFilename: Resolve }
  const original = resolver._resolveFilename
  resolver._resolveFilename = (request, ...rest) => {
    try {
      return original.call(Module, request, ...rest)
    } catch (error) {
      if (!leftToCore.has(request)) throw error
      return createRequire(require.resolve('@tensorflow/tfjs-core')).resolve(request)
    }
  }
  try {
    return load()
  } finally {
    resolver._resolveFilename = original
  }
}

export const tensorflowJs = (): Tf => withCore(() => require('@tensorflow/tfjs'))
