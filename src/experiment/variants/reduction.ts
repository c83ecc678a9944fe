import type { Reduction } from '../../../ir/index.ts'
import { logSoftmaxRows } from '../../base/softmax.ts'
import { sumOf } from '../../base/statistics.ts'
import { rankOf, wilsonPercent } from '../../execute/score.ts'

export interface ReduceOptions {
  readonly classes: number
  readonly reduction: Reduction
  /** How much each variant counts (`max` disregards it). Default: all the same. */
  readonly weights?: readonly number[]
}

/**
 * One row of scores an image from the logits of several variants, each `[n, classes]`: what `Reduce` means, in double
 * precision. The softmax of the scores is the reduced answer.
 */
export const reduceLogits = (
  variants: readonly Float32Array[],
  { classes, reduction, weights = variants.map(() => 1) }: ReduceOptions,
): Float64Array => {
  const terms = reduction === 'geo' ? variants : variants.map(logits => logSoftmaxRows(logits, classes))
  const total = sumOf(weights)
  const out = new Float64Array(variants[0].length)
  for (let i = 0; i < out.length; i++) {
    if (reduction === 'geo') {
      for (let k = 0; k < terms.length; k++) out[i] += (weights[k] * terms[k][i]) / total
      continue
    }
    let largest = Number.NEGATIVE_INFINITY
    for (const term of terms) largest = Math.max(largest, term[i])
    out[i] = largest
    if (reduction === 'max') continue
    let sum = 0
    for (let k = 0; k < terms.length; k++) sum += weights[k] * Math.exp(terms[k][i] - largest)
    out[i] += Math.log(sum / total)
  }
  return out
}

/** How often an answer is wrong, with Wilson's 95 % interval. */
export interface ErrorRate {
  readonly images: number
  readonly wrong: number
  readonly percent: number
  readonly interval: readonly [low: number, high: number]
}

/** So many wrong answers of so many. */
export const errorRate = (wrong: number, images: number): ErrorRate => ({
  images,
  wrong,
  percent: (100 * wrong) / images,
  interval: wilsonPercent(wrong, images),
})

/** The error of scores `[n, classes]`; of equal scores the earlier class is the answer. */
export const errorOf = (scores: Float32Array | Float64Array, labels: ArrayLike<number>): ErrorRate => {
  const images = labels.length
  const classes = scores.length / images
  let wrong = 0
  for (let row = 0; row < images; row++) if (rankOf(scores, row, classes, labels[row]) > 0) wrong++
  return errorRate(wrong, images)
}
