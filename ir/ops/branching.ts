import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { actOnPair, isMirror } from '../dihedral.ts'
import { Count, defineOp, type Mismatch, mismatch } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { type MapType, mapType, printType, sameType, type Type } from '../type.ts'
import {
  inverseTransform,
  printTransform,
  Reduction,
  Transform,
  type ValueReduction,
  VariantReduction,
} from '../variant.ts'
import { combineLogits, hasScores, logSoftmaxOf } from './classification.ts'
import { isScale, scales, transformTensor } from './transforms.ts'

/** The one type of a map under each of some transforms. */
const underEach = (input: Type, transforms: readonly Transform[]): E.Either<Mismatch, MapType> => {
  if (input.kind !== 'Map') return mismatch(printType(input), 'a Map as input')
  if (transforms.length === 0) return mismatch('no transforms', 'one or more')
  const shrunk = transforms.find(transform => transform.kind === 'scale' && !isScale(transform.factor))
  if (shrunk !== undefined) return mismatch(printTransform(shrunk), scales)
  const types = transforms.map(transform => {
    if (transform.kind !== 'd4') return input
    const [h, w] = actOnPair(transform.element, [input.h, input.w])
    return mapType(h, w, input.c)
  })
  const other = types.find(type => !sameType(type, types[0]))
  return other === undefined
    ? E.right(types[0])
    : mismatch(
        `variants ${printType(types[0])} and ${printType(other)}`,
        'one type (quarter turns beside other variants need a square map)',
      )
}

/** Adds a named variant axis: variant j is `transforms[j]` of the input. All variants have one type. */
export const branch = defineOp({
  tag: 'Branch',
  dialect: 'branched',
  operands: ['input'],
  attributes: { axis: t.string, transforms: t.readonlyArray(Transform) },
  infer: ([input], { transforms }) => underEach(input, transforms),
  evaluate: null,
})

/**
 * Undoes on what comes out what a branch did to what went in: variant j on an axis, moved by `transforms[j]`, is moved back, with zeros where nothing moves
 * back. Where a variant was mirrored, the channels of each pair change places, too.
 */
export const undo = defineOp({
  tag: 'Undo',
  dialect: 'branched',
  operands: ['input'],
  attributes: {
    axis: t.string,
    transforms: t.readonlyArray(Transform),
    pairs: t.readonlyArray(t.readonly(t.tuple([Count, Count]))),
  },
  infer: ([input], { transforms, pairs }) => {
    const type = underEach(input, transforms.map(inverseTransform))
    if (E.isLeft(type)) return type
    const channels = pairs.flat()
    const wrong = channels.find((k, at) => k < 0 || k >= type.right.c || channels.indexOf(k) !== at)
    return wrong === undefined
      ? type
      : mismatch(`channel ${wrong} among the pairs`, `channels 0 to ${type.right.c - 1}, each once`)
  },
  evaluate: null,
})

/** Where each channel of a map comes from when pairs of them change places. */
export const swappedChannels = (channels: number, pairs: readonly (readonly [number, number])[]): readonly number[] => {
  const from = Array.from({ length: channels }, (_, channel) => channel)
  for (const [left, right] of pairs) [from[left], from[right]] = [right, left]
  return from
}

/** Whether a transform turns left into right. */
export const mirrors = (transform: Transform): boolean => transform.kind === 'd4' && isMirror(transform.element)

/** A variant of a map, `[n, h, w, c]`, with what a transform did undone. */
export const undoOnTensor = (
  transform: Transform,
  pairs: readonly (readonly [number, number])[],
  value: Tensor,
): Tensor => {
  const moved = transformTensor(inverseTransform(transform), value)
  if (!mirrors(transform) || pairs.length === 0) return moved
  const c = moved.shape[3]
  const from = swappedChannels(c, pairs)
  const out = zeros(moved.shape)
  for (let at = 0; at < out.data.length; at++) out.data[at] = moved.data[at - (at % c) + from[at % c]]
  return out
}

const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

const valuesOf: { readonly [R in ValueReduction]: (values: readonly number[]) => number } = {
  'mean-of-values': values => values.reduce((a, b) => a + b, 0) / values.length,
  'min-of-values': values => Math.min(...values),
  'max-of-values': values => Math.max(...values),
  'sum-of-values': values => values.reduce((a, b) => a + b, 0),
  'median-of-values': medianOf,
}

const scoresOf: { readonly [R in Reduction]: (terms: readonly number[]) => number } = {
  max: valuesOf['max-of-values'],
  sum: terms => {
    const largest = Math.max(...terms)
    return Math.log(terms.reduce((a, term) => a + Math.exp(term - largest), 0) / terms.length) + largest
  },
  geo: valuesOf['mean-of-values'],
}

/** A statistic of the variants that have data: a sum is as many times their mean as there are variants, with data or not. */
const statisticOf = (reduction: VariantReduction, variants: number): ((values: readonly number[]) => number) => {
  if (Reduction.is(reduction)) return scoresOf[reduction]
  const mean = valuesOf['mean-of-values']
  return reduction === 'sum-of-values' ? values => mean(values) * variants : valuesOf[reduction]
}

/** Whether a mask, one of whose rows or columns may stand for all, is not 0 at a pixel. */
const hasData = ({ shape: [h, w], data }: Tensor, y: number, x: number): boolean => data[(y % h) * w + (x % w)] !== 0

const reduceMasked = (variants: readonly Tensor[], reduction: VariantReduction, masks: readonly Tensor[]): Tensor => {
  const terms = reduction === 'max' || reduction === 'sum' ? variants.map(logSoftmaxOf) : variants
  const statistic = statisticOf(reduction, variants.length)
  const out = zeros(variants[0].shape)
  const [, h, w, c] = out.shape
  for (let i = 0; i < out.data.length; i++) {
    const pixel = Math.floor(i / c)
    const [y, x] = [Math.floor(pixel / w) % h, pixel % w]
    out.data[i] = statistic(terms.flatMap(({ data }, k) => (hasData(masks[k], y, x) ? [data[i]] : [])))
  }
  return out
}

/** One tensor of the variants of a value. Of a map each may have a mask, which is 0 where it has no data. */
export const reduceVariants = (
  variants: readonly Tensor[],
  reduction: VariantReduction,
  masks: readonly Tensor[] = [],
): Tensor => {
  if (masks.length > 0) return reduceMasked(variants, reduction, masks)
  if (Reduction.is(reduction))
    return combineLogits(
      variants,
      reduction,
      variants.map(() => 1),
    )
  const out = zeros(variants[0].shape)
  for (let i = 0; i < out.data.length; i++) out.data[i] = valuesOf[reduction](variants.map(({ data }) => data[i]))
  return out
}

const isMask = ([h, w, c, ...rest]: readonly number[], map: MapType): boolean =>
  (h === 1 || h === map.h) && (w === 1 || w === map.w) && c === 1 && rest.length === 0

/**
 * Takes all variant axes away: the scores of `combine` over every variant, or a statistic of each number over them. Where masks follow, one for each variant
 * of a map, a variant counts at the pixels alone at which its mask is not 0: one of them at least does at each.
 */
export const reduce = defineOp({
  tag: 'Reduce',
  dialect: 'branched',
  operands: ['values', 'mask', '…'],
  attributes: { reduction: VariantReduction },
  infer: ([values, ...masks]) => {
    if (!hasScores(values)) return mismatch(printType(values), 'a Vector or a Map of each example')
    const wrong = masks.find(mask => values.kind !== 'Map' || mask.kind !== 'Shared' || !isMask(mask.shape, values))
    return wrong === undefined
      ? E.right(values)
      : mismatch(
          `a mask ${printType(wrong)} for ${printType(values)}`,
          'Shared[h,w,1] of the rows and columns of a Map, or of one for all of them',
        )
  },
  evaluate: null,
})
