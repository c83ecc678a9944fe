import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { defineOp, mismatch, Real } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { printType, sameType, vectorType } from '../type.ts'
import { logSoftmaxOf } from './classification.ts'

/** How sure an answer is, from the probabilities of its classes. */
export const certaintyMeasures = ['margin', 'probability', 'entropy'] as const
/** A measure of certainty; each is from 0, nothing known, to 1, nothing open. */
export type CertaintyMeasure = (typeof certaintyMeasures)[number]
/** The codec of a measure of certainty. */
export const CertaintyMeasure: t.Type<CertaintyMeasure> = t.keyof({ margin: null, probability: null, entropy: null })

/** A logarithm of no probability that sums take: 0 times it is 0. */
export const leastLogarithm = -1e30

const certaintyOf: { readonly [M in CertaintyMeasure]: (logs: Float64Array) => number } = {
  margin: logs => {
    const [first, second = Number.NEGATIVE_INFINITY] = logs.toSorted().reverse()
    return Math.exp(first) - Math.exp(second)
  },
  probability: logs => Math.exp(logs.reduce((a, b) => Math.max(a, b))),
  entropy: logs => {
    const sum = logs.reduce((total, log) => total + Math.exp(log) * Math.max(log, leastLogarithm), 0)
    // Of one class nothing is open: the sum is 0, or NaN. Of equal logits it may round to a little less than −ln(classes).
    return Math.max(0, 1 + sum / Math.log(Math.max(logs.length, 2)))
  },
}

/** How certain each row of logits is; NaN where a logit is. */
export const certaintiesOf = (logits: Tensor, measure: CertaintyMeasure): Float64Array => {
  const logs = logSoftmaxOf(logits)
  const [n, classes] = logs.shape
  return Float64Array.from({ length: n }, (_, row) =>
    certaintyOf[measure](logs.data.subarray(row * classes, (row + 1) * classes)),
  )
}

/**
 * How certain an answer is: of `p = softmax(logits)` the `margin` is the largest less the second (of one class 1), the
 * `probability` the largest, the `entropy` `1 − H(p)/ln(classes)`. NaN where a logit is.
 */
export const certainty = defineOp({
  tag: 'Certainty',
  stage: 'inference',
  operands: ['logits'],
  attributes: { measure: CertaintyMeasure },
  infer: ([logits]) =>
    logits.kind === 'Vector' ? E.right(vectorType(1)) : mismatch(printType(logits), 'a Vector of logits'),
  evaluate: ([logits], { measure }) => ({ shape: [logits.shape[0], 1], data: certaintiesOf(logits, measure) }),
})

const rowsOf = ({ shape }: Tensor): number => shape.slice(1).reduce((a, b) => a * b, 1)

/**
 * A choice by example: `deeper` where the certainty is below the threshold, else `kept`, as where it is NaN. What is not
 * chosen has no part in the result.
 */
export const select = defineOp({
  tag: 'Select',
  operands: ['certainty', 'kept', 'deeper'],
  attributes: { below: Real },
  infer: ([certain, kept, deeper]) => {
    if (!sameType(certain, vectorType(1))) return mismatch(printType(certain), 'a Vector[1] of certainties')
    if (kept.kind === 'Shared') return mismatch(printType(kept), 'values of each example')
    return sameType(kept, deeper)
      ? E.right(kept)
      : mismatch(`${printType(kept)} and ${printType(deeper)}`, 'two values of one type')
  },
  evaluate: ([certain, kept, deeper], { below }) => {
    const out = zeros(kept.shape)
    const each = rowsOf(kept)
    certain.data.forEach((value, row) => {
      const chosen = value < below ? deeper : kept
      out.data.set(chosen.data.subarray(row * each, (row + 1) * each), row * each)
    })
    return out
  },
})
