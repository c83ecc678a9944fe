import type { AttributesOf } from '../../ir/index.ts'
import type { UnaryFunction } from '../../ir/ops/pointwise.ts'
import type { Arithmetic, Choose } from './choose.ts'

/** What each function of one number takes for its constants, whether it keeps dyadic numbers dyadic, and what it may come after. */
export const unaryConstants: {
  readonly [F in UnaryFunction]: {
    /** A jump makes a rounding error anything. */
    readonly after: 'anything' | 'sigmoid' | 'nothing'
    readonly exact: boolean
    readonly alpha: readonly number[]
    readonly beta: readonly number[]
  }
} = {
  relu: { after: 'anything', exact: true, alpha: [0], beta: [0] },
  relu6: { after: 'anything', exact: true, alpha: [0], beta: [0] },
  'leaky-relu': { after: 'anything', exact: true, alpha: [0.5, 0.25], beta: [0] },
  elu: { after: 'anything', exact: false, alpha: [1, 0.5], beta: [0] },
  sigmoid: { after: 'anything', exact: false, alpha: [0], beta: [0] },
  'hard-sigmoid': { after: 'anything', exact: true, alpha: [0.5, 0.25], beta: [0.5] },
  swish: { after: 'anything', exact: false, alpha: [0], beta: [0] },
  'hard-swish': { after: 'anything', exact: false, alpha: [0], beta: [0] },
  tanh: { after: 'anything', exact: false, alpha: [0], beta: [0] },
  softplus: { after: 'anything', exact: false, alpha: [0], beta: [0] },
  gelu: { after: 'anything', exact: false, alpha: [0], beta: [0] },
  erf: { after: 'anything', exact: false, alpha: [0], beta: [0] },
  exp: { after: 'sigmoid', exact: false, alpha: [0], beta: [0] },
  log: { after: 'sigmoid', exact: false, alpha: [0], beta: [0] },
  sqrt: { after: 'sigmoid', exact: false, alpha: [0], beta: [0] },
  rsqrt: { after: 'sigmoid', exact: false, alpha: [0, 0.001], beta: [0] },
  reciprocal: { after: 'sigmoid', exact: false, alpha: [0], beta: [0] },
  square: { after: 'sigmoid', exact: true, alpha: [0], beta: [0] },
  abs: { after: 'anything', exact: true, alpha: [0], beta: [0] },
  negate: { after: 'anything', exact: true, alpha: [0], beta: [0] },
  step: { after: 'nothing', exact: true, alpha: [0], beta: [0] },
  clip: { after: 'anything', exact: true, alpha: [-1, 0], beta: [2, 6] },
  affine: { after: 'anything', exact: true, alpha: [0.5, -2, 1], beta: [0, 0.25] },
}

export const unaryNames = Object.keys(unaryConstants) as readonly UnaryFunction[]

/** A function that is finite on all numbers and grows at most linearly, or one that wants the numbers between 0 and 1 of a sigmoid. */
export const drawUnary = (
  choose: Choose,
  after: 'anything' | 'sigmoid',
  arithmetic: Arithmetic,
): AttributesOf<'Unary'> => {
  const suits = (name: UnaryFunction): boolean =>
    unaryConstants[name].after === after && (arithmetic === 'any' || unaryConstants[name].exact)
  const fn = choose.pick(unaryNames.filter(suits))
  return { fn, alpha: choose.pick(unaryConstants[fn].alpha), beta: choose.pick(unaryConstants[fn].beta) }
}
