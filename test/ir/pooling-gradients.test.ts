import { describe, expect, it } from 'vitest'
import { mapType, vectorType } from '../../ir/index.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

const window = (over: object = {}) => ({
  size: [1, 2] as const,
  strides: [1, 1] as const,
  dilations: [1, 1] as const,
  padding: [
    [0, 0],
    [0, 0],
  ] as const,
  ceil: false,
  ...over,
})

describe('the gradient of a max pool', () => {
  it('goes to the largest pixel, the first of equal ones, summed over windows', () => {
    const x = operand(mapType(1, 4, 1), [1, 5, 5, 2])
    const g = operand(mapType(1, 3, 1), [1, 10, 100])
    const result = apply('MaxPoolGradient', window(), x, g)
    expect(result.shape).toEqual([1, 1, 4, 1])
    expect(numbers(result)).toEqual([0, 11, 100, 0])
  })

  it('keeps channels and examples apart', () => {
    const x = operand(mapType(1, 2, 2), [1, 9, 5, 3, -1, -2, -3, -1])
    const g = operand(mapType(1, 1, 2), [1, 10, 100, 1000])
    expect(numbers(apply('MaxPoolGradient', window(), x, g))).toEqual([0, 10, 1, 0, 100, 0, 0, 1000])
  })

  it('types where the gradient has the extents of the pooled map', () => {
    const x = mapType(2, 4, 3)
    expect(typing('MaxPoolGradient', window(), x, mapType(2, 3, 3))).toBe('Map[2,4,3]')
    expect(typing('MaxPoolGradient', window(), x, mapType(2, 4, 3))).toBeNull()
    expect(typing('MaxPoolGradient', window({ size: [3, 2] }), x, mapType(2, 3, 3))).toBeNull()
    expect(typing('MaxPoolGradient', window(), vectorType(3), mapType(2, 3, 3))).toBeNull()
  })
})

describe('the gradient of a mean pool', () => {
  it('is shared by the pixels of a window', () => {
    const g = operand(mapType(1, 3, 1), [2, 20, 200])
    const result = apply('MeanPoolGradient', { ...window(), countPadding: false, extents: [1, 4] }, g)
    expect(result.shape).toEqual([1, 1, 4, 1])
    expect(numbers(result)).toEqual([1, 11, 110, 100])
  })

  it('counts padding or not', () => {
    const g = operand(mapType(1, 3, 2), [2, 4, 20, 40, 200, 400])
    const attributes = {
      ...window({
        padding: [
          [0, 0],
          [1, 1],
        ],
      }),
      extents: [1, 2] as const,
    }
    expect(numbers(apply('MeanPoolGradient', { ...attributes, countPadding: true }, g))).toEqual([11, 22, 110, 220])
    expect(numbers(apply('MeanPoolGradient', { ...attributes, countPadding: false }, g))).toEqual([12, 24, 210, 420])
  })

  it('is what ⟨pooled x, g⟩ is linear in', () => {
    const a = {
      ...window({
        size: [2, 2],
        strides: [2, 1],
        padding: [
          [1, 0],
          [0, 1],
        ],
      }),
      countPadding: true,
    }
    const x = integers(mapType(3, 4, 2), 1, 2)
    const y = apply('MeanPool', a, x)
    const g = integers(mapType(y.shape[1], y.shape[2], 2), 2, 2)
    const back = apply('MeanPoolGradient', { ...a, extents: [3, 4] }, g)
    const dot = (p: readonly number[], q: readonly number[]): number => p.reduce((sum, n, i) => sum + n * q[i], 0)
    expect(dot(numbers(back), numbers(x.value))).toBe(dot(numbers(y), numbers(g.value)))
  })

  it('types where the gradient has the extents of the pooled map', () => {
    const a = { ...window(), countPadding: false, extents: [2, 4] as const }
    expect(typing('MeanPoolGradient', a, mapType(2, 3, 5))).toBe('Map[2,4,5]')
    expect(typing('MeanPoolGradient', a, mapType(3, 3, 5))).toBeNull()
    expect(typing('MeanPoolGradient', a, vectorType(5))).toBeNull()
    expect(typing('MeanPoolGradient', { ...a, extents: [2, 1] }, mapType(2, 3, 5))).toBeNull()
  })
})
