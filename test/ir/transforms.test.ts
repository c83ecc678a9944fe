import { describe, expect, test } from 'vitest'
import { actOnTensor, type Element, mapType, sharedType, vectorType } from '../../ir/index.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

const close = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length)
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i], 10)
}

describe('Rotate', () => {
  test.each([
    [90, 'rot90'],
    [180, 'rot180'],
    [-90, 'rot270'],
    [270, 'rot270'],
    [0, 'id'],
    [360, 'id'],
  ] as const)('by %d degrees is %s on square maps', (degrees, element) => {
    for (const extent of [1, 2, 3, 4, 5]) {
      const x = integers(mapType(extent, extent, 2), extent, 2)
      close(numbers(apply('Rotate', { degrees }, x)), numbers(actOnTensor(element, x.value, 1, 2)))
    }
  })

  test('turns counter-clockwise as seen, and what comes from outside is 0', () => {
    // a dot to the right of the centre goes up; the corners of a square turned by 45° come from outside
    const dot = operand(mapType(3, 3, 1), [0, 0, 0, 0, 0, 1, 0, 0, 0])
    expect(numbers(apply('Rotate', { degrees: 90 }, dot))[1]).toBeCloseTo(1)
    const h = Math.SQRT1_2
    const ones = operand(mapType(3, 3, 1), new Array<number>(9).fill(1))
    const corner = (1 - (Math.SQRT2 - 1)) * 1
    close(numbers(apply('Rotate', { degrees: 45 }, ones)), [corner, 1, corner, 1, 1, 1, corner, 1, corner])
    const out = numbers(apply('Rotate', { degrees: 45 }, dot))
    close([out[1], out[2], out[5]], [h * (1 - h), 1 - (Math.SQRT2 - 1), h * (1 - h)])
  })

  test('types', () => {
    expect(typing('Rotate', { degrees: 15 }, mapType(2, 3, 4))).toBe('Map[2,3,4]')
    expect(typing('Rotate', { degrees: 15 }, vectorType(4))).toBeNull()
  })
})

describe('Scale', () => {
  test('by 1 is the identity, by 2 samples half as far from the centre, by ½ twice as far', () => {
    const x = integers(mapType(3, 4, 2), 1, 2)
    expect(apply('Scale', { factor: 1 }, x)).toEqual(x.value)
    const row = operand(mapType(1, 5, 1), [10, 20, 30, 40, 50])
    expect(numbers(apply('Scale', { factor: 2 }, row))).toEqual([20, 25, 30, 35, 40])
    expect(numbers(apply('Scale', { factor: 0.5 }, row))).toEqual([0, 10, 30, 50, 0])
    const even = operand(mapType(1, 4, 1), [8, 16, 24, 32])
    // centre 1.5; samples at −1.5, 0.5, 2.5, 4.5
    expect(numbers(apply('Scale', { factor: 0.5 }, even))).toEqual([0, 12, 28, 0])
    // samples at −0.5 and 3.5 mix the edge with zeros
    const factor = 0.75
    expect(numbers(apply('Scale', { factor }, even))[0]).toBeCloseTo(8 * 0.5)
  })

  test('pixels of no weight are not read: infinities stay where they are', () => {
    const x = operand(mapType(1, 3, 1), [1, Number.POSITIVE_INFINITY, -2])
    expect(apply('Scale', { factor: 1 }, x)).toEqual(x.value)
  })

  test('types', () => {
    expect(typing('Scale', { factor: 1.1 }, mapType(2, 3, 4))).toBe('Map[2,3,4]')
    for (const factor of [1000, 1 / 1000]) expect(typing('Scale', { factor }, mapType(2, 3, 4))).toBe('Map[2,3,4]')
    for (const factor of [1000.1, 1 / 1000.1]) expect(typing('Scale', { factor }, mapType(2, 3, 4))).toBeNull()
    expect(typing('Scale', { factor: 0 }, mapType(2, 3, 4))).toBeNull()
    expect(typing('Scale', { factor: -1 }, mapType(2, 3, 4))).toBeNull()
    expect(typing('Scale', { factor: 2 }, sharedType([2, 3, 4]))).toBeNull()
  })
})

describe('Shift', () => {
  test('out(y, x) = in(y + dy, x + dx), zeros from outside', () => {
    const x = operand(mapType(2, 3, 1), [1, 2, 3, 4, 5, 6])
    const shifted = (dy: number, dx: number) => numbers(apply('Shift', { dy, dx }, x))
    expect(shifted(0, 0)).toEqual([1, 2, 3, 4, 5, 6])
    expect(shifted(0, 1)).toEqual([2, 3, 0, 5, 6, 0])
    expect(shifted(1, 0)).toEqual([4, 5, 6, 0, 0, 0])
    expect(shifted(-1, -2)).toEqual([0, 0, 0, 0, 0, 1])
    expect(shifted(9, -9)).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('types', () => {
    expect(typing('Shift', { dy: 1, dx: -1 }, mapType(2, 3, 4))).toBe('Map[2,3,4]')
    expect(typing('Shift', { dy: 1, dx: -1 }, vectorType(3))).toBeNull()
  })
})

describe('Act', () => {
  const act = (element: Element, axes: readonly [number, number] = [0, 1]) => ({ element, axes })
  test('types', () => {
    expect(typing('Act', act('rot90'), mapType(2, 3, 4))).toBe('Map[3,2,4]')
    expect(typing('Act', act('flip'), mapType(2, 3, 4))).toBe('Map[2,3,4]')
    for (const axes of [
      [1, 0],
      [0, 2],
      [2, 1],
    ] as const)
      expect(typing('Act', act('flip', axes), mapType(2, 3, 4))).toBeNull()
    expect(typing('Act', act('transpose', [2, 0]), sharedType([2, 3, 4]))).toBe('Shared[4,3,2]')
    expect(typing('Act', act('flip', [1, 1]), sharedType([2, 3]))).toBeNull()
    expect(typing('Act', act('flip', [0, 2]), sharedType([2, 3]))).toBeNull()
    expect(typing('Act', act('flip', [2, 0]), sharedType([2, 3]))).toBeNull()
    expect(typing('Act', act('flip', [0, -1]), sharedType([2, 3]))).toBeNull()
    expect(typing('Act', act('flip', [-1, 0]), sharedType([2, 3]))).toBeNull()
    expect(typing('Act', act('flip'), vectorType(3))).toBeNull()
  })
})
