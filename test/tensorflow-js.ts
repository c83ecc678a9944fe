import { createRequire } from 'node:module'

/** All of TensorFlow.js, with the layers, loaders and gradients that only tests need. */
export const tf: typeof import('@tensorflow/tfjs') = createRequire(import.meta.url)('@tensorflow/tfjs')
