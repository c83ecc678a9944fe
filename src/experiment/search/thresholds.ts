import { sumOf } from '../../base/statistics.ts'
/** What a plan gives image by image: how certain its answer is, and what is lost by it. */
export interface Judged {
  readonly certainty: Float64Array
  readonly losses: Float64Array
}

/** Thresholds between stages, with what they come to on the images that they were fitted to. */
export interface Fit {
  readonly thresholds: readonly number[]
  /** Of the images, how many come to each stage: of the first all, 1. */
  readonly shares: readonly number[]
  /** A mean over the images. */
  readonly cost: number
  /** A mean over the images. */
  readonly loss: number
}

const steps = (from: number, by: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, k) => Number((from + k * by).toFixed(6)))

/** Rounded thresholds, so that they do not fit the images one by one; finer at both ends, where certainties crowd. */
export const thresholdGrid: readonly number[] = [
  ...steps(0.001, 0.001, 9),
  ...steps(0.01, 0.01, 99),
  ...steps(0.991, 0.001, 9),
  ...steps(0.9991, 0.0001, 9),
]
const size = thresholdGrid.length

/** The first threshold that a certainty is below; there is none for NaN, and none for 1. */
const placeOf = (certainty: number): number => {
  let [low, high] = [0, size]
  while (low < high) {
    const middle = (low + high) >> 1
    if (certainty < thresholdGrid[middle]) high = middle
    else low = middle + 1
  }
  return low
}

const placesOf = ({ certainty }: Judged): Uint8Array => Uint8Array.from(certainty, placeOf)

/** `out[j]`: the sum of the values of images below threshold j. */
const sumsBelow = (places: Uint8Array, value: (image: number) => number): Float64Array => {
  const out = new Float64Array(size + 1)
  for (let image = 0; image < places.length; image++) out[places[image]] += value(image)
  for (let j = 1; j < size; j++) out[j] += out[j - 1]
  return out
}

/** `out[j · size + k]`: the sum of the values of images below threshold j by one certainty and below k by another. */
const sumsBelowBoth = (a: Uint8Array, b: Uint8Array, value: (image: number) => number): Float64Array => {
  const out = new Float64Array(size * size)
  for (let image = 0; image < a.length; image++)
    if (a[image] < size && b[image] < size) out[a[image] * size + b[image]] += value(image)
  for (let j = 0; j < size; j++) {
    for (let k = 1; k < size; k++) out[j * size + k] += out[j * size + k - 1]
    if (j > 0) for (let k = 0; k < size; k++) out[j * size + k] += out[(j - 1) * size + k]
  }
  return out
}

/** Told of thresholds by their places in the grid, how many images come to the second stage and the third, and the sum of the losses. */
type Visit = (places: readonly [number, number?], second: number, third: number, loss: number) => void

/** Fewer of the images make no stage. */
const leastShare = 0.05

/** All rounded thresholds between two or three stages of which each has images enough. */
const everyThreshold = ([first, second, third]: readonly Judged[], visit: Visit): void => {
  const least = leastShare * first.losses.length
  const total = sumOf(first.losses)
  const places = placesOf(first)
  const going = sumsBelow(places, () => 1)
  const change = sumsBelow(places, image => second.losses[image] - first.losses[image])
  if (third === undefined) {
    for (let j = 0; j < size; j++) if (going[j] >= least) visit([j], going[j], 0, total + change[j])
    return
  }
  const next = placesOf(second)
  const further = sumsBelowBoth(places, next, () => 1)
  const changeFurther = sumsBelowBoth(places, next, image => third.losses[image] - second.losses[image])
  for (let j = 0; j < size; j++)
    for (let k = 0; k < size; k++) {
      const at = j * size + k
      if (further[at] >= least) visit([j, k], going[j], further[at], total + change[j] + changeFurther[at])
    }
}

/**
 * The thresholds between two or three stages that lose least at a mean cost of at most so much; each stage has a price, which images that come to it pay. Undefined
 * where even the highest certainty that an image has keeps it from a stage, or where nothing is as cheap.
 */
export const fitThresholds = (stages: readonly Judged[], prices: readonly number[], most: number): Fit | undefined => {
  const images = stages[0].losses.length
  let best: Fit | undefined
  everyThreshold(stages, (places, second, third, sum) => {
    const cost = prices[0] + (prices[1] * second + (prices[2] ?? 0) * third) / images
    const loss = sum / images
    if (cost > most || !(loss < (best?.loss ?? Number.POSITIVE_INFINITY))) return
    const thresholds = places.map(place => thresholdGrid[place as number])
    const shares = [images, second, third].slice(0, stages.length).map(reached => reached / images)
    best = { thresholds, shares, cost, loss }
  })
  return best
}

/** The stage at which each image ends. */
export const stagesReached = (certainties: readonly Float64Array[], thresholds: readonly number[]): Uint8Array =>
  certainties[0].reduce((reached, _, image) => {
    while (reached[image] < thresholds.length && certainties[reached[image]][image] < thresholds[reached[image]])
      reached[image]++
    return reached
  }, new Uint8Array(certainties[0].length))
