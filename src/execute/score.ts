import { z95 } from '../base/statistics.ts'

type Scores = Float32Array | Float64Array

/** Whether a row of scores is an answer: none is NaN, and the largest is finite, so that their softmax is one. */
export const isAnswer = (scores: Scores, row: number, classes: number): boolean => {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = row * classes; i < (row + 1) * classes; i++) {
    if (Number.isNaN(scores[i])) return false
    largest = Math.max(largest, scores[i])
  }
  return Number.isFinite(largest)
}

/** The rows of scores that are no answers. */
export const unanswered = (scores: Scores, classes: number): readonly number[] =>
  Array.from({ length: scores.length / classes }, (_, row) => row).filter(row => !isAnswer(scores, row, classes))

/** How many classes score higher than the given one, of equal scores the earlier; all of them where the row is no answer. */
export const rankOf = (scores: Scores, row: number, classes: number, label: number): number => {
  if (!isAnswer(scores, row, classes)) return classes
  const own = scores[row * classes + label]
  let rank = 0
  for (let c = 0; c < classes; c++) {
    const score = scores[row * classes + c]
    if (score > own || (score === own && c < label)) rank++
  }
  return rank
}

/** The class with the highest score; of equal scores the earlier. Only of an answer. */
export const bestClass = (scores: Scores, row: number, classes: number): number => {
  let best = 0
  for (let c = 1; c < classes; c++) if (scores[row * classes + c] > scores[row * classes + best]) best = c
  return best
}

/** The classes with the highest scores, best first; of equal scores the earlier. */
export const topClasses = (scores: Float32Array, row: number, classes: number, count: number): readonly number[] =>
  Array.from({ length: classes }, (_, c) => c)
    .sort((a, b) => scores[row * classes + b] - scores[row * classes + a])
    .slice(0, count)

/** Wilson's 95 % interval of a rate, in percent. */
export const wilsonPercent = (wrong: number, images: number): readonly [number, number] => {
  const p = wrong / images
  const middle = p + (z95 * z95) / (2 * images)
  const half = z95 * Math.sqrt((p * (1 - p)) / images + (z95 * z95) / (4 * images * images))
  const scale = 100 / (1 + (z95 * z95) / images)
  return [Math.max(0, (middle - half) * scale), Math.min(100, (middle + half) * scale)]
}
