import { z95 } from '../base/statistics.ts'

/** Of images that two networks or plans answer: how many the second has right and the first wrong, and the other way round. */
export interface Turns {
  readonly won: number
  readonly lost: number
}

/** By whether each image is answered wrong, before and after. */
export const turnsOf = (before: readonly boolean[], after: readonly boolean[]): Turns => ({
  won: before.filter((wrong, image) => wrong && !after[image]).length,
  lost: before.filter((wrong, image) => !wrong && after[image]).length,
})

/** The 95 % interval of the difference in error, in points, below 0 where the second errs less: Bonett and Price's (2012) for paired proportions. */
export const differenceInterval = ({ won, lost }: Turns, images: number): readonly [low: number, high: number] => {
  const [up, down] = [(lost + 1) / (images + 2), (won + 1) / (images + 2)]
  const half = z95 * Math.sqrt((up + down - (up - down) ** 2) / (images + 2))
  return [100 * (up - down - half), 100 * (up - down + half)]
}
