import { describe, expect, it } from 'vitest'
import { type LearningRate, learningRateAt } from '../../../src/train/learning-rate.ts'

const rates = (epochs: number, learning_rate: LearningRate, stepsPerEpoch: number): readonly number[] =>
  Array.from({ length: epochs * stepsPerEpoch }, (_, step) =>
    learningRateAt({ epochs, learning_rate }, { step, stepsPerEpoch }),
  )

const expectClose = (seen: readonly number[], expected: readonly number[]): void => {
  expect(seen.length).toBe(expected.length)
  seen.forEach((rate, k) => {
    expect(rate, `step ${k}`).toBeCloseTo(expected[k], 12)
  })
}

describe('the learning rate', () => {
  it('is constant', () => {
    expect(rates(2, { kind: 'constant', initial: 0.1 }, 3)).toEqual([0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
  })

  it('drops at the starts of epochs, in whatever order they are named', () => {
    const drops = [
      { epoch: 3, divisor: 5 },
      { epoch: 1, divisor: 10 },
    ]
    expectClose(rates(4, { kind: 'step', initial: 0.2, drops }, 2), [0.2, 0.2, 0.02, 0.02, 0.02, 0.02, 0.004, 0.004])
  })

  it('is the paper’s at every epoch of its CIFAR schedule', () => {
    const drops = [
      { epoch: 82, divisor: 10 },
      { epoch: 123, divisor: 10 },
      { epoch: 160, divisor: 5 },
    ]
    const at = (step: number): number =>
      learningRateAt(
        { epochs: 180, learning_rate: { kind: 'step', initial: 0.1, drops } },
        { step, stepsPerEpoch: 391 },
      )
    expectClose(
      [0, 82 * 391 - 1, 82 * 391, 123 * 391 - 1, 123 * 391, 160 * 391 - 1, 160 * 391, 180 * 391 - 1].map(at),
      [0.1, 0.1, 0.01, 0.01, 0.001, 0.001, 0.0002, 0.0002],
    )
  })

  it('follows half a cosine, one point a step', () => {
    const cosine = Array.from({ length: 6 }, (_, k) => 0.01 + 0.01 * Math.cos((Math.PI * k) / 6))
    expectClose(rates(3, { kind: 'cosine', initial: 0.02 }, 2), cosine)
    expect(cosine[3]).toBeCloseTo(0.01, 12)
    expectClose(
      rates(3, { kind: 'cosine', initial: 0.02, final: 0.01 }, 2),
      cosine.map(rate => 0.01 + rate / 2),
    )
    const past = { step: 7, stepsPerEpoch: 2 }
    expect(learningRateAt({ epochs: 3, learning_rate: { kind: 'cosine', initial: 0.02 } }, past)).toBe(0)
  })

  it('goes down in a line, after a rise', () => {
    expectClose(rates(2, { kind: 'linear', initial: 0.8 }, 2), [0.8, 0.6, 0.4, 0.2])
    expectClose(rates(3, { kind: 'linear', initial: 0.8, final: 0.4, warm_up: 1 }, 2), [0.4, 0.8, 0.8, 0.7, 0.6, 0.5])
  })

  it('rises in a line, also over a part of an epoch, and only then goes down', () => {
    expectClose(rates(2, { kind: 'constant', initial: 1, warm_up: 1.5 }, 4), [
      1 / 6,
      2 / 6,
      3 / 6,
      4 / 6,
      5 / 6,
      1,
      1,
      1,
    ])
    expectClose(rates(3, { kind: 'cosine', initial: 1, warm_up: 1 }, 2), [
      0.5,
      1,
      ...[0, 1, 2, 3].map(k => (1 + Math.cos((Math.PI * k) / 4)) / 2),
    ])
    expectClose(
      rates(2, { kind: 'step', initial: 1, drops: [{ epoch: 1, divisor: 2 }], warm_up: 2 }, 2),
      [0.25, 0.5, 0.375, 0.5],
    )
  })

  it('is a number where the warm-up is as long as the training', () => {
    expectClose(rates(1, { kind: 'cosine', initial: 1, warm_up: 5 }, 2), [0.1, 0.2])
  })
})
