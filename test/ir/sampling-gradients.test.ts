import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { inferNode, mapType, sharedType, type Tensor, vectorType } from '../../ir/index.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

const dot = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape)
  return numbers(a).reduce((sum, x, i) => sum + x * b.data[i], 0)
}

describe('the gradient of a resize', () => {
  it('gives each pixel what it was weighed with: two pixels to four', () => {
    const gradient = operand(mapType(1, 4, 1), [1, 10, 100, 1000])
    const by = (method: 'linear' | 'nearest') =>
      apply('ResizeGradient', { extents: [1, 2], method, coordinates: 'half-pixel' }, gradient)
    // Samples at −¼, ¼, ¾ and 1¼: all of the first pixel, three quarters of it, one quarter, none.
    expect(by('linear').shape).toEqual([1, 1, 2, 1])
    expect(numbers(by('linear'))).toEqual([1 + 7.5 + 25, 2.5 + 75 + 1000])
    expect(numbers(by('nearest'))).toEqual([11, 1100])
  })

  it.each(['half-pixel', 'align-corners', 'asymmetric'] as const)(
    'is what ⟨resized x, g⟩ is linear in: %s',
    coordinates => {
      // Fractions of halves and quarters: sums are exact.
      const [from, to] = coordinates === 'align-corners' ? ([3, 2] as const) : ([2, 4] as const)
      const extents = [from, 4] as const
      const [x, g] = [integers(mapType(from, 4, 3), 1, 2), integers(mapType(to, 8 - 3 * Number(to === 2), 3), 2, 2)]
      const size = [to, g.value.shape[2]] as const
      for (const method of ['linear', 'nearest'] as const) {
        const whole = dot(apply('Resize', { size, method, coordinates }, x), g.value)
        const gradient = apply('ResizeGradient', { extents, method, coordinates }, g)
        expect(dot(gradient, x.value)).toBeCloseTo(whole, 9)
        expect(whole).not.toBe(0)
      }
    },
  )

  it('types', () => {
    const a = { extents: [5, 4], method: 'linear', coordinates: 'half-pixel' } as const
    expect(typing('ResizeGradient', a, mapType(7, 8, 3))).toBe('Map[5,4,3]')
    expect(typing('ResizeGradient', a, vectorType(3))).toBeNull()
  })
})

describe('the gradient of a flattening', () => {
  it('is the map again', () => {
    const x = integers(mapType(2, 3, 4), 1, 2)
    for (const order of ['hwc', 'chw'] as const) {
      const flat = apply('Flatten', { order }, x)
      const back = apply('FlattenGradient', { shape: [2, 3, 4], order }, operand(vectorType(24), numbers(flat)))
      expect(back.shape).toEqual([2, 2, 3, 4])
      expect(numbers(back)).toEqual(numbers(x.value))
    }
  })

  it('types', () => {
    const a = { shape: [2, 3, 4], order: 'hwc' } as const
    expect(typing('FlattenGradient', a, vectorType(24))).toBe('Map[2,3,4]')
    expect(typing('FlattenGradient', a, vectorType(23))).toBeNull()
    expect(typing('FlattenGradient', a, mapType(1, 1, 24))).toBeNull()
  })
})

const matrix = (...data: readonly [number, number, number, number]) => operand(sharedType([2, 2]), data)

describe('a warp', () => {
  it('takes a matrix of two rows and columns, and says so', () => {
    const given = [mapType(2, 2, 1), sharedType([4])].map(type => ({ type, variants: [] }))
    expect(inferNode('Warp', {} as never, given)).toEqual(
      E.left({ seen: 'a matrix Shared[4]', expected: 'Shared[2,2]' }),
    )
  })

  // Channels k and 10k of the pixels 1 to 6 in two rows of three.
  const map = operand(mapType(2, 3, 2), [1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60])

  it('by the identity is nothing, by its negative half a turn', () => {
    expect(numbers(apply('Warp', {}, map, matrix(1, 0, 0, 1)))).toEqual(numbers(map.value))
    expect(numbers(apply('Warp', {}, map, matrix(-1, 0, 0, -1)))).toEqual([6, 60, 5, 50, 4, 40, 3, 30, 2, 20, 1, 10])
  })

  it('mirrors columns by the first row, rows by the second', () => {
    expect(numbers(apply('Warp', {}, map, matrix(-1, 0, 0, 1)))).toEqual([3, 30, 2, 20, 1, 10, 6, 60, 5, 50, 4, 40])
    expect(numbers(apply('Warp', {}, map, matrix(1, 0, 0, -1)))).toEqual([4, 40, 5, 50, 6, 60, 1, 10, 2, 20, 3, 30])
  })

  it('samples at M(p − c): a shear moves columns by rows, and outside is 0', () => {
    const square = operand(mapType(3, 3, 1), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    // x′ = x + y about the middle: the upper row is read one to the left, the lower one to the right.
    expect(numbers(apply('Warp', {}, square, matrix(1, 1, 0, 1)))).toEqual([0, 1, 2, 4, 5, 6, 8, 9, 0])
    expect(numbers(apply('Warp', {}, square, matrix(1, 0, 1, 1)))).toEqual([0, 2, 6, 1, 5, 9, 4, 8, 0])
  })

  it('weighs four pixels: scaled to half about the middle of a square', () => {
    const square = operand(mapType(2, 2, 1), [0, 4, 8, 12])
    // The upper left pixel reads at ¼ of the way along either axis.
    expect(numbers(apply('Warp', {}, square, matrix(0.5, 0, 0, 0.5)))).toEqual([3, 5, 7, 9])
  })

  it('has a gradient that goes where it was read, in every example', () => {
    const m = matrix(0.5, 0.25, -0.75, 1)
    const [x, g] = [integers(mapType(3, 4, 2), 1, 2), integers(mapType(3, 4, 2), 2, 2)]
    const whole = dot(apply('Warp', {}, x, m), g.value)
    expect(dot(apply('WarpGradient', {}, g, m), x.value)).toBeCloseTo(whole, 9)
    expect(whole).not.toBe(0)
    expect(numbers(apply('WarpGradient', {}, map, matrix(1, 0, 0, 1)))).toEqual(numbers(map.value))
  })

  it('types', () => {
    for (const tag of ['Warp', 'WarpGradient'] as const) {
      expect(typing(tag, {}, mapType(2, 3, 4), sharedType([2, 2]))).toBe('Map[2,3,4]')
      expect(typing(tag, {}, vectorType(3), sharedType([2, 2]))).toBeNull()
      expect(typing(tag, {}, mapType(2, 3, 4), sharedType([2, 3]))).toBeNull()
      expect(typing(tag, {}, mapType(2, 3, 4), sharedType([4]))).toBeNull()
    }
  })
})
