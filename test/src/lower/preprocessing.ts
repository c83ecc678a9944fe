import fc from 'fast-check'
import { expect } from 'vitest'
import { builder, type Graph, mapType } from '../../../ir/index.ts'
import { inChannels } from '../../../src/data/grey.ts'
import { fitPixels, type Pixels } from '../../../src/data/image.ts'
import { normalizeInto, type Preprocess } from '../../../src/data/preprocess.ts'

/** Twice what a network takes: a graph that shows its input. */
export const showing = ({ size: [h, w], channels = 3 }: Preprocess): Graph => {
  const b = builder()
  const image = b.input('image', mapType(h, w, channels))
  return b.finish({ twice: b.add(image, image) })
}

/** Photographs of one size, and how they become a small network's input. */
export interface Case {
  readonly photos: readonly Pixels[]
  readonly preprocess: Preprocess
}

const noise = (height: number, width: number, seed: number): Pixels => {
  let state = seed + 1
  const data = Uint8Array.from({ length: height * width * 3 }, (_, k) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    // Edges and gradients, with grain.
    return (k % 3 === 0 ? (k * 7) % 256 : state >>> 24) & 0xff
  })
  return { data, height, width }
}

const sides = fc.integer({ min: 5, max: 60 })

/** Small photographs and every way to fit them. */
export const arbitraryCase: fc.Arbitrary<Case> = fc
  .record({
    height: sides,
    width: sides,
    count: fc.integer({ min: 1, max: 2 }),
    seed: fc.nat(1000),
    size: fc.tuple(fc.integer({ min: 3, max: 24 }), fc.integer({ min: 3, max: 24 })),
    more: fc.integer({ min: 0, max: 5 }),
    fit: fc.constantFrom('exact', 'cut', 'rounded'),
    interpolation: fc.constantFrom('bilinear', 'bicubic'),
    crop: fc.constantFrom('center', 'center-floor'),
    channels: fc.constantFrom(1, 3),
    numbers: fc.constantFrom('none', 'one', 'each'),
  })
  .map(({ height, width, count, seed, size, more, fit, interpolation, crop, channels, numbers }) => ({
    photos: Array.from({ length: count }, (_, k) => noise(height, width, seed + k)),
    preprocess: {
      size,
      ...(fit === 'exact'
        ? {}
        : {
            resize: 'shorter-side' as const,
            resize_to: Math.max(...size) + more,
            longer_side: fit as 'cut' | 'rounded',
            ...(crop === 'center' ? {} : { crop: 'center-floor' as const }),
          }),
      ...(interpolation === 'bicubic' ? { interpolation: 'bicubic' as const } : {}),
      ...(channels === 1 ? { channels } : {}),
      ...(numbers === 'none' ? {} : { scale: 1 / 255, mean: [0.5], std: [0.25] }),
      ...(numbers === 'each' && channels === 3 ? { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } : {}),
    },
  }))

/** How far what a target makes of photographs is from what the data pipeline makes of them: in levels of a pixel, the most and the part that is off. */
export const levelsOff = (
  { photos, preprocess }: Case,
  twice: ArrayLike<number>,
): readonly [most: number, part: number] => {
  const { size, scale = 1, std = [1], channels = 3 } = preprocess
  const each = size[0] * size[1] * channels
  const wanted = new Float32Array(photos.length * each)
  photos.forEach((photo, k) => {
    normalizeInto(fitPixels(inChannels(photo, preprocess), preprocess).data, preprocess, wanted, k * each)
  })
  expect(twice.length).toBe(wanted.length)
  const off = Array.from(wanted, (value, k) => {
    const s = std.length === 1 ? std[0] : std[k % channels]
    return Math.abs(((twice[k] / 2 - value) * s) / scale)
  })
  return [Math.max(...off), off.filter(levels => levels > 0.01).length / off.length]
}

/** The pixels of photographs of one size, one after the other. */
export const allPixels = ({ photos }: Case): Uint8Array => {
  const size = photos[0].data.length
  const all = new Uint8Array(photos.length * size)
  photos.forEach(({ data }, k) => {
    all.set(data, k * size)
  })
  return all
}
