/** How many classes score higher than the given one; of equal scores the earlier class wins, and none of those that are not a number. */
export const rankOf = (scores: Float32Array | Float64Array, row: number, classes: number, label: number): number => {
  const own = scores[row * classes + label]
  let rank = 0
  for (let c = 0; c < classes; c++) {
    const score = scores[row * classes + c]
    if (c !== label && !(own > score || (own === score && label < c))) rank++
  }
  return rank
}

/** The class with the highest score; of equal scores the earlier. */
export const bestClass = (scores: Float32Array | Float64Array, row: number, classes: number): number => {
  let best = 0
  for (let c = 1; c < classes; c++) if (scores[row * classes + c] > scores[row * classes + best]) best = c
  return best
}

/** The classes with the highest scores, best first; of equal scores the earlier. */
export const topClasses = (scores: Float32Array, row: number, classes: number, count: number): readonly number[] =>
  Array.from({ length: classes }, (_, c) => c)
    .sort((a, b) => scores[row * classes + b] - scores[row * classes + a])
    .slice(0, count)

const z = 1.959964

/** Wilson's 95 % interval of a rate, in percent. */
export const wilsonPercent = (wrong: number, images: number): readonly [number, number] => {
  const p = wrong / images
  const middle = p + (z * z) / (2 * images)
  const half = z * Math.sqrt((p * (1 - p)) / images + (z * z) / (4 * images * images))
  const scale = 100 / (1 + (z * z) / images)
  return [Math.max(0, (middle - half) * scale), Math.min(100, (middle + half) * scale)]
}
