import { EspalierError, problem } from '../../ir/index.ts'
import type { Preprocess } from '../data/index.ts'
import { addMeans, type Mean, measuring, overImages } from './measure.ts'
import { ssim } from './ssim.ts'

/** Of pixels. */
const range = 255

/** A mean squared error of less counts as this much: equal images have 100 dB. */
const leastError = range ** 2 * 1e-10

/** Numbers as a network is fed them as pixels, normalization undone: those of images are from 0 to 255. */
export const asPixels = (
  values: Float32Array,
  channels: number,
  { scale = 1, mean = [0], std = [1] }: Preprocess,
): Float32Array =>
  values.map((value, k) => {
    const c = k % channels
    return (value * std[c % std.length] + mean[c % mean.length]) / scale
  })

/** The same, cut off at 0 and 255. */
export const pixelsOf = (...of: Parameters<typeof asPixels>): Float32Array =>
  asPixels(...of).map(pixel => Math.min(range, Math.max(0, pixel)))

const psnr = (seen: Float32Array, wanted: Uint8Array): number => {
  let sum = 0
  for (let k = 0; k < seen.length; k++) sum += (seen[k] - wanted[k]) ** 2
  return 10 * Math.log10(range ** 2 / Math.max(sum / seen.length, leastError))
}

interface Sums {
  readonly psnr: Mean
  readonly ssim: Mean
}

const meanOfOne = (value: number | undefined): Mean =>
  value === undefined ? { sum: 0, images: 0 } : { sum: value, images: 1 }

/** Images that are to be had back. */
export const restoration = measuring<Sums>({
  target: 'image',
  kinds: ['map-values'],
  one: ({ shape: [h, w, c], values, preprocess }, target, where) => {
    if (target.kind !== 'image') throw new Error('no image')
    if (target.size[0] !== h || target.size[1] !== w)
      throw new EspalierError([
        problem('wrong-size', where, `an answer of ${h} × ${w} for an image of ${target.size.join(' × ')}`, 'the same'),
      ])
    const seen = pixelsOf(values, c, preprocess)
    return {
      psnr: meanOfOne(psnr(seen, target.data)),
      ssim: meanOfOne(ssim(seen, target.data, [h, w, c], range)),
    }
  },
  sum: parts => ({ psnr: addMeans(parts.map(({ psnr }) => psnr)), ssim: addMeans(parts.map(({ ssim }) => ssim)) }),
  measures: {
    psnr_db: { title: 'PSNR', unit: 'dB', better: 'higher', ofEach: true, of: sums => overImages(sums.psnr) },
    ssim: { title: 'SSIM', unit: '', better: 'higher', ofEach: true, of: sums => overImages(sums.ssim) },
  },
})
