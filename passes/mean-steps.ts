import type { Pair } from '../ir/index.ts'

/** Float32 sums of more pixels one after another lose digits: means over more are means of means. */
const mostAtOnce = 4096

/** Whether so many pixels are more than one mean takes. */
export const isLarge = ([h, w]: Pair): boolean => h * w > mostAtOnce

const largestDivisor = (n: number, most: number): number => {
  for (let d = Math.min(n, most); d > 1; d--) if (n % d === 0) return d
  return 1
}

const side = Math.sqrt(mostAtOnce)

/** A window that fills a map side by side and takes part of its mean: where no extent has a divisor of use, whole columns. */
export const meanTile = ([h, w]: Pair): Pair => {
  const [down, across] = [largestDivisor(h, side), largestDivisor(w, side)]
  if (down * across > 1) return [down, across]
  return h > 1 ? [h, 1] : [1, w]
}

/** Windows that lie side by side, one such mean after the other, whose means come to that of a whole map: one for an ordinary map. */
export const meanSteps = (extents: Pair): readonly Pair[] => {
  if (!isLarge(extents)) return [extents]
  const [down, across] = meanTile(extents)
  const rest: Pair = [extents[0] / down, extents[1] / across]
  return rest[0] * rest[1] === 1 ? [[down, across]] : [[down, across], ...meanSteps(rest)]
}
