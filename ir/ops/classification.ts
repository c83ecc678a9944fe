import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { actOnPair } from '../dihedral.ts'
import { defineOp, mismatch } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { Extent, mapType, printType, sameType, type Type } from '../type.ts'
import { printTransform, Reduction, Transform } from '../variant.ts'
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

/** Takes all variant axes away: the scores of `combine` over every variant. */
export const reduce = defineOp({
  tag: 'Reduce',
  dialect: 'branched',
  operands: ['logits'],
  attributes: { reduction: Reduction },
  infer: ([logits]) => (logits.kind === 'Vector' ? E.right(logits) : mismatch(printType(logits), 'a Vector of logits')),
  evaluate: null,
})
