import { describe, expect, it } from 'vitest'
import { changesOf, measureChanges } from '../../../../src/experiment/measured/changes.ts'
import { describeChange } from '../../../../src/experiment/measured/describe-change.ts'

const error = { name: 'mean_absolute_error', title: 'mean absolute error', unit: '', better: 'lower' } as const
const image = (index: number, value?: number) => ({
  ...{ index, image: `${index}.png` },
  values: (value === undefined ? {} : { mean_absolute_error: value }) as Readonly<Record<string, number>>,
})

describe('measures under a plan and without it', () => {
  const changes = changesOf(
    [error],
    [image(0, 2), image(1, 4), image(2, 3), image(3), image(4, 1)],
    [image(1, 5), image(0, 1), image(2, 3 + 1e-7), image(3, 1)],
  )

  it('are paired by the number of the image, from the most gain to the most loss', () => {
    expect(changes.map(({ index }) => index)).toEqual([0, 3, 2, 1])
  })

  it('count better and worse images by what is better, but for rounding', () => {
    const [change] = measureChanges([error], changes)
    expect(change).toMatchObject({ images: 3, vanilla: 3, won: 1, lost: 1 })
    expect(change.difference).toBeCloseTo(0, 6)
    // Of −1, 0 and 1: the deviation is 1, that of the mean 1/√3.
    const [low, high] = change.differenceInterval as readonly [number, number]
    expect([low, high].map(bound => bound * Math.sqrt(3))).toEqual([expect.closeTo(-1.96, 2), expect.closeTo(1.96, 2)])
    expect(describeChange(change)).toBe(
      'mean absolute error of an image 3.0000 → 3.0000 (+0.0000, 95 % interval −1.1316 to +1.1316), better for 1 of 3, worse for 1.',
    )
  })

  it('are none where no image has them', () => {
    expect(measureChanges([error], changesOf([error], [image(3)], [image(3)]))).toEqual([])
  })
})
