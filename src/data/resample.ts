import { keysCubic } from '../base/keys-cubic.ts'
import { sumOf } from '../base/statistics.ts'
import type { Pixels } from './decode.ts'

/** Of the fixed point that Pillow takes weights in: a byte times a weight, with room for the sum, in 32 bits. */
const precisionBits = 22

/** For each output pixel of an axis: the first input pixel that it reads, and the weights of those from there on in fixed point. */
interface Taps {
  readonly first: number
  readonly weights: Int32Array
}

/** A half away from 0, of which a whole number keeps what is before the point. */
const fixedPoint = (weight: number): number => (weight < 0 ? -0.5 : 0.5) + weight * 2 ** precisionBits

/** The outputs of an axis that are wanted: so many, from one on. */
type Range = readonly [from: number, count: number]

/** What a pixel counts at a distance from where an output is taken, and beyond which distance nothing: in pixels of an axis that grows. */
interface Kernel {
  readonly support: number
  readonly weightAt: (distance: number) => number
}

const kernels = {
  bilinear: { support: 1, weightAt: distance => Math.max(0, 1 - distance) },
  bicubic: { support: 2, weightAt: distance => keysCubic(-0.5, distance) },
} satisfies Readonly<Record<string, Kernel>>

/** How a pixel between others is made of them. */
export type Interpolation = keyof typeof kernels

/** The kernel as wide as the ratio of extents where the axis shrinks, and its own width where it grows. */
const tapsOf = (extent: number, outputs: number, [from, count]: Range, kernel: Kernel): readonly Taps[] => {
  const ratio = extent / outputs
  const stretch = Math.max(ratio, 1)
  const support = kernel.support * stretch
  return Array.from({ length: count }, (_, i) => {
    const centre = (from + i + 0.5) * ratio
    const first = Math.max(0, Math.trunc(centre - support + 0.5))
    const last = Math.min(extent, Math.trunc(centre + support + 0.5))
    const weights = Float64Array.from({ length: last - first }, (_, k) =>
      kernel.weightAt(Math.abs((k + first - centre + 0.5) * (1 / stretch))),
    )
    const total = sumOf(weights)
    return { first, weights: Int32Array.from(weights, weight => fixedPoint(weight / total)) }
  })
}

/** One axis of an array `[outer, extent, inner]`, rounded to whole numbers. */
const along = (
  data: Uint8Array,
  outer: number,
  extent: number,
  inner: number,
  outputs: number,
  range: Range,
  kernel: Kernel,
): Uint8Array => {
  const [, count] = range
  if (extent === outputs && count === outputs) return data
  const taps = tapsOf(extent, outputs, range, kernel)
  const out = new Uint8ClampedArray(outer * count * inner)
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < count; i++) {
      const { first, weights } = taps[i]
      for (let c = 0; c < inner; c++) {
        let sum = 1 << (precisionBits - 1)
        let from = (o * extent + first) * inner + c
        for (let k = 0; k < weights.length; k++, from += inner) sum = (sum + Math.imul(weights[k], data[from])) | 0
        out[(o * count + i) * inner + c] = sum >> precisionBits
      }
    }
  return new Uint8Array(out.buffer)
}

/** A part of what an image is resized to. */
export interface Crop {
  readonly top: number
  readonly left: number
  readonly rows: number
  readonly columns: number
}

/**
 * Bilinear or bicubic resampling with antialiasing to the bit as Pillow does it and torchvision with it, columns before rows, rounded to bytes between: what most networks' images
 * went through in training, and what libvips' kernels only come near. Where a crop of it is wanted nothing else is computed: a long image resized whole
 * may be larger than memory.
 *
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */
export const resample = (
  { data, height, width }: Pixels,
  rows: number,
  columns: number,
  crop: Crop = { top: 0, left: 0, rows, columns },
  interpolation: Interpolation = 'bilinear',
): Pixels => {
  const kernel = kernels[interpolation]
  const wide = along(data, height, width, 3, columns, [crop.left, crop.columns], kernel)
  return {
    data: along(wide, 1, height, crop.columns * 3, rows, [crop.top, crop.rows], kernel),
    height: crop.rows,
    width: crop.columns,
  }
}
