import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FittedTarget } from '../../../src/data/index.ts'
import type { Answered, Measuring } from '../../../src/measures/measure.ts'
import { multiLabel } from '../../../src/measures/multi-label.ts'
import { regression } from '../../../src/measures/regression.ts'
import { restoration } from '../../../src/measures/restoration.ts'
import { retrieval } from '../../../src/measures/retrieval.ts'
import { segmentation } from '../../../src/measures/segmentation.ts'

/** What scikit-image and scikit-learn say; make.py beside it says of what. */
const figures = JSON.parse(readFileSync(new URL('figures.json', import.meta.url), 'utf8'))

type One = readonly [answer: Pick<Answered, 'kind' | 'shape'> & { values: readonly number[] }, target: FittedTarget]

const measured = ({ one, sum, check, measures }: Measuring, of: readonly One[]) => {
  const parts = of.map(([answer, target]) =>
    one({ preprocess: { size: [1, 1] }, ...answer, values: Float32Array.from(answer.values) }, target, 'it'),
  )
  // Summed in two ways, as parts of an evaluation are.
  const whole = sum([sum(parts.slice(0, 1)), ...parts.slice(1)])
  expect(JSON.parse(JSON.stringify(whole))).toEqual(whole)
  check?.(whole)
  return Object.fromEntries(Object.entries(measures).map(([name, { of }]) => [name, of(whole)]))
}

const [h, w] = [11, 13]
const truthOf = (channels: number): Uint8Array =>
  Uint8Array.from({ length: h * w * channels }, (_, k) => (k * k * 31 + k * 21 + 303) % 251)
const noisy = (truth: Uint8Array): readonly number[] =>
  Array.from(truth, (value, k) => Math.min(255, Math.max(0, value + ((k * 13) % 41) - 20)))

describe('images that are to be had back', () => {
  it.each(figures.restored as readonly { channels: number; psnr: number; ssim: number }[])(
    'have the PSNR and the SSIM of scikit-image, %o',
    ({ channels, psnr, ssim }) => {
      const data = truthOf(channels)
      const found = measured(restoration, [
        [
          { kind: 'map-values', shape: [h, w, channels], values: noisy(data) },
          { kind: 'image', size: [h, w], data },
        ],
      ])
      expect(found.psnr_db).toBeCloseTo(psnr, 6)
      expect(found.ssim).toBeCloseTo(ssim, 7)
    },
  )

  it('are pixels again before they are compared: normalization is undone, and what is no pixel cut off', () => {
    const preprocess = { size: [1, 1] as const, scale: 1 / 255, mean: [0.5, 0, 0.25], std: [0.5, 1, 1] }
    const values = Float32Array.of(-1, 1, 0.75, 3, -1, -0.25)
    const answer: Answered = { kind: 'map-values', shape: [1, 2, 3], values, preprocess }
    const data = Uint8Array.of(0, 255, 255, 255, 0, 0)
    const sum = restoration.one(answer, { kind: 'image', size: [1, 2], data }, 'it')
    expect(restoration.measures.psnr_db.of(sum)).toBe(100)
    // Smaller than a window.
    expect(restoration.measures.ssim.of(sum)).toBeUndefined()
  })

  it('are not compared with images of other extents', () => {
    const answer = { kind: 'map-values', shape: [1, 2, 1], values: [0, 0] } as const
    const target = { kind: 'image', size: [2, 1], data: new Uint8Array(2) } as const
    expect(() => measured(restoration, [[answer, target]])).toThrow(/answer of 1 × 2 for an image of 2 × 1/)
  })
})

const classesOf = (n: number, count: number, seed: number): readonly number[] =>
  Array.from({ length: n }, (_, k) => ((k * k * seed + k * 3) % 7) % count)
const oneHot = (classes: readonly number[], count: number): readonly number[] =>
  classes.flatMap(own => Array.from({ length: count }, (_, k) => (k === own ? 1 : 0)))

describe('masks', () => {
  const [truth, seen] = [classesOf(200, 4, 5), classesOf(200, 4, 8)]
  const part = (from: number, to: number): One => [
    { kind: 'map-classes', shape: [1, to - from, 4], values: oneHot(seen.slice(from, to), 4) },
    { kind: 'mask', size: [1, to - from], data: Uint8Array.from(truth.slice(from, to)) },
  ]

  it('have the mean IoU and the accuracy of scikit-learn, over all images together', () => {
    const found = measured(segmentation, [part(0, 20), part(20, 80), part(80, 200)])
    expect(found.mean_iou_percent).toBeCloseTo(100 * figures.segmented.mean_iou, 9)
    expect(found.pixel_accuracy_percent).toBeCloseTo(100 * figures.segmented.accuracy, 9)
  })

  it('leave pixels of no class out, and classes that are neither there nor answered', () => {
    const answer = { kind: 'map-classes', shape: [1, 3, 4], values: oneHot([1, 1, 2], 4) } as const
    const mask = { kind: 'mask', size: [1, 3], data: Uint8Array.of(1, 2, 255) } as const
    // Class 1: one of two; class 2: none of one.
    expect(measured(segmentation, [[answer, mask]])).toEqual({ mean_iou_percent: 25, pixel_accuracy_percent: 50 })
  })

  it('of one label hold where its probability is above a half; a smaller map stands for squares', () => {
    const answer = { kind: 'map-labels', shape: [1, 2, 1], values: [0.9, 0.2] } as const
    const mask = { kind: 'mask', size: [2, 4], data: Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 1) } as const
    expect(measured(segmentation, [[answer, mask]]).pixel_accuracy_percent).toBe(87.5)
  })

  it('with a class that the network does not have are refused', () => {
    const answer = { kind: 'map-classes', shape: [1, 1, 2], values: [1, 0] } as const
    expect(() => measured(segmentation, [[answer, { kind: 'mask', size: [1, 1], data: Uint8Array.of(2) }]])).toThrow(
      /class 2.*classes below 2/s,
    )
  })

  it('whose foreground would count as no class are refused', () => {
    const answer = { kind: 'map-labels', shape: [1, 3, 1], values: [0.9, 0.2, 0.8] } as const
    const mask = (...classes: number[]) => ({ kind: 'mask', size: [1, 3], data: Uint8Array.from(classes) }) as const
    expect(() => measured(segmentation, [[answer, mask(255, 0, 255)]])).toThrow('write the foreground as 1')
    const found = measured(segmentation, [
      [answer, mask(255, 0, 0)],
      [answer, mask(1, 0, 255)],
    ])
    expect(found.pixel_accuracy_percent).toBe(75)
  })
})

describe('columns of numbers', () => {
  const scores = Array.from({ length: 60 }, (_, k) => ((k * 37 + k * k * 11) % 17) / 17)
  const holds = Array.from({ length: 60 }, (_, k) => ((k * 29 + k * k * 5) % 11 < 4 ? 1 : 0))

  it('of labels have the mean average precision and the F1 of scikit-learn', () => {
    const found = measured(
      multiLabel,
      Array.from({ length: 20 }, (_, k): One => {
        const of = <A>(all: readonly A[]): readonly A[] => all.slice(3 * k, 3 * k + 3)
        return [
          { kind: 'labels', shape: [3], values: of(scores) },
          { kind: 'numbers', values: of(holds) },
        ]
      }),
    )
    expect(found.mean_average_precision_percent).toBeCloseTo(100 * figures.labelled.average_precision, 9)
    expect(found.f1_percent).toBeCloseTo(100 * figures.labelled.f1, 9)
  })

  it('of labels are 0 or 1', () => {
    expect(() =>
      measured(multiLabel, [
        [
          { kind: 'labels', shape: [1], values: [0.5] },
          { kind: 'numbers', values: [2] },
        ],
      ]),
    ).toThrow(/2 for a label/)
  })

  it('of a regression have the mean of absolute errors', () => {
    const ones: readonly One[] = [
      [
        { kind: 'values', shape: [2], values: [1, 2] },
        { kind: 'numbers', values: [0, 4] },
      ],
      [
        { kind: 'values', shape: [2], values: [1, 2] },
        { kind: 'numbers', values: [1, 3] },
      ],
    ]
    expect(measured(regression, ones)).toEqual({ mean_absolute_error: 1 })
  })
})

describe('embeddings', () => {
  const at = (index: number, angle: number, length = 1): One => [
    { kind: 'embedding', shape: [2], values: [length * Math.cos(angle), length * Math.sin(angle)] },
    { kind: 'class', index },
  ]

  it('have the share of images that are nearest to one of their class, of those whose class has another', () => {
    // By the angle, however long; the third is nearer to the first pair, the last is alone in its class.
    const found = measured(retrieval, [at(0, 0), at(0, 0.1, 50), at(1, 0.4), at(1, 1), at(2, 3)])
    expect(found).toEqual({ recall_at_1_percent: 75 })
  })

  it('have none where every class has one image', () => {
    expect(measured(retrieval, [at(0, 0), at(1, 0)])).toEqual({ recall_at_1_percent: undefined })
  })
})
