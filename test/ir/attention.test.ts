import { describe, expect, it } from 'vitest'
import { mapType, sharedType, vectorType } from '../../ir/index.ts'
import { apply, numbers, operand, typing } from './apply.ts'

const close = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got).toHaveLength(wanted.length)
  got.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 6)
  })
}

const one = { heads: 1, scale: 1 }

describe('Attention', () => {
  it('weighs values by a softmax over keys', () => {
    const queries = operand(mapType(1, 1, 1), [1])
    const keys = operand(mapType(1, 2, 1), [0, Math.log(3)])
    const values = operand(mapType(1, 2, 2), [4, 0, 8, 1])
    close(numbers(apply('Attention', one, queries, keys, values)), [7, 0.75])
    close(numbers(apply('Attention', { ...one, scale: 0 }, queries, keys, values)), [6, 0.5])
  })

  it('attends to all pairs together, large scores among them', () => {
    const queries = operand(mapType(2, 1, 1), [0, 1000])
    const [keys, values] = [operand(mapType(1, 1, 1), [1]), operand(mapType(1, 1, 1), [2])]
    const [others, found] = [operand(mapType(1, 3, 1), [0, 0, -1]), operand(mapType(1, 3, 1), [4, 6, 8])]
    close(numbers(apply('Attention', one, queries, keys, values, others, found)), [5, 2])
  })

  it('has weights of its own for each head', () => {
    const queries = operand(mapType(1, 1, 2), [1000, -1000])
    const keys = operand(mapType(1, 2, 2), [1, 1, 0, 0])
    const values = operand(mapType(1, 2, 2), [1, 2, 3, 4])
    close(numbers(apply('Attention', { heads: 2, scale: 1 }, queries, keys, values)), [1, 4])
  })

  it('takes maps whose pixels and channels fit', () => {
    const [q, k, v] = [mapType(3, 2, 4), mapType(2, 2, 4), mapType(2, 2, 6)]
    expect(typing('Attention', one, q, k, v)).toBe('Map[3,2,6]')
    expect(typing('Attention', { heads: 2, scale: 1 }, q, k, v, mapType(1, 1, 4), mapType(1, 1, 6))).toBe('Map[3,2,6]')
    expect(typing('Attention', { heads: 4, scale: 1 }, q, k, v)).toBeNull()
    expect(typing('Attention', one, q, mapType(2, 2, 3), v)).toBeNull()
    expect(typing('Attention', one, q, k, mapType(4, 1, 6))).toBeNull()
    expect(typing('Attention', one, q, k, v, mapType(1, 1, 4), mapType(1, 1, 5))).toBeNull()
    expect(typing('Attention', one, q, k, v, k)).toBeNull()
    expect(typing('Attention', one, vectorType(4), k, v)).toBeNull()
    expect(typing('Attention', one, q, k, sharedType([2, 2, 6]))).toBeNull()
  })
})
