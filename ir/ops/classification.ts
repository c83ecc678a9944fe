import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { defineOp, mismatch } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { Extent, printType, sameType, type Type } from '../type.ts'
import { Reduction } from '../variant.ts'

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
export const hasScores = (type: Type): boolean => type.kind !== 'Shared'

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
