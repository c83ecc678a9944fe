import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rankOf } from '../../../../src/execute/score.ts'
import { mcNemar } from '../../../../src/experiment/mcnemar.ts'
import { viewsOf } from '../../../../src/experiment/views/views.ts'

const rows = (...values: readonly (readonly number[])[]): Float32Array => Float32Array.from(values.flat())
const log = Math.log

/** Five images of three classes; `id` answers 0 1 2 0 0, `flip` 0 1 1 1 1. */
const labels = [0, 1, 2, 1, 0]
const id = rows([9, 0, 0], [0, 9, 0], [0, 0, 2], [1, 0, 0], [1, 0, 0])
const flip = rows([9, 0, 0], [0, 9, 0], [0, 5, 0], [0, 4, 0], [0, 3, 0])
const input = {
  labels,
  classes: 3,
  vanilla: id,
  views: [
    { variant: 'id', times: 1, logits: id },
    { variant: 'flip@0', times: 1, logits: flip },
  ],
  reduction: 'geo' as const,
}

describe('per-view analysis', () => {
  const views = viewsOf(input)

  it('finds the images that the plan turns right and wrong', () => {
    // geo: means of logits, whose best classes are 0 1 1 1 1.
    expect(views.vanilla.wrong).toBe(1)
    expect(views.plan.wrong).toBe(2)
    expect(views.won.map(({ index, label }) => [index, label])).toEqual([[3, 1]])
    expect(views.won[0]).toMatchObject({ vanilla: { predicted: 0 }, plan: { predicted: 1 } })
    expect(views.lost.map(({ index, vanilla, plan }) => [index, vanilla.predicted, plan.predicted])).toEqual([
      [2, 2, 1],
      [4, 0, 1],
    ])
    expect(views.pValue).toBe(1)
  })

  it('puts the clearest first, by margins of probabilities', () => {
    const share = (a: number, ...others: readonly number[]): number =>
      Math.exp(a) / [a, ...others].reduce((sum, x) => sum + Math.exp(x), 0)
    const [first, second] = views.lost
    expect(first.plan.margin).toBeLessThan(second.plan.margin)
    expect(first.plan.margin).toBeCloseTo(share(1, 2.5, 0) - share(2.5, 1, 0), 10)
    expect(first.vanilla.margin).toBeCloseTo(share(2, 0, 0) - share(0, 2, 0), 10)
    for (const { vanilla, plan } of views.won) expect(vanilla.margin < 0 && plan.margin > 0).toBe(true)
  })

  it('counts by class, without classes of which none turned', () => {
    expect(views.byClass).toEqual([
      { class: 1, images: 2, won: 1, lost: 0, net: 1, pValue: 1 },
      { class: 0, images: 2, won: 0, lost: 1, net: -1, pValue: 1 },
      { class: 2, images: 1, won: 0, lost: 1, net: -1, pValue: 1 },
    ])
  })

  it('puts classes in the order of what speaks for a gain: four of four before five of seven', () => {
    const turned = (label: number, won: number, lost: number): readonly (readonly [number, boolean])[] => [
      ...Array.from({ length: won }, () => [label, true] as const),
      ...Array.from({ length: lost }, () => [label, false] as const),
    ]
    const images = [...turned(0, 6, 1), ...turned(1, 4, 0), ...turned(2, 0, 2)]
    const answers = (right: (won: boolean) => boolean): Float32Array =>
      rows(...images.map(([label, won]) => [0, 1, 2, 3].map(c => Number(c === (right(won) ? label : 3)))))
    const { byClass } = viewsOf({
      labels: images.map(([label]) => label),
      classes: 4,
      vanilla: answers(won => !won),
      views: [{ variant: 'flip@0', times: 1, logits: answers(won => won) }],
      reduction: 'geo',
    })
    expect(byClass.map(({ class: label, net }) => [label, net])).toEqual([
      [1, 4],
      [0, 5],
      [2, -2],
    ])
  })

  it('says what each variant does by itself, and where they disagree', () => {
    expect(views.views.map(({ variant, error, agreementPercent }) => [variant, error.wrong, agreementPercent])).toEqual(
      [
        ['id', 1, 40],
        ['flip@0', 2, 100],
      ],
    )
    expect(views.disagreementPercent).toEqual([
      [0, 60],
      [60, 0],
    ])
    expect(views.disputed.map(({ index }) => index)).toEqual([2, 3, 4])
    expect(views.disputed[0].answers).toEqual([2, 1])
    expect(views.disputed.every(({ distance }) => distance > 0 && distance < 1)).toBe(true)
  })

  it('measures disagreement as the mean total variation from the mean', () => {
    const a = rows([log(0.8), log(0.2)])
    const b = rows([log(0.4), log(0.6)])
    const one = (times: number) =>
      viewsOf({
        labels: [0],
        classes: 2,
        vanilla: a,
        views: [
          { variant: 'id', times, logits: a },
          { variant: 'flip@0', times: 1, logits: b },
        ],
        reduction: 'geo',
      }).disputed[0].distance
    expect(one(1)).toBeCloseTo(0.2, 6)
    // With the first twice, the mean is 2/3: distances of 2/15 twice and 4/15 once.
    expect(one(2)).toBeCloseTo((2 / 15 + 2 / 15 + 4 / 15) / 3, 6)
  })

  it('reduces as often as the plan has a variant', () => {
    const [a, b] = [rows([2, 0]), rows([0, 3])]
    const under = (times: number) =>
      viewsOf({
        ...input,
        labels: [0],
        classes: 2,
        vanilla: a,
        views: [
          { variant: 'id', times, logits: a },
          { variant: 'flip@0', times: 1, logits: b },
        ],
      }).plan.wrong
    expect([under(1), under(2)]).toEqual([1, 0])
  })

  it('agrees with counting, whatever the logits', () => {
    const logits = fc
      .array(fc.integer({ min: -3, max: 3 }), { minLength: 24, maxLength: 24 })
      .map(v => Float32Array.from(v))
    const labelled = fc.array(fc.nat(2), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(
        logits,
        logits,
        labelled,
        fc.constantFrom('max' as const, 'sum' as const, 'geo' as const),
        (a, b, labels, reduction) => {
          const views = viewsOf({
            labels,
            classes: 3,
            vanilla: a,
            views: [
              { variant: 'id', times: 1, logits: a },
              { variant: 'flip@0', times: 1, logits: b },
            ],
            reduction,
          })
          expect(views.vanilla.wrong - views.plan.wrong).toBe(views.won.length - views.lost.length)
          expect(views.byClass.reduce((sum, { net }) => sum + net, 0)).toBe(views.won.length - views.lost.length)
          expect(views.vanilla.wrong).toBe(labels.filter((label, row) => rankOf(a, row, 3, label) > 0).length)
          expect(views.disputed.length).toBe(Math.round((views.disagreementPercent[0][1] * 8) / 100))
        },
      ),
    )
  })
})

describe("McNemar's exact test", () => {
  it('sums the tails of fair coins', () => {
    expect(mcNemar(0, 0)).toBe(1)
    expect(mcNemar(5, 0)).toBeCloseTo(2 / 32, 12)
    expect(mcNemar(1, 5)).toBeCloseTo((2 * (1 + 6)) / 64, 12)
    expect(mcNemar(3, 3)).toBe(1)
    expect(mcNemar(400, 300)).toBeCloseTo(0.00017847631448562445, 12)
  })
})
