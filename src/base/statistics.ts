/** Of numbers in any kind of array; their sums are taken from the first to the last. */

export const sumOf = (values: ArrayLike<number>): number => {
  let sum = 0
  for (let k = 0; k < values.length; k++) sum += values[k]
  return sum
}

/** Of none it is no number. */
export const meanOf = (values: ArrayLike<number>): number => sumOf(values) / values.length

/** The standard deviation of what the values are a sample of; of fewer than two no number. */
export const deviationOf = (values: ArrayLike<number>): number => {
  const mean = meanOf(values)
  return Math.sqrt(sumOf(Float64Array.from(values, value => (value - mean) ** 2)) / (values.length - 1))
}

/** By how much the mean of such samples varies: its standard deviation. */
export const standardErrorOf = (values: ArrayLike<number>): number => deviationOf(values) / Math.sqrt(values.length)

export const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** 95 % of a normal distribution lie within so many standard deviations. */
export const z95 = 1.959964
