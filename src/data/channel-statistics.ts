/** Mean and standard deviation of each channel of some images. */
export interface ChannelStatistics {
  readonly images: number
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

/** Of so many numbers a channel their sum, and that of their squares. */
interface Sums {
  readonly numbers: number
  readonly sums: readonly number[]
  readonly squares: readonly number[]
}

const statisticsOf = (images: number, { numbers, sums, squares }: Sums): ChannelStatistics => {
  const mean = sums.map(sum => sum / numbers)
  const deviation = squares.map((square, c) => Math.sqrt(Math.max(0, square / numbers - mean[c] ** 2)))
  return { images, mean, deviation }
}

/** Of `[n, h, w, c]`. */
export const channelStatistics = (values: Float32Array, images: number, channels: number): ChannelStatistics => {
  const sums = new Array<number>(channels).fill(0)
  const squares = new Array<number>(channels).fill(0)
  for (let c = 0; c < channels; c++) {
    let [sum, square] = [0, 0]
    for (let at = c; at < values.length; at += channels) {
      const value = values[at]
      sum += value
      square += value * value
    }
    ;[sums[c], squares[c]] = [sum, square]
  }
  return statisticsOf(images, { numbers: values.length / channels, sums, squares })
}

/** Of all images together, which have one size; undefined where there are none. */
export const pooledStatistics = (parts: readonly ChannelStatistics[]): ChannelStatistics | undefined => {
  const images = parts.reduce((sum, part) => sum + part.images, 0)
  if (images === 0) return undefined
  const [{ mean }] = parts
  const over = (of: (part: ChannelStatistics, c: number) => number): readonly number[] =>
    mean.map((_, c) => parts.reduce((sum, part) => sum + part.images * of(part, c), 0))
  return statisticsOf(images, {
    numbers: images,
    sums: over((part, c) => part.mean[c]),
    squares: over((part, c) => part.deviation[c] ** 2 + part.mean[c] ** 2),
  })
}
