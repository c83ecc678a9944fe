import type { CostModel } from '../../../passes/index.ts'
import type { BackendName } from '../../runtime/backend-names.ts'

/**
 * What `espalier calibrate` measured on two cores of an AMD EPYC (Zen 5, AVX-512) with TensorFlow 2.21.0 and TensorFlow.js 4.22, otherwise idle. On another machine the proportions
 * still hold better than nothing; `espalier calibrate` there is better.
 */
export const shippedCosts: { readonly [B in BackendName]: CostModel } = {
  'node-gpu': {
    fuses: false,
    rates: {
      convolution: { calls: 80, multiply_adds: 3.74, windows: 1.6, rows: 0, bytes: 48.5 },
      depthwise: { calls: 86.2, multiply_adds: 0.869, windows: 1.48e-15, rows: 0, bytes: 26.6 },
      dense: { calls: 56.9, multiply_adds: 5.08, windows: 0, rows: 0, bytes: 19.6 },
      pointwise: { calls: 7.36, multiply_adds: 0, windows: 0, rows: 0, bytes: 14.9 },
      bias: { calls: 8.29, multiply_adds: 0, windows: 0, rows: 0, bytes: 27.2 },
      pool: { calls: 14.7, multiply_adds: 0, windows: 0, rows: 0, bytes: 30.1 },
      'global-pool': { calls: 54.8, multiply_adds: 0, windows: 0, rows: 0, bytes: 20.1 },
      slice: { calls: 17.5, multiply_adds: 0, windows: 0, rows: 4230, bytes: 1.91 },
      concat: { calls: 13.6, multiply_adds: 0, windows: 0, rows: 950, bytes: 16.7 },
      rearrange: { calls: 18.4, multiply_adds: 0, windows: 0, rows: 366, bytes: 45.7 },
      view: { calls: 10.3, multiply_adds: 0, windows: 0, rows: 0, bytes: 0 },
    },
  },
  wasm: {
    fuses: true,
    rates: {
      convolution: { calls: 3.64, multiply_adds: 46.2, windows: 0.267, rows: 0, bytes: 50.1 },
      depthwise: { calls: 7.83, multiply_adds: 74.3, windows: 7.12e-14, rows: 0, bytes: 98.4 },
      dense: { calls: 5.64, multiply_adds: 47.7, windows: 0, rows: 0, bytes: 15.6 },
      pointwise: { calls: 3.57, multiply_adds: 0, windows: 0, rows: 0, bytes: 13.6 },
      bias: { calls: 5.43, multiply_adds: 0, windows: 0, rows: 0, bytes: 37 },
      pool: { calls: 3.65, multiply_adds: 0, windows: 0, rows: 0, bytes: 46.4 },
      'global-pool': { calls: 3.84, multiply_adds: 0, windows: 0, rows: 0, bytes: 27.5 },
      slice: { calls: 7.78, multiply_adds: 0, windows: 0, rows: 31300, bytes: 179 },
      concat: { calls: 1.96, multiply_adds: 0, windows: 0, rows: 44100, bytes: 22.2 },
      rearrange: { calls: 9.84, multiply_adds: 0, windows: 0, rows: 54300, bytes: 116 },
      view: { calls: 2.63, multiply_adds: 0, windows: 0, rows: 0, bytes: 0 },
    },
  },
  cpu: {
    fuses: false,
    rates: {
      convolution: { calls: 36.8, multiply_adds: 1780, windows: 916, rows: 0, bytes: 574 },
      depthwise: { calls: 0, multiply_adds: 3170, windows: 3.69e-14, rows: 0, bytes: 0 },
      dense: { calls: 6.14, multiply_adds: 1490, windows: 0, rows: 0, bytes: 287 },
      pointwise: { calls: 6.3, multiply_adds: 0, windows: 0, rows: 0, bytes: 521 },
      bias: { calls: 9.7, multiply_adds: 0, windows: 0, rows: 0, bytes: 567 },
      pool: { calls: 0, multiply_adds: 0, windows: 0, rows: 0, bytes: 1270 },
      'global-pool': { calls: 4.15, multiply_adds: 0, windows: 0, rows: 0, bytes: 573 },
      slice: { calls: 0, multiply_adds: 0, windows: 0, rows: 15600000, bytes: 0 },
      concat: { calls: 10.8, multiply_adds: 0, windows: 0, rows: 78200, bytes: 82 },
      rearrange: { calls: 0, multiply_adds: 0, windows: 0, rows: 8230000, bytes: 79900 },
      view: { calls: 1.61, multiply_adds: 0, windows: 0, rows: 0, bytes: 0 },
    },
  },
}
