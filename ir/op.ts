import type { either as E } from 'fp-ts'
import { either } from 'fp-ts'
import * as t from 'io-ts'
import type { Element } from './dihedral.ts'
import type { Tensor } from './tensor.ts'
import { limits, type Type } from './type.ts'

/**
 * Branched graphs have variants along the axes of `Branch`es; flat graphs have none; stacked graphs have variants
 * along one axis, side by side in the batch.
 */
export const dialects = ['branched', 'flat', 'stacked'] as const
/** What ops a graph may have: branches and reductions; one variant a node; several in one. */
export type Dialect = (typeof dialects)[number]

/** `training`: an op of the graphs of training steps alone, which are not exported. `inference`: an op without a gradient: what runs through it is not trained. */
export type Stage = 'any' | 'training' | 'inference'

/** Why an op does not accept its operands. */
export interface Mismatch {
  readonly seen: string
  readonly expected: string
}

/** Operands that do not fit, as the typing rule of an op says it. */
export const mismatch = (seen: string, expected: string): E.Either<Mismatch, never> => either.left({ seen, expected })

/** What an evaluation rule knows beside its operands' values: their types and the inferred type of the result. */
export interface Typing {
  readonly operands: readonly Type[]
  readonly result: Type
  /** The result is rounded to float32 when it is known: a rule may store it so to begin with. */
  readonly rounded?: boolean
}

/** An element of D4 on two axes of a value: rows and columns. */
export interface Action {
  readonly element: Element
  readonly axes: Pair
}

/** A part of a law, computed from the action g on the first operand, the op's attributes and its operands' types (the first before g), and how laws write it. */
export interface LawPart<A, Value> {
  readonly text: string
  /** From an element, and the attributes and the operands that the law is read at. */
  readonly from: (g: Action, attributes: A, operands: readonly Type[]) => Value
}

/**
 * How D4 acts on an op through its first operand x: `op(g·x, w; a) = g·op(x, w′; a′)`, or `op(x, w; a)` where nothing moves. Whether the other operands are turned back
 * (`w′ = g⁻¹·w` on their first two axes), what the attributes become, and where it holds at all.
 */
export interface Equivariance<A> {
  /** The law's name. */
  readonly law: string
  /** `exact`: bit-equal where every sum is exact. `rounding`: equal within rounding. */
  readonly precision: 'exact' | 'rounding'
  /** What stands for the attributes in the law. */
  readonly symbol: string
  /** Whether the result moves as x does, or is the same whatever g is. */
  readonly result: 'moves' | 'fixed'
  /** Names of operands that are turned back. */
  readonly turned?: readonly string[]
  readonly attributes?: LawPart<A, A>
  readonly when?: LawPart<A, boolean>
}

/**
 * One op, declared in one place: its attributes (an io-ts codec), its typing rule, its meaning, how D4 acts on it, and what it costs. Operands of
 * `evaluate` carry the batch as their first axis where their type is per example.
 */
export interface OpDeclaration<Tag extends string, A, S extends Stage = Stage> {
  readonly tag: Tag
  readonly stage: S
  /** The one dialect that the op belongs to, or `any`. */
  readonly dialect: 'any' | Dialect
  /** Names of the operands; `…` last means any number of what stands before it, of the first operand one or more. */
  readonly operands: readonly string[]
  readonly attributes: t.Type<A>
  /** Attribute names in the order in which they are printed. */
  readonly keys: readonly (keyof A & string)[]
  /** The type of what it gives. Left: why there is none. */
  readonly infer: (operands: readonly Type[], attributes: A) => E.Either<Mismatch, Type>
  /** Absent from sources and from ops whose meaning is in the evaluator's treatment of variants. */
  readonly evaluate: ((operands: readonly Tensor[], attributes: A, typing: Typing) => Tensor) | null
  /** Absent where no act is carried through the op by one law of this form. */
  readonly equivariance?: Equivariance<A>
  /** Multiplications, each with its addition, for one example and variant, as papers count them: convolutions and matrix products. Absent: none. */
  readonly multiplyAdds?: (operands: readonly Type[], result: Type, attributes: A) => number
}

type AttributesOfProps<P extends t.Props> = { readonly [K in keyof P]: t.TypeOf<P[K]> }

/** Declares an op; its attributes are decoded strictly. */
export const defineOp = <const Tag extends string, P extends t.Props, S extends Stage = 'any'>(declaration: {
  readonly tag: Tag
  readonly stage?: S
  readonly dialect?: Dialect
  readonly operands: readonly string[]
  readonly attributes: P
  readonly infer: (operands: readonly Type[], attributes: AttributesOfProps<P>) => E.Either<Mismatch, Type>
  readonly evaluate: ((operands: readonly Tensor[], attributes: AttributesOfProps<P>, typing: Typing) => Tensor) | null
  readonly equivariance?: Equivariance<AttributesOfProps<P>>
  readonly multiplyAdds?: (operands: readonly Type[], result: Type, attributes: AttributesOfProps<P>) => number
}): OpDeclaration<Tag, AttributesOfProps<P>, S> => ({
  ...declaration,
  stage: declaration.stage ?? ('any' as S),
  dialect: declaration.dialect ?? 'any',
  attributes: t.strict(declaration.attributes) as unknown as t.Type<AttributesOfProps<P>>,
  keys: Object.keys(declaration.attributes),
})

const whole = (u: unknown): u is number => Number.isInteger(u) && Math.abs(u as number) <= limits.whole
/** The codec of a whole number from 0. */
export const Count = new t.Type<number, number, unknown>(
  'a whole number of 31 bits and a sign',
  whole,
  (u, context) => (whole(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)

const finite = (u: unknown): u is number => Number.isFinite(u)
/** The codec of a finite number. */
export const Real = new t.Type<number, number, unknown>(
  'a finite number',
  finite,
  (u, context) => (finite(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)

/** One number an axis: rows, columns. */
export type Pair = readonly [number, number]
