import { describe, expect, test } from 'vitest'
import { builder, mapType, printType, type Reduction, reductions, sharedType, vectorType } from '../../ir/index.ts'
import { apply, integers, numbers, type Operand, operand, typing } from './apply.ts'

const softmax = (logits: readonly number[]): readonly number[] => {
  const largest = Math.max(...logits)
  const e = logits.map(x => Math.exp(x - largest))
  const total = e.reduce((a, b) => a + b)
  return e.map(x => x / total)
}

const normalized = (p: readonly number[]): readonly number[] => p.map(x => x / p.reduce((a, b) => a + b))

/** The reductions in probabilities, as DESIGN has them. */
const literal: { readonly [R in Reduction]: (variants: readonly (readonly number[])[]) => readonly number[] } = {
  max: variants => normalized(variants[0].map((_, i) => Math.max(...variants.map(v => softmax(v)[i])))),
  sum: variants => normalized(variants[0].map((_, i) => variants.reduce((a, v) => a + softmax(v)[i], 0))),
  geo: variants => softmax(variants[0].map((_, i) => variants.reduce((a, v) => a + v[i], 0) / variants.length)),
}

const answer = (
  reduction: Reduction,
  variants: readonly Operand[],
  multiplicity?: readonly number[],
): readonly number[] =>
  softmax(numbers(apply('Combine', { reduction, multiplicity: multiplicity ?? variants.map(() => 1) }, ...variants)))

const close = (actual: readonly number[], expected: readonly number[]): void => {
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i], 12)
}

const v = (...logits: readonly number[]): Operand => operand(vectorType(logits.length), logits)

describe('Softmax', () => {
  test('probabilities and their logarithms, without overflow', () => {
    close(numbers(apply('Softmax', { log: false }, v(0, Math.log(3)))), [0.25, 0.75])
    close(numbers(apply('Softmax', { log: true }, v(1000, -1000))), [0, -2000])
    const two = operand(vectorType(2), [0, 0, 1000, 1000])
    close(numbers(apply('Softmax', { log: false }, two)), [0.5, 0.5, 0.5, 0.5])
  })

  test('types', () => {
    expect(typing('Softmax', { log: false }, vectorType(3))).toBe('Vector[3]')
    expect(typing('Softmax', { log: false }, mapType(2, 4, 3))).toBe('Map[2,4,3]')
    expect(typing('Softmax', { log: false }, sharedType([3]))).toBeNull()
  })
})

describe('Combine', () => {
  const [a, b, c] = [v(1, 2, 3), v(3, -1, 0), v(0, 0, 1)]
  const raw = [a, b, c].map(x => numbers(x.value))

  test.each(reductions)('%s is the formula in probabilities', reduction => {
    close(answer(reduction, [a, b, c]), literal[reduction](raw))
    close(answer(reduction, [a]), softmax(raw[0]))
  })

  test.each(reductions)('%s with multiplicities counts copies', reduction => {
    close(answer(reduction, [a, b], [2, 1]), answer(reduction, [a, a, b]))
  })

  test('scores are log-probabilities under sum and max, and mean logits under geo', () => {
    const scores = (reduction: Reduction) =>
      numbers(apply('Combine', { reduction, multiplicity: [2, 1, 1] }, a, b, a)).map(x =>
        reduction === 'geo' ? x : Math.exp(x),
      )
    const [p, q] = [a, b].map(x => softmax(numbers(x.value)))
    close(
      scores('sum'),
      p.map((x, i) => (3 * x + q[i]) / 4),
    )
    close(
      scores('max'),
      p.map((x, i) => Math.max(x, q[i])),
    )
    close(
      scores('geo'),
      raw[0].map((x, i) => (3 * x + raw[1][i]) / 4),
    )
  })

  test('max disregards copies', () => {
    close(answer('max', [a, b], [5, 1]), answer('max', [a, b]))
  })

  test.each(reductions)('%s stays finite on extreme logits, and right', reduction => {
    const [x, y] = [v(1000, -1000, 0), v(-1000, 1000, 0)]
    const scores = numbers(apply('Combine', { reduction, multiplicity: [1, 1] }, x, y))
    expect(scores.every(Number.isFinite)).toBe(true)
    close(softmax(scores), reduction === 'geo' ? [1 / 3, 1 / 3, 1 / 3] : [0.5, 0.5, 0])
  })

  test.each(reductions)('%s works example by example', reduction => {
    const [x, y] = [integers(vectorType(3), 1, 2), integers(vectorType(3), 2, 2)]
    const both = numbers(apply('Combine', { reduction, multiplicity: [1, 1] }, x, y))
    const second = [x, y].map(o => v(...numbers(o.value).slice(3)))
    expect(both.slice(3)).toEqual(numbers(apply('Combine', { reduction, multiplicity: [1, 1] }, ...second)))
  })

  test('types', () => {
    const one = { reduction: 'max', multiplicity: [1] } as const
    const two = { reduction: 'max', multiplicity: [1, 1] } as const
    expect(typing('Combine', two, vectorType(3), vectorType(3))).toBe('Vector[3]')
    expect(typing('Combine', two, vectorType(3), vectorType(4))).toBeNull()
    expect(typing('Combine', one, vectorType(3), vectorType(3))).toBeNull()
    expect(typing('Combine', one, mapType(2, 4, 3))).toBe('Map[2,4,3]')
    expect(typing('Combine', one, sharedType([3]))).toBeNull()
    expect(typing('Combine', { reduction: 'max', multiplicity: [] })).toBeNull()
  })
})

test('types of Branch, Undo and Reduce', () => {
  const branch = (...transforms: Parameters<typeof typing<'Branch'>>[1]['transforms']) => ({ axis: 'a', transforms })
  const [id, rot90] = [
    { kind: 'd4', element: 'id' },
    { kind: 'd4', element: 'rot90' },
  ] as const
  expect(typing('Branch', branch(id, rot90), mapType(4, 4, 2))).toBe('Map[4,4,2]')
  expect(typing('Branch', branch(rot90), mapType(4, 3, 2))).toBe('Map[3,4,2]')
  expect(typing('Branch', branch(id, rot90), mapType(4, 3, 2))).toBeNull()
  expect(typing('Branch', branch(), mapType(4, 4, 2))).toBeNull()
  expect(typing('Branch', branch(id), vectorType(2))).toBeNull()
  expect(typing('Branch', branch({ kind: 'scale', factor: 0 }), mapType(4, 4, 2))).toBeNull()
  expect(typing('Branch', branch({ kind: 'scale', factor: 0.5 }), mapType(4, 4, 2))).toBe('Map[4,4,2]')
  expect(typing('Reduce', { reduction: 'max' }, vectorType(2))).toBe('Vector[2]')
  expect(typing('Reduce', { reduction: 'max' }, mapType(4, 4, 2))).toBe('Map[4,4,2]')
  expect(typing('Reduce', { reduction: 'median-of-values' }, sharedType([2]))).toBeNull()
  const b = builder('branched')
  const branched = b.branch(b.input('x', mapType(4, 4, 3)), 'a', [id, rot90])
  expect(printType(b.typeOf(b.undo(branched, 'a', [id, rot90], [[0, 2]])))).toBe('Map[4,4,3]')
  expect(() => b.undo(branched, 'b', [id, rot90])).toThrow(/2 transforms on variant axis b/)
  expect(() => b.undo(branched, 'a', [id])).toThrow(/1 transforms on variant axis a/)
  expect(() => b.undo(branched, 'a', [id, rot90], [[0, 3]])).toThrow(/channel 3 among the pairs/)
  expect(() => b.undo(branched, 'a', [id, rot90], [[1, 1]])).toThrow(/channel 1 among the pairs/)
  expect(() => b.undo(b.flatten(branched), 'a', [id, rot90])).toThrow(/a Map as input/)
  const [mask, whole, other] = [
    [4, 4, 1],
    [1, 1, 1],
    [4, 4, 3],
  ].map(shape => b.parameter(`${shape}`, shape))
  expect(printType(b.typeOf(b.reduce(branched, 'geo', [mask, whole])))).toBe('Map[4,4,3]')
  expect(() => b.reduce(branched, 'geo', [mask])).toThrow(/1 masks for 2 variants/)
  expect(() => b.reduce(branched, 'geo', [mask, other])).toThrow(/a mask Shared\[4,4,3\] for Map\[4,4,3\]/)
  expect(() => b.reduce(b.flatten(branched), 'geo', [mask, mask])).toThrow(/a mask/)
})

test('types of Stack and Unstack', () => {
  expect(typing('Stack', {}, vectorType(2), vectorType(2))).toBe('Vector[2]')
  expect(typing('Stack', {}, vectorType(2), vectorType(3))).toBeNull()
  expect(typing('Stack', {}, vectorType(2), vectorType(2), mapType(1, 1, 2))).toBeNull()
  expect(typing('Stack', {}, sharedType([2]))).toBeNull()
  const unstack = (index: number) => typing('Unstack', { index, count: 1 }, vectorType(2))
  expect([unstack(-1), unstack(0), unstack(1)]).toEqual([null, 'Vector[2]', null])
})
