import { createRequire } from 'node:module'

/** The core of TensorFlow.js, which a process has once: the vendored files `require` the same. */
export type Tf = typeof import('@tensorflow/tfjs-core')

const require = createRequire(import.meta.url)

export const tensorflowJs = (): Tf => require('@tensorflow/tfjs-core')
