import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { random } from '../../../../src/base/random.ts'
import { fitPixels, type Pixels } from '../../../../src/data/index.ts'
import { augmented, checkAugmentation } from '../../../../src/train/augmentation/augment.ts'
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
