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

describe('AttentionGradient', () => {
  const queries = operand(mapType(1, 1, 1), [2])
  const keys = operand(mapType(1, 2, 1), [0, Math.log(3) / 4])
  const values = operand(mapType(1, 2, 1), [4, 8])
  const gradient = operand(mapType(1, 1, 1), [10])
  const by = (asked: number) =>
    numbers(apply('AttentionGradient', { heads: 1, scale: 2, operand: asked }, gradient, queries, keys, values))

  it('is what each operand does to the mean, by its weights ¼ and ¾', () => {
    // Scores have gradients 10·¼·(4 − 7) and 10·¾·(8 − 7).
    close(by(0), [(2 * 7.5 * Math.log(3)) / 4])
    close(by(1), [2 * 2 * -7.5, 2 * 2 * 7.5])
    close(by(2), [2.5, 7.5])
  })

  it('goes to each of several maps apart', () => {
    const [left, right] = [operand(mapType(1, 1, 1), [0]), operand(mapType(1, 1, 1), [Math.log(3) / 4])]
    const [given, other] = [operand(mapType(1, 1, 1), [4]), operand(mapType(1, 1, 1), [8])]
    const apart = (asked: number) =>
      numbers(
        apply(
          'AttentionGradient',
          { heads: 1, scale: 2, operand: asked },
          ...[gradient, queries, left, given, right, other],
        ),
      )
    close([1, 3].flatMap(apart), [2 * 2 * -7.5, 2 * 2 * 7.5])
    close([2, 4].flatMap(apart), [2.5, 7.5])
  })

  it('has the type of its operand', () => {
    const [q, k, v] = [mapType(3, 2, 4), mapType(2, 2, 4), mapType(2, 2, 6)]
    const typed = (asked: number, given = mapType(3, 2, 6)) =>
      typing('AttentionGradient', { heads: 2, scale: 1, operand: asked }, given, q, k, v)
    expect([0, 1, 2].map(asked => typed(asked))).toEqual(['Map[3,2,4]', 'Map[2,2,4]', 'Map[2,2,6]'])
    expect([3, -1].map(asked => typed(asked))).toEqual([null, null])
    expect(typed(0, mapType(3, 2, 4))).toBeNull()
    expect(typing('AttentionGradient', { heads: 3, scale: 1, operand: 0 }, mapType(3, 2, 6), q, k, v)).toBeNull()
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

describe('WindowAttentionGradient', () => {
  const own = (values: readonly number[]) => operand(mapType(1, 4, 1), values)
  const [zeros, values, gradient] = [own([0, 0, 0, 0]), own([1, 3, 5, 9]), own([1, 0, 10, 100])]
  const bias = operand(sharedType([1, 3, 1]), [0, 0, 0])
  const by = (asked: number) =>
    numbers(apply('WindowAttentionGradient', { ...inBlocks, operand: asked }, gradient, zeros, zeros, values, bias))

  it('stays in its window, and adds up over pairs of an offset', () => {
    close(by(2), [0.5, 0.5, 55, 55])
    // Of the score of the query at 0 and the key at 1 it is ½·½·(3 − 1); in the other window as much for 4, times 10 and 100.
    close(by(3), [0.5 + 10, -0.5 - 10 + 100, -100])
  })

  it('has the type of its operand', () => {
    const [q, v, b] = [mapType(4, 6, 4), mapType(4, 6, 6), sharedType([3, 5, 2])]
    const typed = (asked: number, given = v) =>
      typing('WindowAttentionGradient', { ...inBlocks, operand: asked }, given, q, q, v, b)
    expect([0, 1, 2, 3].map(asked => typed(asked))).toEqual(['Map[4,6,4]', 'Map[4,6,4]', 'Map[4,6,6]', 'Shared[3,5,2]'])
    expect(typed(4)).toBeNull()
    expect(typed(3, q)).toBeNull()
  })
})
