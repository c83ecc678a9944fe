import {
  type AttributesOf,
  type Draft,
  type NodeId,
  type NodeOf,
  type OpTag,
  sameType,
  sameVariants,
  sharedType,
  type Type,
} from '../../ir/index.ts'
import type { BinaryFunction, UnaryFunction } from '../../ir/ops/pointwise.ts'

/** What gradients are written with: nodes added to the graph that is differentiated. */
export interface Tools {
  readonly draft: Draft
  readonly typeOf: (x: NodeId) => Type
  readonly binary: (fn: BinaryFunction, a: NodeId, b: NodeId) => NodeId
  readonly add: (a: NodeId, b: NodeId) => NodeId
  readonly multiply: (a: NodeId, b: NodeId) => NodeId
  readonly unary: (fn: UnaryFunction, x: NodeId, alpha?: number) => NodeId
  /** `alpha·x + beta`. */
  readonly affine: (x: NodeId, alpha: number, beta?: number) => NodeId
  readonly sumTo: (x: NodeId, to: Type) => NodeId
  /** One shared number. */
  readonly constant: (value: number) => NodeId
  /** The value as large as `like`, which it stretches to. */
  readonly whole: (x: NodeId, like: NodeId) => NodeId
}

export const tools = (draft: Draft, loss: NodeId): Tools => {
  const typeOf = (x: NodeId): Type => draft.nodes[x].type
  const binary: Tools['binary'] = (fn, a, b) => draft.add('Binary', [a, b], { fn })
  const affine: Tools['affine'] = (x, alpha, beta = 0) =>
    alpha === 1 && beta === 0 ? x : draft.add('Unary', [x], { fn: 'affine', alpha, beta })
  let one: NodeId | undefined
  return {
    draft,
    typeOf,
    binary,
    add: (a, b) => binary('add', a, b),
    multiply: (a, b) => binary('multiply', a, b),
    unary: (fn, x, alpha = 0) => draft.add('Unary', [x], { fn, alpha, beta: 0 }),
    affine,
    sumTo: (x, to) => draft.add('ReduceTo', [x], { to, reduction: 'sum' }),
    constant: value => {
      one ??= draft.add('InverseCount', [loss], { to: sharedType([]) })
      return affine(one, value)
    },
    whole: (x, like) =>
      sameType(typeOf(x), typeOf(like)) && sameVariants(draft.nodes[x].variants, draft.nodes[like].variants)
        ? x
        : draft.add('Stretch', [x, like], {}),
  }
}

/** One node of the graph that is differentiated, and the gradient of the loss by its value. */
export interface Place<T extends OpTag> extends Tools {
  readonly node: NodeOf<T>
  readonly operands: readonly NodeId[]
  readonly attributes: AttributesOf<T>
  readonly result: NodeId
  /** May be smaller than the result: it broadcasts to it. */
  readonly gradient: NodeId
  /** The same, of the result's type. */
  readonly wholeGradient: () => NodeId
}

/** What a node adds to the gradient of one operand: of a type that stretches to the operand's, or to that of one value of the operand, a stack. */
export interface Term {
  readonly of: () => NodeId
  readonly index?: number
}

/** No gradient: the value does not matter, or only in jumps. */
export const none = 'none'
/** There is one, but no op that gives it. */
export const refused = 'refused'

/** By operand, what a node adds to its gradient; computed only where something asks for it. */
export type Gradients = readonly (Term | typeof none | typeof refused)[]
export type GradientRule<T extends OpTag> = (at: Place<T>) => Gradients

export const term = (of: () => NodeId): Term => ({ of })

/** Computed at most once. */
export const once = (make: () => NodeId): (() => NodeId) => {
  let made: NodeId | undefined
  return () => {
    made ??= make()
    return made
  }
}
