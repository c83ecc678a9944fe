import type { Pixels } from './image.ts'

/** For each output pixel of an axis: the first input pixel that it reads, and the weights of those from there on. */
interface Taps {
  readonly first: number
  readonly weights: Float64Array
}

/** A triangle as wide as the ratio of extents where the axis shrinks, and two pixels wide where it grows. */
const tapsOf = (extent: number, outputs: number): readonly Taps[] => {
  const ratio = extent / outputs
  const support = Math.max(ratio, 1)
  return Array.from({ length: outputs }, (_, i) => {
    const centre = (i + 0.5) * ratio
    const first = Math.max(0, Math.floor(centre - support + 0.5))
    const last = Math.min(extent, Math.floor(centre + support + 0.5))
    const weights = Float64Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / support)),
    )
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return { first, weights: weights.map(weight => weight / total) }
  })
}

/** One axis of an array `[outer, extent, inner]`, rounded to whole numbers. */
const along = (data: Uint8Array, outer: number, extent: number, inner: number, outputs: number): Uint8Array => {
  if (extent === outputs) return data
  const taps = tapsOf(extent, outputs)
  const out = new Uint8Array(outer * outputs * inner)
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < outputs; i++) {
      const { first, weights } = taps[i]
      for (let c = 0; c < inner; c++) {
        let sum = 0.5
        let from = (o * extent + first) * inner + c
        for (let k = 0; k < weights.length; k++, from += inner) sum += weights[k] * data[from]
        out[(o * outputs + i) * inner + c] = sum
      }
    }
  return out
}

/**
 * Bilinear resampling with antialiasing as Pillow and torchvision do it, columns before rows, rounded to bytes between: what most networks' images went
 * through in training, and what libvips' kernels only come near.
 */
export const resample = ({ data, height, width }: Pixels, rows: number, columns: number): Pixels => ({
  data: along(along(data, height, width, 3, columns), 1, height, columns * 3, rows),
  height: rows,
  width: columns,
})
