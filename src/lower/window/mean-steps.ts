import type { Pair, Window } from '../../../ir/index.ts'

/** Float32 sums of more pixels one after another lose digits: means over more are means of means. */
const mostAtOnce = 4096

const largestDivisor = (n: number, most: number): number => {
  for (let d = Math.min(n, most); d > 1; d--) if (n % d === 0) return d
  return 1
}

const side = Math.sqrt(mostAtOnce)

/**
 * Windows that lie side by side, one such mean after the other, whose means come to that of a whole map: one for an ordinary
 * map, so that it stays one op; where an extent has no divisor of use, rows, then columns.
 */
export const meanSteps = ([h, w]: Pair): readonly Pair[] => {
  if (h * w <= mostAtOnce) return [[h, w]]
  const [down, across] = [largestDivisor(h, side), largestDivisor(w, side)]
  if (down * across > 1) return [[down, across], ...meanSteps([h / down, w / across])]
  return h > 1 && w > 1
    ? [
        [h, 1],
        [1, w],
      ]
    : [[h, w]]
}

/** A window of means as one, or where it is large as one along rows and one along columns. */
export const meanWindows = (window: Window): readonly Window[] => {
  const [down, across] = window.size
  if (down * across <= mostAtOnce || down === 1 || across === 1) return [window]
  return [
    { ...window, size: [down, 1], strides: [window.strides[0], 1] },
    { ...window, size: [1, across], strides: [1, window.strides[1]] },
  ]
}
