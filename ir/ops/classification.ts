import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { actOnPair, actOnTensor, Element, inverse, isMirror } from '../dihedral.ts'
import { Count, defineOp, mismatch } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { Extent, mapType, printType, sameType, type Type } from '../type.ts'
import { printTransform, Reduction, Transform, type ValueReduction, VariantReduction } from '../variant.ts'
import { isScale, scales } from './transforms.ts'

/** Of every row of logits, or every pixel's, the logarithms of its probabilities. */
export const logSoftmaxOf = (logits: Tensor): { readonly shape: readonly number[]; readonly data: Float64Array } => {
  const c = logits.shape[logits.shape.length - 1]
  const n = logits.data.length / c
  const out = zeros(logits.shape)
  for (let b = 0; b < n; b++) {
    const row = logits.data.subarray(b * c, (b + 1) * c)
    let largest = Number.NEGATIVE_INFINITY
    for (const x of row) largest = Math.max(largest, x)
    let sum = 0
    for (const x of row) sum += Math.exp(x - largest)
    const total = Math.log(sum) + largest
    for (let i = 0; i < c; i++) out.data[b * c + i] = row[i] - total
  }
  return out
}

/** Whether a value has scores of classes: a vector, or a map with those of each pixel in its channels. */
const hasScores = (type: Type): boolean => type.kind !== 'Shared'

/** Probabilities of a vector of logits, or of those of each pixel, or (`log`) their logarithms. */
export const softmax = defineOp({
  tag: 'Softmax',
  operands: ['logits'],
  attributes: { log: t.boolean },
  infer: ([logits]) =>
    hasScores(logits) ? E.right(logits) : mismatch(printType(logits), 'a Vector or a Map as input'),
  evaluate: ([logits], { log }) => {
    const out = logSoftmaxOf(logits)
    return log ? out : { shape: out.shape, data: out.data.map(Math.exp) }
  },
  equivariance: { law: 'sink-through-softmax', precision: 'exact', symbol: 'log', result: 'moves' },
})

/**
 * The scores of one answer from the logits of several variants, vectors or maps, each counted `multiplicity` times (`max` disregards it); in stacked graphs
 * an operand may be a stack of them.
 * The softmax of the scores is the reduced answer: `max` gives the largest `log p_v`, `sum` the logarithm of the mean `p_v`, `geo` the mean `L_v`.
 */
export const combine = defineOp({
  tag: 'Combine',
  dialect: 'flat',
  operands: ['logits', '…'],
  attributes: { reduction: Reduction, multiplicity: t.readonlyArray(Extent) },
  infer: variants => {
    const [first] = variants
    if (!hasScores(first)) return mismatch(printType(first), 'Vectors or Maps of logits')
    const other = variants.find(v => !sameType(v, first))
    if (other !== undefined)
      return mismatch(`${printType(first)} and ${printType(other)}`, 'values of one type in every variant')
    return E.right(first)
  },
  evaluate: null,
})

export const combineLogits = (
  variants: readonly Tensor[],
  reduction: Reduction,
  multiplicity: readonly number[],
): Tensor => {
  const { shape } = variants[0]
  const total = multiplicity.reduce((a, m) => a + m, 0)
  const out = zeros(shape)
  const terms = reduction === 'geo' ? variants : variants.map(logSoftmaxOf)
  for (let i = 0; i < out.data.length; i++) {
    const largest = terms.reduce((a, v) => Math.max(a, v.data[i]), Number.NEGATIVE_INFINITY)
    switch (reduction) {
      case 'max':
        out.data[i] = largest
        break
      case 'sum':
        out.data[i] =
          Math.log(terms.reduce((a, v, k) => a + multiplicity[k] * Math.exp(v.data[i] - largest), 0) / total) + largest
        break
      case 'geo':
        out.data[i] = terms.reduce((a, v, k) => a + multiplicity[k] * v.data[i], 0) / total
    }
  }
  return out
}

/** Adds a named variant axis: variant j is `transforms[j]` of the input. All variants have one type. */
export const branch = defineOp({
  tag: 'Branch',
  dialect: 'branched',
  operands: ['input'],
  attributes: { axis: t.string, transforms: t.readonlyArray(Transform) },
  infer: ([input], { transforms }) => {
    if (input.kind !== 'Map') return mismatch(printType(input), 'a Map as input')
    if (transforms.length === 0) return mismatch('no transforms', 'one or more')
    const shrunk = transforms.find(transform => transform.kind === 'scale' && !isScale(transform.factor))
    if (shrunk !== undefined) return mismatch(printTransform(shrunk), scales)
    const types = transforms.map((transform): Type => {
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
  },
  evaluate: null,
})

/**
 * Undoes on what comes out what a branch did to what went in: variant j on an axis, made by `elements[j]`, is acted on by its inverse. Where a variant
 * was mirrored, the channels of each pair change places, too.
 */
export const undo = defineOp({
  tag: 'Undo',
  dialect: 'branched',
  operands: ['input'],
  attributes: {
    axis: t.string,
    elements: t.readonlyArray(Element),
    pairs: t.readonlyArray(t.readonly(t.tuple([Count, Count]))),
  },
  infer: ([input], { elements, pairs }) => {
    if (input.kind !== 'Map') return mismatch(printType(input), 'a Map as input')
    const channels = pairs.flat()
    const wrong = channels.find((k, at) => k < 0 || k >= input.c || channels.indexOf(k) !== at)
    if (wrong !== undefined)
      return mismatch(`channel ${wrong} among the pairs`, `channels 0 to ${input.c - 1}, each once`)
    if (elements.length === 0) return mismatch('no elements', 'one for each variant')
    const types = elements.map(element => {
      const [h, w] = actOnPair(inverse(element), [input.h, input.w])
      return mapType(h, w, input.c)
    })
    const other = types.find(type => !sameType(type, types[0]))
    return other === undefined
      ? E.right(types[0])
      : mismatch(`variants ${printType(types[0])} and ${printType(other)}`, 'one type')
  },
  evaluate: null,
})

/** Where each channel of a map comes from when pairs of them change places. */
export const swappedChannels = (channels: number, pairs: readonly (readonly [number, number])[]): readonly number[] => {
  const from = Array.from({ length: channels }, (_, channel) => channel)
  for (const [left, right] of pairs) [from[left], from[right]] = [right, left]
  return from
}

/** A variant of a map, `[n, h, w, c]`, with what an element did undone. */
export const undoOnTensor = (
  element: Element,
  pairs: readonly (readonly [number, number])[],
  value: Tensor,
): Tensor => {
  const moved = actOnTensor(inverse(element), value, 1, 2)
  if (!isMirror(element) || pairs.length === 0) return moved
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
  'mean-of-values': values => values.reduce((a, b) => a + b) / values.length,
  'min-of-values': values => Math.min(...values),
  'max-of-values': values => Math.max(...values),
  'sum-of-values': values => values.reduce((a, b) => a + b),
  'median-of-values': values => (values.some(Number.isNaN) ? Number.NaN : medianOf(values)),
}

/** One tensor of the variants of a value. */
export const reduceVariants = (variants: readonly Tensor[], reduction: VariantReduction): Tensor => {
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

/** Takes all variant axes away: the scores of `combine` over every variant, or a statistic of each number over them. */
export const reduce = defineOp({
  tag: 'Reduce',
  dialect: 'branched',
  operands: ['values'],
  attributes: { reduction: VariantReduction },
  infer: ([values]) =>
    hasScores(values) ? E.right(values) : mismatch(printType(values), 'a Vector or a Map of each example'),
  evaluate: null,
})
