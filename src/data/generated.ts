import { either as E } from 'fp-ts'
import type { DataSet } from './data-set.ts'
import { orientationClasses, orientationImage, orientationKnobs } from './orientation.ts'

/** Data sets that are made up when they are read: as many images as one likes, the same for the same seed. */
export const generatedNames = ['orientation'] as const
export type GeneratedName = (typeof generatedNames)[number]

const counts = { train: 50_000, test: 10_000 } as const

/** Figures that stand upright or upside down; a horizontal flip keeps the class. 32 × 32, ten classes. */
export const openGenerated = (_: GeneratedName, split: 'train' | 'test', seed: number): DataSet => {
  const { side } = orientationKnobs
  return {
    name: `orientation ${split}`,
    count: counts[split],
    labelled: true,
    classes: orientationClasses,
    classCount: orientationClasses.length,
    preprocess: { size: [side, side], scale: 1 / 255, mean: [0.5], std: [0.25] },
    identity: async () => E.right(`orientation ${split}, seed ${seed}`),
    read: async (from, to) =>
      E.right(
        Array.from({ length: to - from }, (_, k) => {
          const { pixels, label } = orientationImage(seed, split, from + k)
          return {
            image: { data: pixels, height: side, width: side },
            label,
            where: `generated:orientation ${split} ${from + k}`,
          }
        }),
      ),
  }
}
