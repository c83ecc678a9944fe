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

const inBlocks = { scale: 1, partition: 'blocks' } as const

describe('WindowAttention', () => {
  const own = (values: readonly number[]) => operand(mapType(1, 4, 1), values)

  it('attends to the pixels of a window alone', () => {
    const [zeros, values] = [own([0, 0, 0, 0]), own([1, 3, 5, 9])]
    const none = operand(sharedType([1, 3, 1]), [0, 0, 0])
    close(numbers(apply('WindowAttention', inBlocks, zeros, zeros, values, none)), [2, 2, 7, 7])
    const alone = operand(sharedType([1, 1, 1]), [5])
    close(numbers(apply('WindowAttention', inBlocks, zeros, zeros, values, alone)), [1, 3, 5, 9])
  })

  it('attends to the pixels of a grid as far apart as there are windows', () => {
    const map = (values: readonly number[]) => operand(mapType(1, 6, 1), values)
    const zeros = map([0, 0, 0, 0, 0, 0])
    const left = operand(sharedType([1, 3, 1]), [Math.log(3), 0, 0])
    const inGrid = { scale: 1, partition: 'grid' } as const
    const found = numbers(apply('WindowAttention', inGrid, zeros, zeros, map([1, 3, 5, 9, 7, 6]), left))
    close(found, [7, 6, 5.75, 5, 5, 5.5])
  })

  it('adds the bias of where the query is, seen from the key', () => {
    const [zeros, values] = [own([0, 0, 0, 0]), own([1, 3, 5, 9])]
    const left = operand(sharedType([1, 3, 1]), [Math.log(3), 0, 0])
    close(numbers(apply('WindowAttention', inBlocks, zeros, zeros, values, left)), [2.5, 2, 8, 7])
  })

  it('takes windows by rows and columns, and heads with biases of their own', () => {
    const map = (values: readonly number[]) => operand(mapType(2, 2, 2), values)
    const zeros = map([0, 0, 0, 0, 0, 0, 0, 0])
    const values = map([0, 0, 1, 10, 2, 20, 3, 30])
    const upwards = operand(sharedType([3, 1, 2]), [0, 0, 0, 0, 0, 1000])
    close(numbers(apply('WindowAttention', inBlocks, zeros, zeros, values, upwards)), [1, 10, 2, 20, 1, 0, 2, 10])
  })

  it('weighs by scaled products, too', () => {
    const bias = operand(sharedType([1, 3, 1]), [0, 0, 0])
    const [queries, keys] = [own([2, 0, 0, 0]), own([0, Math.log(3) / 4, 7, 8])]
    close(
      numbers(apply('WindowAttention', { ...inBlocks, scale: 2 }, queries, keys, own([4, 8, 0, 2]), bias)),
      [7, 6, 1, 1],
    )
  })

  it('takes maps of the same pixels, which windows fill', () => {
    const [q, v] = [mapType(4, 6, 4), mapType(4, 6, 6)]
    const under = (bias: readonly number[], k = q, values = v) =>
      typing('WindowAttention', inBlocks, q, k, values, sharedType(bias))
    expect(under([3, 5, 2])).toBe('Map[4,6,6]')
    expect(under([7, 11, 1])).toBe('Map[4,6,6]')
    expect(under([5, 5, 1])).toBeNull()
    expect(under([3, 7, 1])).toBeNull()
    expect(under([2, 3, 1])).toBeNull()
    expect(under([3, 3, 4])).toBeNull()
    expect(under([3, 3])).toBeNull()
    const [wide, bias] = [mapType(64, 65, 1), sharedType([127, 129, 1])]
    expect(typing('WindowAttention', inBlocks, wide, wide, wide, bias)).toBeNull()
    expect(under([3, 5, 2], mapType(4, 3, 4))).toBeNull()
    expect(under([3, 5, 2], q, mapType(2, 6, 6))).toBeNull()
    expect(typing('WindowAttention', inBlocks, q, q, v, mapType(3, 5, 2))).toBeNull()
  })
})
