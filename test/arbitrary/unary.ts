import type { AttributesOf } from '../../ir/index.ts'
import type { Primitive } from '../../ir/ops/expression.ts'
import { type UnaryFunction, unaryFunctions } from '../../ir/ops/unary-functions.ts'
import type { Arithmetic, Choose } from './choose.ts'

/** How a function is tried: after what, whether it keeps dyadic numbers dyadic, with which constants. */
interface Trial {
  /** A jump makes a rounding error anything. */
  readonly after: 'anything' | 'sigmoid' | 'nothing'
  readonly exact: boolean
  readonly alpha: readonly number[]
  readonly beta: readonly number[]
}

const anywhere: Trial = { after: 'anything', exact: false, alpha: [0], beta: [0] }
const exactly: Trial = { ...anywhere, exact: true }
const between0And1: Trial = { ...anywhere, after: 'sigmoid' }

const primitives: { readonly [F in Primitive]: Trial } = {
  relu: exactly,
  'leaky-relu': { ...exactly, alpha: [0.5, 0.25] },
  elu: { ...anywhere, alpha: [1, 0.5, -0.5] },
  sigmoid: anywhere,
  tanh: anywhere,
  softplus: anywhere,
  erf: anywhere,
  exp: between0And1,
  log: between0And1,
  sqrt: between0And1,
  rsqrt: { ...between0And1, alpha: [0, 0.001] },
  reciprocal: between0And1,
  square: { ...between0And1, exact: true },
  abs: exactly,
  negate: exactly,
  step: { ...exactly, after: 'nothing' },
  clip: { ...exactly, alpha: [-1, 0], beta: [2, 6] },
  affine: { ...exactly, alpha: [0.5, -2, 1], beta: [0, 0.25] },
}

/** Functions composed of these, where they keep dyadic numbers dyadic or take constants. */
const composed: { readonly [F in UnaryFunction]?: Trial } = {
  relu6: exactly,
  'hard-sigmoid': { ...exactly, alpha: [0.5, 0.25], beta: [0.5] },
  power: { ...between0And1, alpha: [-0.75, 1.5] },
}

const trials: typeof composed = { ...primitives, ...composed }

const trialOf = (fn: UnaryFunction): Trial => trials[fn] ?? anywhere

export const unaryNames = Object.keys(unaryFunctions) as readonly UnaryFunction[]

/** Every function with every pair of constants that it is tried with. */
export const unaryTrials = unaryNames.flatMap(fn => {
  const { after, alpha, beta } = trialOf(fn)
  return alpha.flatMap(a => beta.map(b => ({ fn, after, alpha: a, beta: b })))
})

/** A function that is finite on all numbers and grows at most linearly, or one that wants the numbers between 0 and 1 of a sigmoid. */
export const drawUnary = (
  choose: Choose,
  after: 'anything' | 'sigmoid',
  arithmetic: Arithmetic,
): AttributesOf<'Unary'> => {
  const suits = (name: UnaryFunction): boolean =>
    trialOf(name).after === after && (arithmetic === 'any' || trialOf(name).exact)
  const fn = choose.pick(unaryNames.filter(suits))
  return { fn, alpha: choose.pick(trialOf(fn).alpha), beta: choose.pick(trialOf(fn).beta) }
}
