import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CertaintyMeasure, certaintyMeasures, mapType, sharedType, type Type, vectorType } from '../../ir/index.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

const certainty = (measure: CertaintyMeasure, classes: number, ...logits: readonly number[]): readonly number[] =>
  numbers(apply('Certainty', { measure }, operand(vectorType(classes), logits)))

/** The measures in probabilities. */
const literal: { readonly [M in CertaintyMeasure]: (p: readonly number[]) => number } = {
  margin: p => {
    const [first, second] = [...p].sort((a, b) => b - a)
    return first - second
  },
  probability: p => Math.max(...p),
  entropy: p => 1 + p.reduce((sum, x) => sum + x * Math.log(x), 0) / Math.log(p.length),
}

const logits = fc.array(fc.double({ min: -15, max: 15, noNaN: true }), { minLength: 2, maxLength: 6 })

describe.each(certaintyMeasures)('Certainty by %s', measure => {
  const of = (...row: readonly number[]): number => certainty(measure, row.length, ...row)[0]

  test('is the formula in probabilities, from 0 to 1, whatever the order of the classes and the level of the logits', () => {
    fc.assert(
      fc.property(logits, row => {
        const powers = row.map(Math.exp)
        const total = powers.reduce((a, b) => a + b)
        const value = of(...row)
        expect(value).toBeCloseTo(literal[measure](powers.map(x => x / total)), 10)
        expect(value).toBeGreaterThanOrEqual(-1e-12)
        expect(value).toBeLessThanOrEqual(1)
        expect(of(...row.toReversed().map(x => x + 700))).toBeCloseTo(value, 10)
      }),
    )
  })

  test('is one number for each example, of its own logits', () => {
    const rows = [1, 2, 4, 3, 3, -1]
    const result = apply('Certainty', { measure }, operand(vectorType(3), rows))
    expect(result).toEqual({ shape: [2, 1], data: Float64Array.of(of(1, 2, 4), of(3, 3, -1)) })
  })

  test('is 1 of one class, and where all others are impossible', () => {
    expect(of(-3)).toBe(1)
    expect(of(Number.NEGATIVE_INFINITY, 5, Number.NEGATIVE_INFINITY)).toBe(1)
    expect(of(0, 2000)).toBe(1)
  })

  test('is NaN where a logit is, or where logits have no softmax, and only there', () => {
    const none = Number.NEGATIVE_INFINITY
    for (const row of [[Number.NaN], [Number.NaN, 0], [0, 9, Number.NaN], [Number.POSITIVE_INFINITY, 0], [none, none]])
      expect(of(...row)).toBeNaN()
    expect(certainty(measure, 2, 0, Number.NaN, 0, 2000)).toEqual([Number.NaN, 1])
  })

  test('types', () => {
    expect(typing('Certainty', { measure }, vectorType(7))).toBe('Vector[1]')
    expect(typing('Certainty', { measure }, mapType(1, 1, 7))).toBeNull()
    expect(typing('Certainty', { measure }, sharedType([7]))).toBeNull()
  })
})

test('measures of a half, three tenths and a fifth; of ties; of nothing known', () => {
  const some = [0.5, 0.3, 0.2].map(Math.log)
  expect(certainty('margin', 3, ...some)[0]).toBeCloseTo(0.2, 12)
  expect(certainty('probability', 3, ...some)[0]).toBeCloseTo(0.5, 12)
  expect(certainty('entropy', 3, ...some)[0]).toBeCloseTo(0.0627694, 6)
  expect(certainty('margin', 3, 4, 1, 4)).toEqual([0])
  expect(certainty('probability', 3, 4, Number.NEGATIVE_INFINITY, 4)[0]).toBeCloseTo(0.5, 12)
  expect(certainty('entropy', 3, 4, Number.NEGATIVE_INFINITY, 4)[0]).toBeCloseTo(1 - Math.log(2) / Math.log(3), 12)
  const unknown = [2, 2, 2, 2]
  expect(certainty('margin', 4, ...unknown)).toEqual([0])
  expect(certainty('probability', 4, ...unknown)[0]).toBeCloseTo(0.25, 12)
  expect(certainty('entropy', 4, ...unknown)[0]).toBeCloseTo(0, 12)
})

describe('Select', () => {
  const types: readonly Type[] = [vectorType(3), mapType(2, 1, 2)]
  const chosen = (type: Type, below: number, certainties: readonly number[]) => {
    const of = (seed: number) => integers(type, seed, certainties.length)
    const [kept, deeper] = [of(1), of(2)]
    const result = apply('Select', { below }, operand(vectorType(1), certainties), kept, deeper)
    expect(result.shape).toEqual(kept.value.shape)
    const each = result.data.length / certainties.length
    const row = (of: typeof kept, at: number) => numbers(of.value).slice(at * each, (at + 1) * each)
    return {
      result: numbers(result),
      row: { kept: (at: number) => row(kept, at), deeper: (at: number) => row(deeper, at) },
    }
  }

  test.each(types)(
    'goes deeper below the threshold, and keeps the answer at it, above it and where it is NaN: %o',
    type => {
      const { result, row } = chosen(type, 0.5, [0.5, 0.4999999, Number.NaN, 0, 1])
      expect(result).toEqual([...row.kept(0), ...row.deeper(1), ...row.kept(2), ...row.deeper(3), ...row.kept(4)])
    },
  )

  test('goes nowhere below 0, and everywhere but from NaN below more than 1', () => {
    const certainties = [0, 1, Number.NaN]
    const never = chosen(vectorType(3), 0, certainties)
    expect(never.result).toEqual([0, 1, 2].flatMap(never.row.kept))
    const always = chosen(vectorType(3), 1.5, certainties)
    expect(always.result).toEqual([...always.row.deeper(0), ...always.row.deeper(1), ...always.row.kept(2)])
  })

  test('what is not chosen has no part in the result', () => {
    const bad = [Number.NaN, Number.POSITIVE_INFINITY]
    const of = (...values: readonly number[]) => operand(vectorType(2), values)
    const result = apply('Select', { below: 0.5 }, operand(vectorType(1), [1, 0]), of(1, 2, ...bad), of(...bad, 3, 4))
    expect(numbers(result)).toEqual([1, 2, 3, 4])
  })

  test('types', () => {
    const select = (...of: readonly Type[]) => typing('Select', { below: 0.5 }, ...of)
    const one = vectorType(1)
    expect(select(one, vectorType(3), vectorType(3))).toBe('Vector[3]')
    expect(select(one, mapType(2, 1, 2), mapType(2, 1, 2))).toBe('Map[2,1,2]')
    expect(select(one, vectorType(3), vectorType(4))).toBeNull()
    expect(select(one, vectorType(4), mapType(1, 1, 4))).toBeNull()
    expect(select(one, sharedType([3]), sharedType([3]))).toBeNull()
    expect(select(vectorType(2), vectorType(3), vectorType(3))).toBeNull()
    expect(select(sharedType([1]), vectorType(3), vectorType(3))).toBeNull()
    expect(select(mapType(1, 1, 1), vectorType(3), vectorType(3))).toBeNull()
  })
})
