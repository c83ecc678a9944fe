import type { Tensor } from '../tensor.ts'

/** Many numbers, one after another. */
export type Numbers = Tensor['data']

/** `out[at + k] = f(a[i + k], b[j + k])` for `n` numbers. Each function has its own loop, into which it is compiled. */
type Run = (out: Numbers, at: number, a: Numbers, i: number, b: Numbers, j: number, n: number) => void

/** Functions of two numbers. */
export const binaryFunctions = {
  add: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] + b[j + k]
  },
  subtract: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] - b[j + k]
  },
  multiply: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] * b[j + k]
  },
  divide: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] / b[j + k]
  },
  maximum: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = Math.max(a[i + k], b[j + k])
  },
  minimum: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = Math.min(a[i + k], b[j + k])
  },
  /** The first where the second is above 0, otherwise 0. */
  gate: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = b[j + k] > 0 ? a[i + k] : 0
  },
} as const satisfies Record<string, Run>

export type BinaryFunction = keyof typeof binaryFunctions
