import { binaryFunctions, type Numbers } from './binary-functions.ts'
import {
  abs,
  add,
  affine,
  clip,
  divide,
  type Expression,
  erf,
  exp,
  gate,
  log,
  multiply,
  negate,
  type Primitive,
  read,
  reciprocal,
  sigmoid,
  softplus,
  square,
  step,
  subtract,
  tanh,
  x,
} from './expression.ts'

/** A derivative: the same number everywhere, or an expression. */
export type Slope = number | Expression
type SlopeAt = (x: Expression, y: Expression, alpha: number, beta: number) => Slope

interface PrimitiveFunction {
  readonly number: (x: number, alpha: number, beta: number) => number
  /** By what is given and by the value `y`; of `y` alone where that says enough, so that `x` is not needed any more. */
  readonly slope: SlopeAt
}

interface ComposedFunction {
  readonly value: (x: Expression, alpha: number, beta: number) => Expression
  /** Where there is a cheaper form than what follows from the value. */
  readonly slope?: SlopeAt
}

/** 1 where a number is between two bounds. */
const between = (of: Expression, low: number, high: number): Expression =>
  multiply(step(affine(of, 1, -low)), step(affine(of, -1, high)))

/** What the expressions are made of, with the two constants that some functions take. */
export const primitiveFunctions: { readonly [F in Primitive]: PrimitiveFunction } = {
  relu: { number: x => Math.max(x, 0), slope: (_, y) => step(y) },
  /** alpha: the slope below 0. */
  'leaky-relu': {
    number: (x, alpha) => (x < 0 ? alpha * x : x),
    slope: (x, _, alpha) => affine(step(x), 1 - alpha, alpha),
  },
  /** `alpha·(exp(x) − 1)` below 0. */
  elu: {
    number: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
    slope: (x, y, alpha) => add(gate(y, negate(x)), affine(step(x), 1 - alpha, alpha)),
  },
  sigmoid: { number: x => 1 / (1 + Math.exp(-x)), slope: (_, y) => multiply(y, affine(y, -1, 1)) },
  tanh: { number: Math.tanh, slope: (_, y) => affine(square(y), -1, 1) },
  /** `log(1 + exp(x))`. */
  softplus: { number: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: x => sigmoid(x) },
  /** The error function. */
  erf: { number: errorFunction, slope: x => affine(exp(affine(square(x), -1)), 2 / Math.sqrt(Math.PI)) },
  exp: { number: Math.exp, slope: (_, y) => y },
  log: { number: Math.log, slope: x => reciprocal(x) },
  sqrt: { number: Math.sqrt, slope: (_, y) => affine(reciprocal(y), 0.5) },
  /** `1 / √(x + alpha)`. */
  rsqrt: { number: (x, alpha) => 1 / Math.sqrt(x + alpha), slope: (_, y) => affine(multiply(y, square(y)), -0.5) },
  reciprocal: { number: x => 1 / x, slope: (_, y) => affine(square(y), -1) },
  square: { number: x => x * x, slope: x => affine(x, 2) },
  abs: { number: Math.abs, slope: x => subtract(step(x), step(affine(x, -1))) },
  negate: { number: x => -x, slope: () => -1 },
  /** 1 above 0, 0 up to it. */
  step: { number: x => Math.max(Math.sign(x), 0), slope: () => 0 },
  /** `clip(x, alpha, beta)`. */
  clip: {
    number: (x, low, high) => Math.min(Math.max(x, low), high),
    slope: (_, y, low, high) => between(y, low, high),
  },
  /** `alpha·x + beta`. */
  affine: { number: (x, alpha, beta) => alpha * x + beta, slope: (_, __, alpha) => alpha },
}

/** Functions declared by an expression: their numbers, their slopes and how targets spell them follow from it. */
const composedFunctions = {
  relu6: { value: x => clip(x, 0, 6) },
  'hard-sigmoid': { value: (x, alpha, beta) => clip(affine(x, alpha, beta), 0, 1) },
  swish: {
    value: x => multiply(x, sigmoid(x)),
    slope: (x, y) => {
      const s = sigmoid(x)
      return add(s, multiply(y, affine(s, -1, 1)))
    },
  },
  'hard-swish': { value: x => multiply(x, clip(affine(x, 1 / 6, 0.5), 0, 1)) },
  mish: { value: x => multiply(x, tanh(softplus(x))) },
  softsign: { value: x => divide(x, affine(abs(x), 1, 1)) },
  /** `x^alpha` of what is above 0. */
  power: { value: (x, alpha) => exp(affine(log(x), alpha)) },
  /** The form with the error function, `x·Φ(x)`. */
  gelu: {
    value: x => multiply(affine(x, 0.5), affine(erf(affine(x, Math.SQRT1_2)), 1, 1)),
    slope: x => {
      const cumulated = affine(erf(affine(x, Math.SQRT1_2)), 0.5, 0.5)
      const density = affine(exp(affine(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
      return add(cumulated, multiply(x, density))
    },
  },
  /** The form with tanh, `x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))`. */
  'gelu-tanh': {
    value: x => {
      const k = Math.sqrt(2 / Math.PI)
      return multiply(affine(x, 0.5), affine(tanh(multiply(x, affine(square(x), 0.044715 * k, k))), 1, 1))
    },
  },
} as const satisfies Record<string, ComposedFunction>

export const unaryFunctions = { ...primitiveFunctions, ...composedFunctions }
export type UnaryFunction = keyof typeof unaryFunctions

export const composed: { readonly [F in UnaryFunction]?: ComposedFunction } = composedFunctions

/** The value of a function as an expression: of one primitive, or of those that it is composed of. */
export const expressionOf = (fn: UnaryFunction, alpha: number, beta: number): Expression =>
  composed[fn]?.value(x, alpha, beta) ?? { kind: 'unary', fn: fn as Primitive, alpha, beta, of: x }

/** A function of every number of a list. */
export const applied = (fn: UnaryFunction, alpha: number, beta: number, numbers: Numbers): Numbers =>
  read<Numbers>(
    expressionOf(fn, alpha, beta),
    {
      unary: (part, data, a, b) => {
        const out = new Float64Array(data.length)
        // What halves weights, in a loop of its own: functions from a table are called number by number.
        if (part === 'affine') for (let i = 0; i < data.length; i++) out[i] = a * data[i] + b
        else {
          const { number } = primitiveFunctions[part]
          for (let i = 0; i < data.length; i++) out[i] = number(data[i], a, b)
        }
        return out
      },
      binary: (part, left, right) => {
        const out = new Float64Array(left.length)
        binaryFunctions[part](out, 0, left, 0, right, 0, out.length)
        return out
      },
    },
    { x: numbers },
  )

/** A function of one number. */
export const functionOf = (fn: UnaryFunction, alpha = 0, beta = 0): ((x: number) => number) => {
  if (composed[fn] !== undefined) return x => applied(fn, alpha, beta, Float64Array.of(x))[0]
  const { number } = primitiveFunctions[fn as Primitive]
  return x => number(x, alpha, beta)
}

/** The error function to about 1e-15: its Maclaurin series near 0, the complement's continued fraction beyond. */
function errorFunction(x: number): number {
  const z = Math.abs(x)
  if (z < 1.75) {
    let term = z
    let sum = z
    for (let n = 1; n < 80; n++) {
      term *= (-z * z) / n
      sum += term / (2 * n + 1)
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI)
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction)
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction))
}
