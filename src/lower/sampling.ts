import { resampled } from '../../ir/ops/shape.ts'

/** `[m, n]`: what each of n sampled pixels weighs in each of m outputs, turned round: `[n, m]`. */
export const samplingWeights = (
  extent: number,
  outputs: number,
  ...how: [Parameters<typeof resampled>[2], Parameters<typeof resampled>[3]]
): Float32Array => {
  const weights = new Float32Array(extent * outputs)
  resampled(extent, outputs, ...how).forEach(([low, high, weight], at) => {
    weights[low * outputs + at] += 1 - weight
    weights[high * outputs + at] += weight
  })
  return weights
}

/** Positions of pixels about the centre, `[2, h·w]`: x right, y down. */
export const centred = (h: number, w: number): Float32Array =>
  Float32Array.from({ length: 2 * h * w }, (_, k) =>
    k < h * w ? (k % w) - (w - 1) / 2 : Math.floor((k - h * w) / w) - (h - 1) / 2,
  )
