import { describe, expect, it } from 'vitest'
import { type AttributesOf, mapType, sharedType, type Tensor, vectorType } from '../../ir/index.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

const plain = {
  strides: [1, 1],
  dilations: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  groups: 1,
} as const

const dot = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape)
  return numbers(a).reduce((sum, x, i) => sum + x * b.data[i], 0)
}

/** Windows with everything that differs by axis, two groups of two inputs and three outputs. */
const windows: readonly (AttributesOf<'Conv2d'> & Record<'extents' | 'taps', readonly [number, number]>)[] = [
  { extents: [4, 3], taps: [2, 3], ...plain, groups: 2 },
  {
    extents: [5, 4],
    taps: [3, 2],
    ...plain,
    strides: [2, 1],
    padding: [
      [1, 0],
      [0, 2],
    ],
    groups: 2,
  },
  {
    extents: [4, 6],
    taps: [2, 3],
    ...plain,
    strides: [1, 3],
    dilations: [3, 2],
    padding: [
      [2, 1],
      [1, 1],
    ],
    groups: 1,
  },
  {
    extents: [6, 5],
    taps: [1, 2],
    ...plain,
    padding: [
      [-1, -2],
      [-1, 1],
    ],
    groups: 2,
  },
]

describe('gradients of a convolution', () => {
  it('of a row by hand: y₀ = 10x₀ + x₁, y₁ = 10x₁ + x₂', () => {
    const attributes = { ...plain, extents: [1, 3] as const }
    const gradient = operand(mapType(1, 2, 1), [2, 3])
    const filter = operand(sharedType([1, 2, 1, 1]), [10, 1])
    const byInput = apply('Conv2dTranspose', attributes, gradient, filter)
    expect(byInput.shape).toEqual([1, 1, 3, 1])
    expect(numbers(byInput)).toEqual([20, 32, 3])
    const input = operand(mapType(1, 3, 1), [5, 7, 11])
    const byFilter = apply('Conv2dFilterGradient', { ...plain, extents: [1, 2] }, input, gradient)
    expect(byFilter.shape).toEqual([1, 2, 1, 1])
    expect(numbers(byFilter)).toEqual([2 * 5 + 3 * 7, 2 * 7 + 3 * 11])
  })

  it('sum the filter’s over the batch', () => {
    const input = operand(mapType(1, 1, 1), [5, 7])
    const gradient = operand(mapType(1, 1, 2), [1, 10, 100, 1000])
    const result = apply('Conv2dFilterGradient', { ...plain, extents: [1, 1] }, input, gradient)
    expect(numbers(result)).toEqual([705, 7050])
  })

  it.each(windows)('are what ⟨x∗w, g⟩ is linear in: $taps over $extents', ({ extents, taps, ...a }) => {
    const [input, filter] = [mapType(...extents, 2 * a.groups), sharedType([...taps, 2, 3 * a.groups])]
    const [x, w] = [integers(input, 1, 2), integers(filter, 2)]
    const y = apply('Conv2d', a, x, w)
    const output = mapType(y.shape[1], y.shape[2], y.shape[3])
    const g = integers(output, 3, 2)
    const whole = dot(y, g.value)
    expect(whole).not.toBe(0)
    expect(dot(apply('Conv2dTranspose', { ...a, extents }, g, w), x.value)).toBe(whole)
    expect(dot(apply('Conv2dFilterGradient', { ...a, extents: taps }, x, g), w.value)).toBe(whole)
  })

  it('by its input types where the gradient has the extents of its output', () => {
    const filter = sharedType([3, 3, 2, 6])
    const a = { ...plain, groups: 2, extents: [5, 4] as const }
    expect(typing('Conv2dTranspose', a, mapType(3, 2, 6), filter)).toBe('Map[5,4,4]')
    expect(typing('Conv2dTranspose', a, mapType(2, 3, 6), filter)).toBeNull()
    expect(typing('Conv2dTranspose', a, mapType(3, 2, 5), filter)).toBeNull()
    expect(typing('Conv2dTranspose', a, vectorType(36), filter)).toBeNull()
    expect(typing('Conv2dTranspose', a, mapType(3, 2, 6), sharedType([3, 3, 6]))).toBeNull()
    expect(typing('Conv2dTranspose', a, mapType(3, 2, 6), mapType(3, 3, 6))).toBeNull()
    expect(typing('Conv2dTranspose', { ...a, extents: [2, 2] }, mapType(3, 2, 6), filter)).toBeNull()
  })

  it('by its filter types where the gradient has the extents of its output', () => {
    const a = { ...plain, groups: 2, extents: [3, 2] as const }
    expect(typing('Conv2dFilterGradient', a, mapType(5, 4, 4), mapType(3, 3, 6))).toBe('Shared[3,2,2,6]')
    expect(typing('Conv2dFilterGradient', a, mapType(5, 4, 4), mapType(3, 2, 6))).toBeNull()
    expect(typing('Conv2dFilterGradient', a, mapType(5, 4, 3), mapType(3, 3, 6))).toBeNull()
    expect(typing('Conv2dFilterGradient', a, mapType(5, 4, 4), mapType(3, 3, 5))).toBeNull()
    expect(typing('Conv2dFilterGradient', a, vectorType(4), mapType(3, 3, 6))).toBeNull()
    expect(typing('Conv2dFilterGradient', a, mapType(5, 4, 4), vectorType(6))).toBeNull()
    expect(typing('Conv2dFilterGradient', { ...a, extents: [6, 2] }, mapType(5, 4, 4), mapType(3, 3, 6))).toBeNull()
  })
})

describe('the gradient of dense weights', () => {
  it('is the sum of outer products', () => {
    const result = apply(
      'DenseWeightsGradient',
      {},
      operand(vectorType(2), [1, 2, 3, 5]),
      operand(vectorType(3), [1, 10, 100, 7, 70, 700]),
    )
    expect(result.shape).toEqual([2, 3])
    expect(numbers(result)).toEqual([22, 220, 2200, 37, 370, 3700])
  })

  it('types', () => {
    expect(typing('DenseWeightsGradient', {}, vectorType(2), vectorType(3))).toBe('Shared[2,3]')
    expect(typing('DenseWeightsGradient', {}, mapType(1, 1, 2), vectorType(3))).toBeNull()
    expect(typing('DenseWeightsGradient', {}, vectorType(2), mapType(1, 1, 3))).toBeNull()
  })
})
