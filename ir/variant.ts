import * as t from 'io-ts'
import { Element, inverse } from './dihedral.ts'
import { Count, Real } from './op.ts'

/** What a branch does to a feature map in one of its variants. */
export type Transform =
  | { readonly kind: 'd4'; readonly element: Element }
  | { readonly kind: 'shift'; readonly dy: number; readonly dx: number }
  | { readonly kind: 'rotate'; readonly degrees: number }
  | { readonly kind: 'scale'; readonly factor: number }

/** The codec of a transform. */
export const Transform: t.Type<Transform> = t.union([
  t.strict({ kind: t.literal('d4'), element: Element }),
  t.strict({ kind: t.literal('shift'), dy: Count, dx: Count }),
  t.strict({ kind: t.literal('rotate'), degrees: Real }),
  t.strict({ kind: t.literal('scale'), factor: Real }),
])

/** `id`, `flip`, `rot90`, `shift(1,0)`, `rotate(15)`, `scale(1.1)`: as plans spell them. */
export const printTransform = (transform: Transform): string => {
  switch (transform.kind) {
    case 'd4':
      return transform.element
    case 'shift':
      return `shift(${transform.dy},${transform.dx})`
    case 'rotate':
      return `rotate(${transform.degrees})`
    case 'scale':
      return `scale(${transform.factor})`
  }
}

/** The transform that moves back what another has not moved out of the map. */
export const inverseTransform = (transform: Transform): Transform => {
  switch (transform.kind) {
    case 'd4':
      return { kind: 'd4', element: inverse(transform.element) }
    case 'shift':
      // 0 − x is never −0, which JSON does not keep.
      return { kind: 'shift', dy: 0 - transform.dy, dx: 0 - transform.dx }
    case 'rotate':
      return { kind: 'rotate', degrees: 0 - transform.degrees }
    case 'scale':
      return { kind: 'scale', factor: 1 / transform.factor }
  }
}

/**
 * How variants become one answer, from logits `L_v` and `p_v = softmax(L_v)`: `max` the largest `p_v` class by class,
 * `sum` the mean of `p_v`, `geo` the softmax of the mean `L_v`; each normalized after reducing.
 */
export const reductions = ['max', 'sum', 'geo'] as const
/** How the scores of variants become one: the largest probability, their sum, or their geometric mean. */
export type Reduction = (typeof reductions)[number]
/** The codec of a reduction. */
export const Reduction: t.Type<Reduction> = t.keyof({ max: null, sum: null, geo: null })

/** How variants become one answer where numbers are no scores of classes: number by number. */
export const valueReductions = [
  'mean-of-values',
  'min-of-values',
  'max-of-values',
  'sum-of-values',
  'median-of-values',
] as const
/** How the numbers of variants become one; the median of an even count is the mean of the two in the middle. */
export type ValueReduction = (typeof valueReductions)[number]

/** The codec of a reduction of either kind. */
export const VariantReduction: t.Type<Reduction | ValueReduction> = t.keyof({
  max: null,
  sum: null,
  geo: null,
  'mean-of-values': null,
  'min-of-values': null,
  'max-of-values': null,
  'sum-of-values': null,
  'median-of-values': null,
})
/** A reduction of scores or of values. */
export type VariantReduction = t.TypeOf<typeof VariantReduction>
