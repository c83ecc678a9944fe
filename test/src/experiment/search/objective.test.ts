import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { random } from '../../../../src/base/random.ts'
import {
  fitTemperature,
  lossesOf,
  objectiveOf,
  objectives,
  roughObjective,
  scoreOf,
  smoothedErrorsOf,
} from '../../../../src/experiment/search/objective.ts'

const classes = 4
const images = 400
const labels = Array.from({ length: images }, (_, image) => image % classes)

/** Answers that know the label, are off by noise, and are too sure of themselves. */
const answers = (seed: number, sharpness: number): Float64Array => {
  const { normal } = random(seed, 'answers')
  return Float64Array.from(
    { length: images * classes },
    (_, i) => sharpness * ((i % classes === labels[Math.floor(i / classes)] ? 1 : 0) + normal()),
  )
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('fitTemperature', () => {
  it('finds what trying temperatures finds, from wherever it begins', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.double({ min: 0.3, max: 6, noNaN: true }),
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        (seed, sharpness, from) => {
          const scores = answers(seed, sharpness)
          const { temperature, negativeLogLikelihood } = fitTemperature(scores, labels, from)
          for (const other of [0.7, 0.9, 0.99, 1.01, 1.1, 1.5])
            expect(negativeLogLikelihood).toBeLessThanOrEqual(
              mean(lossesOf(scores, labels, other * temperature)) + 1e-7,
            )
          expect(negativeLogLikelihood).toBeCloseTo(mean(lossesOf(scores, labels, temperature)), 9)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('stays finite where every answer is right, and at the price of chance where none says anything', () => {
    const right = Float64Array.from({ length: images * classes }, (_, i) =>
      i % classes === labels[Math.floor(i / classes)] ? 1 : 0,
    )
    expect(fitTemperature(right, labels).negativeLogLikelihood).toBeLessThan(1e-3)
    const blank = fitTemperature(new Float64Array(images * classes), labels)
    expect(blank.negativeLogLikelihood).toBeCloseTo(Math.log(classes), 9)
    expect(Number.isFinite(blank.temperature)).toBe(true)
  })
})

describe('scoreOf', () => {
  it('counts wrong answers and does not mind how sharp they are', () => {
    const soft = scoreOf(answers(1, 1), labels)
    const sharp = scoreOf(answers(1, 3), labels)
    expect(sharp.wrong).toBe(soft.wrong)
    expect(sharp.temperature / soft.temperature).toBeCloseTo(3, 2)
    for (const objective of objectives)
      expect(objectiveOf(sharp, objective)).toBeCloseTo(objectiveOf(soft, objective), 5)
  })

  it('smooths the error: with answers sharp enough it is the error', () => {
    const scores = answers(2, 1)
    const { wrong } = scoreOf(scores, labels)
    expect(mean(smoothedErrorsOf(scores, labels, 1e-6))).toBeCloseTo(wrong / images, 6)
  })
})

describe('roughObjective', () => {
  it.each(objectives)('puts answers in the order of the fitted %s, near the temperature of another', objective => {
    const all = Array.from({ length: 12 }, (_, seed) => answers(seed, 1 + seed / 40))
    const { temperature } = scoreOf(all[0], labels)
    const exact = all.map(scores => objectiveOf(scoreOf(scores, labels), objective))
    const rough = all.map(scores => roughObjective(scores, labels, objective, temperature))
    for (const [k, value] of rough.entries()) expect(value).toBeCloseTo(exact[k], 2)
  })
})
