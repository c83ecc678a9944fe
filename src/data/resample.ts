import type { Pixels } from './decode.ts'

/** Of the fixed point that Pillow takes weights in: a byte times a weight, with room for the sum, in 32 bits. */
const precisionBits = 22

/** For each output pixel of an axis: the first input pixel that it reads, and the weights of those from there on in fixed point. */
interface Taps {
  readonly first: number
  readonly weights: Int32Array
}

/** A triangle as wide as the ratio of extents where the axis shrinks, and two pixels wide where it grows. */
const tapsOf = (extent: number, outputs: number): readonly Taps[] => {
  const ratio = extent / outputs
  const support = Math.max(ratio, 1)
  return Array.from({ length: outputs }, (_, i) => {
    const centre = (i + 0.5) * ratio
    const first = Math.max(0, Math.trunc(centre - support + 0.5))
    const last = Math.min(extent, Math.trunc(centre + support + 0.5))
    const weights = Float64Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + first - centre + 0.5) * (1 / support))),
    )
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return { first, weights: Int32Array.from(weights, weight => 0.5 + (weight / total) * 2 ** precisionBits) }
  })
}

/** One axis of an array `[outer, extent, inner]`, rounded to whole numbers. */
const along = (data: Uint8Array, outer: number, extent: number, inner: number, outputs: number): Uint8Array => {
  if (extent === outputs) return data
  const taps = tapsOf(extent, outputs)
  const out = new Uint8ClampedArray(outer * outputs * inner)
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < outputs; i++) {
      const { first, weights } = taps[i]
      for (let c = 0; c < inner; c++) {
        let sum = 1 << (precisionBits - 1)
        let from = (o * extent + first) * inner + c
        for (let k = 0; k < weights.length; k++, from += inner) sum = (sum + Math.imul(weights[k], data[from])) | 0
        out[(o * outputs + i) * inner + c] = sum >> precisionBits
      }
    }
  return new Uint8Array(out.buffer)
}

/**
 * Bilinear resampling with antialiasing to the bit as Pillow does it and torchvision with it, columns before rows, rounded to bytes between: what most networks' images
 * went through in training, and what libvips' kernels only come near.
 *
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */
export const resample = ({ data, height, width }: Pixels, rows: number, columns: number): Pixels => ({
  data: along(along(data, height, width, 3, columns), 1, height, columns * 3, rows),
  height: rows,
  width: columns,
})
