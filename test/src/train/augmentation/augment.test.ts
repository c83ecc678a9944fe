import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Random, random } from '../../../../src/base/random.ts'
import { fitPixels, type Pixels, type Preprocess } from '../../../../src/data/index.ts'
import { augmentedImage, augmentedMask, checkAugmentation, drawn } from '../../../../src/train/augmentation/augment.ts'
import type { Augmentation } from '../../../../src/train/augmentation/augmentation.ts'
import { flipped } from '../../../../src/train/augmentation/geometry.ts'
import { recipes } from '../../../../src/train/recipes.ts'

const photograph: Pixels = {
  data: Uint8Array.from({ length: 40 * 60 * 3 }, (_, k) => (k * 7919) % 251),
  height: 40,
  width: 60,
}
const preprocess = { size: [16, 20] } as const
const before = photograph.data.slice()

const augmented = (
  image: Pixels,
  augment: readonly Augmentation[],
  preprocess: Preprocess,
  draws: Random,
): ReturnType<typeof augmentedImage> => augmentedImage(image, drawn(image, augment, preprocess, draws))

describe('an augmented image', () => {
  it('is as the preprocessing makes it without augmentation', () => {
    expect(augmented(photograph, [], preprocess, random(0))).toEqual(fitPixels(photograph, preprocess))
  })

  it.each<[string, readonly Augmentation[]]>([
    ['random-crop', [{ kind: 'random-crop', resize_to: 24 }]],
    ['random-resized-crop', [{ kind: 'random-resized-crop' }]],
    ['pad-and-crop', [{ kind: 'pad-and-crop', padding: 4 }]],
    ['flip', [{ kind: 'flip' }]],
    ['colour-jitter', [{ kind: 'colour-jitter', brightness: 0.4, contrast: 0.4, saturation: 0.4 }]],
    ['pca-lighting', [{ kind: 'pca-lighting', std: 0.1 }]],
    ['all at once', [{ kind: 'random-crop', resize_to: 24 }, ...recipes.imagenet.augment.slice(1), { kind: 'flip' }]],
  ])('by %s has the network’s extents, follows from the seed, and differs between seeds', (_, augment) => {
    const seen = Array.from({ length: 12 }, (_, seed) => augmented(photograph, augment, preprocess, random(seed)))
    for (const { data, height, width } of seen) expect([data.length, height, width]).toEqual([960, 16, 20])
    expect(augmented(photograph, augment, preprocess, random(3))).toEqual(seen[3])
    expect(new Set(seen.map(({ data }) => data.join())).size).toBeGreaterThan(1)
    expect(photograph.data).toEqual(before)
  })

  it('is flipped in about one of two', () => {
    const straight = fitPixels(photograph, preprocess)
    const flips = Array.from({ length: 400 }, (_, seed) => {
      const { data } = augmented(photograph, [{ kind: 'flip' }], preprocess, random(seed))
      const isFlipped = data.join() === flipped(straight).data.join()
      expect(isFlipped || data.join() === straight.data.join()).toBe(true)
      return isFlipped
    }).filter(Boolean).length
    expect(flips).toBeGreaterThan(150)
    expect(flips).toBeLessThan(250)
  })
})

describe('augmentation', () => {
  it('is refused where its crop does not fit', () => {
    const augment: readonly Augmentation[] = [{ kind: 'random-crop', resize_to: 19 }, { kind: 'flip' }]
    expect(checkAugmentation(augment, preprocess)).toMatchObject({
      left: [{ tag: 'bad-augmentation', where: 'augment[0]', seen: 'random-crop with resize_to 19' }],
    })
    expect(checkAugmentation(augment, { size: [16, 19] })).toEqual(E.right(augment))
  })
})

describe('what goes with an image', () => {
  const [height, width] = [12, 15]
  const size = [height, width] as const
  /** Numbers of pixels, below the number of a pixel without a class. */
  const mask = { data: Uint8Array.from({ length: height * width }, (_, k) => k + 1), height, width }
  const image: Pixels = {
    data: Uint8Array.from({ length: 3 * height * width }, (_, k) => mask.data[Math.floor(k / 3)]),
    height,
    width,
  }
  const twice: Pixels = {
    data: Uint8Array.from({ length: 12 * height * width }, (_, k) => {
      const [y, x] = [Math.floor(k / (6 * width)), Math.floor(k / 3) % (2 * width)]
      return mask.data[Math.floor(y / 2) * width + Math.floor(x / 2)]
    }),
    height: 2 * height,
    width: 2 * width,
  }
  const recolour: Augmentation = { kind: 'colour-jitter', brightness: 0.5 }
  const moves: readonly (readonly [string, readonly [number, number], readonly Augmentation[]])[] = [
    ['nothing', size, []],
    ['pad-and-crop', size, [{ kind: 'pad-and-crop', padding: 5 }]],
    ['flip, after and before others', size, [{ kind: 'flip' }, { kind: 'pad-and-crop', padding: 2 }, { kind: 'flip' }]],
    ['random-crop of the image as it is', [6, 7], [{ kind: 'random-crop' }, { kind: 'flip' }]],
  ]
  const seeds = Array.from({ length: 20 }, (_, seed) => seed)

  it.each(moves)('moves as it by %s', (_, size, augment) => {
    const [rows, columns] = size
    for (const seed of seeds) {
      const moved = drawn(image, augment, { size }, random(seed))
      const [own, large, held] = [
        augmentedImage(image, moved),
        augmentedImage(twice, moved, 2),
        augmentedMask(mask, moved),
      ]
      expect([own.height, own.width, large.height, large.width, held.height, held.width]).toEqual([
        ...[rows, columns, 2 * rows, 2 * columns, rows, columns],
      ])
      // Black has no class, and each pixel is four of the larger one.
      expect([...held.data].map(number => (number === 255 ? 0 : number))).toEqual(
        Array.from(held.data, (_, k) => own.data[3 * k]),
      )
      expect([...large.data]).toEqual(
        Array.from(large.data, (_, k) => {
          const [y, x] = [Math.floor(k / (6 * columns)), Math.floor(k / 3) % (2 * columns)]
          return own.data[3 * (Math.floor(y / 2) * columns + Math.floor(x / 2))]
        }),
      )
    }
  })

  it.each<Augmentation>([
    { kind: 'random-crop', resize_to: 9 },
    { kind: 'random-resized-crop', scale: [0.3, 1] },
  ])('is looked at where it is, by the nearest pixel of a mask: %j', augmentation => {
    const left = Uint8Array.from({ length: height * width }, (_, k) => (k % width < 7 ? 40 : 200))
    const split: Pixels = {
      data: Uint8Array.from({ length: 3 * left.length }, (_, k) => left[Math.floor(k / 3)]),
      height,
      width,
    }
    for (const seed of seeds) {
      const moved = drawn(split, [augmentation], { size: [8, 8] }, random(seed))
      const [own, held] = [augmentedImage(split, moved), augmentedMask({ data: left, height, width }, moved)]
      // Bilinear pixels lie between the halves only where they meet.
      const apart = [...held.data].filter((number, k) => Math.abs(own.data[3 * k] - number) > 80).length
      expect(apart, `seed ${seed}`).toBe(0)
    }
  })

  it('keeps its classes where colours change, and draws the same places', () => {
    for (const seed of seeds) {
      const changed = drawn(image, [recolour, { kind: 'flip' }], { size }, random(seed))
      const held = augmentedMask(mask, changed)
      expect([mask.data.join(), flipped(mask).data.join()]).toContain(held.data.join())
      const brightness = augmentedImage(image, changed).data[3 * 20] / held.data[20]
      for (let k = 0; k < held.data.length; k++)
        expect(augmentedImage(image, changed).data[3 * k]).toBeCloseTo(Math.min(255, brightness * held.data[k]), 3)
    }
  })
})
