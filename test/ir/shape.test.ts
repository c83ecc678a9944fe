import { describe, expect, test } from 'vitest'
import { mapType, sharedType, vectorType } from '../../ir/index.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

const noPads = [
  [0, 0],
  [0, 0],
] as const

describe('Pad', () => {
  const x = operand(mapType(2, 2, 1), [1, 2, 3, 4])
  const pad = (
    padding: readonly [readonly [number, number], readonly [number, number]],
    channels: readonly [number, number] = [0, 0],
    value: number | 'lowest' = 0,
  ) => ({ padding, channels, value })

  test('borders, crops, and both at once', () => {
    const border = pad([
      [1, 0],
      [0, 1],
    ])
    expect(numbers(apply('Pad', { ...border, value: 9 }, x))).toEqual([9, 9, 9, 1, 2, 9, 3, 4, 9])
    const below = apply('Pad', { ...border, value: 'lowest' }, x)
    expect(numbers(below).slice(0, 4)).toEqual([-Infinity, -Infinity, -Infinity, 1])
    const shifted = pad([
      [-1, 1],
      [0, -1],
    ])
    expect(apply('Pad', shifted, x)).toMatchObject({ shape: [1, 2, 1, 1], data: Float64Array.from([3, 0]) })
    expect(numbers(apply('Pad', pad(noPads, [1, 2], 5), operand(mapType(1, 1, 2), [1, 2])))).toEqual([5, 1, 2, 5, 5])
    expect(numbers(apply('Pad', pad(noPads, [-1, 0]), operand(mapType(1, 1, 2), [1, 2])))).toEqual([2])
  })

  test('types', () => {
    expect(
      typing(
        'Pad',
        pad(
          [
            [1, 2],
            [3, 4],
          ],
          [5, 6],
        ),
        mapType(1, 1, 1),
      ),
    ).toBe('Map[4,8,12]')
    expect(
      typing(
        'Pad',
        pad([
          [-1, -1],
          [0, 0],
        ]),
        mapType(2, 2, 1),
      ),
    ).toBeNull()
    expect(
      typing(
        'Pad',
        pad([
          [-2, 2],
          [0, 0],
        ]),
        mapType(2, 2, 1),
      ),
    ).toBeNull()
    expect(typing('Pad', pad(noPads), vectorType(2))).toBeNull()
  })
})

describe('Concat and Slice', () => {
  test('channels of maps and vectors', () => {
    const a = operand(mapType(1, 2, 1), [1, 2, 3, 4])
    const b = operand(mapType(1, 2, 2), [10, 11, 20, 21, 30, 31, 40, 41])
    const joined = apply('Concat', { axis: 2 }, a, b, a)
    expect(numbers(joined)).toEqual([1, 10, 11, 1, 2, 20, 21, 2, 3, 30, 31, 3, 4, 40, 41, 4])
    const back = apply('Slice', { axis: 2, begin: 1, size: 2 }, { type: mapType(1, 2, 4), value: joined })
    expect(back).toEqual(b.value)
    const v = operand(vectorType(2), [1, 2, 3, 4])
    expect(numbers(apply('Concat', { axis: 0 }, v, v))).toEqual([1, 2, 1, 2, 3, 4, 3, 4])
  })

  test('any axis of shared tensors', () => {
    const a = operand(sharedType([2, 2]), [1, 2, 3, 4])
    const b = operand(sharedType([1, 2]), [5, 6])
    expect(numbers(apply('Concat', { axis: 0 }, a, b))).toEqual([1, 2, 3, 4, 5, 6])
    expect(numbers(apply('Concat', { axis: 1 }, a, a))).toEqual([1, 2, 1, 2, 3, 4, 3, 4])
    expect(numbers(apply('Slice', { axis: 0, begin: 1, size: 1 }, a))).toEqual([3, 4])
    expect(numbers(apply('Slice', { axis: 1, begin: 1, size: 1 }, a))).toEqual([2, 4])
  })

  test('types', () => {
    const x = mapType(2, 3, 4)
    expect(typing('Concat', { axis: 2 }, x, mapType(2, 3, 1))).toBe('Map[2,3,5]')
    expect(typing('Concat', { axis: 0 }, vectorType(2), vectorType(3))).toBe('Vector[5]')
    expect(typing('Concat', { axis: 0 }, sharedType([2, 3]), sharedType([1, 3]))).toBe('Shared[3,3]')
    expect(typing('Concat', { axis: 0 }, x, x)).toBeNull()
    expect(typing('Concat', { axis: 2 }, x, mapType(2, 2, 4))).toBeNull()
    expect(typing('Concat', { axis: 0 }, vectorType(2), sharedType([2]))).toBeNull()
    expect(typing('Concat', { axis: 2 }, sharedType([2, 3]))).toBeNull()
    expect(typing('Concat', { axis: 2 })).toBeNull()
    expect(typing('Slice', { axis: 2, begin: 1, size: 3 }, x)).toBe('Map[2,3,3]')
    expect(typing('Slice', { axis: 2, begin: 2, size: 3 }, x)).toBeNull()
    expect(typing('Slice', { axis: 2, begin: -1, size: 3 }, x)).toBeNull()
    expect(typing('Slice', { axis: 1, begin: 0, size: 1 }, x)).toBeNull()
    expect(typing('Slice', { axis: 1, begin: 0, size: 1 }, sharedType([2, 3]))).toBe('Shared[2,1]')
  })
})

describe('Flatten, Unflatten, Reshape, Transpose', () => {
  test('flatten goes pixel by pixel or channel by channel', () => {
    const x = operand(mapType(1, 2, 3), [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60])
    expect(numbers(apply('Flatten', { order: 'hwc' }, x))).toEqual(numbers(x.value))
    expect(apply('Flatten', { order: 'chw' }, x)).toMatchObject({
      shape: [2, 6],
      data: Float64Array.from([1, 4, 2, 5, 3, 6, 10, 40, 20, 50, 30, 60]),
    })
  })

  test('unflatten makes one pixel, reshape keeps the order', () => {
    expect(apply('Unflatten', {}, operand(vectorType(2), [1, 2, 3, 4])).shape).toEqual([2, 1, 1, 2])
    const shared = apply('Reshape', { shape: [3, 2] }, operand(sharedType([2, 3]), [1, 2, 3, 4, 5, 6]))
    expect(shared).toMatchObject({ shape: [3, 2], data: Float64Array.from([1, 2, 3, 4, 5, 6]) })
  })

  test('axis k of a transposed value is axis permutation[k]', () => {
    const shared = integers(sharedType([2, 3, 4]))
    const permutation = [2, 0, 1]
    const out = apply('Transpose', { permutation }, shared)
    expect(out.shape).toEqual([4, 2, 3])
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 4; k++) expect(out.data[(k * 2 + i) * 3 + j]).toBe(shared.value.data[(i * 3 + j) * 4 + k])
    const map = integers(mapType(2, 3, 4), 2, 2)
    const turned = apply('Transpose', { permutation }, map)
    expect(turned.shape).toEqual([2, 4, 2, 3])
    for (let b = 0; b < 2; b++)
      for (let i = 0; i < 2; i++)
        for (let j = 0; j < 3; j++)
          for (let k = 0; k < 4; k++)
            expect(turned.data[((b * 4 + k) * 2 + i) * 3 + j]).toBe(map.value.data[((b * 2 + i) * 3 + j) * 4 + k])
  })

  test('types', () => {
    expect(typing('Flatten', { order: 'chw' }, mapType(2, 3, 4))).toBe('Vector[24]')
    expect(typing('Flatten', { order: 'chw' }, vectorType(4))).toBeNull()
    expect(typing('Unflatten', {}, vectorType(4))).toBe('Map[1,1,4]')
    expect(typing('Unflatten', {}, mapType(1, 1, 4))).toBeNull()
    expect(typing('Reshape', { shape: [6] }, sharedType([2, 3]))).toBe('Shared[6]')
    expect(typing('Reshape', { shape: [] }, sharedType([1, 1]))).toBe('Shared[]')
    expect(typing('Reshape', { shape: [5] }, sharedType([2, 3]))).toBeNull()
    expect(typing('Reshape', { shape: [6] }, vectorType(6))).toBeNull()
    expect(typing('Reshape', { shape: new Array(9).fill(1) }, sharedType([1]))).toBeNull()
    expect(typing('Transpose', { permutation: [1, 0, 2] }, mapType(2, 3, 4))).toBe('Map[3,2,4]')
    expect(typing('Transpose', { permutation: [1, 0] }, sharedType([2, 3]))).toBe('Shared[3,2]')
    expect(typing('Transpose', { permutation: [1, 1] }, sharedType([2, 3]))).toBeNull()
    expect(typing('Transpose', { permutation: [0] }, sharedType([2, 3]))).toBeNull()
    expect(typing('Transpose', { permutation: [0] }, vectorType(3))).toBeNull()
  })
})

describe('Resize', () => {
  const x = operand(mapType(1, 4, 1), [0, 10, 20, 30])
  const along = (
    outputs: number,
    method: 'linear' | 'nearest',
    coordinates: 'half-pixel' | 'align-corners' | 'asymmetric',
  ) => numbers(apply('Resize', { size: [1, outputs], method, coordinates }, x))

  test('samples where each convention says', () => {
    expect(along(8, 'linear', 'half-pixel')).toEqual([0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30])
    expect(along(2, 'linear', 'half-pixel')).toEqual([5, 25])
    expect(along(7, 'linear', 'align-corners')).toEqual([0, 5, 10, 15, 20, 25, 30])
    expect(along(1, 'linear', 'align-corners')).toEqual([0])
    expect(along(8, 'linear', 'asymmetric')).toEqual([0, 5, 10, 15, 20, 25, 30, 30])
    expect(along(2, 'nearest', 'asymmetric')).toEqual([0, 20])
    expect(along(8, 'nearest', 'asymmetric')).toEqual([0, 0, 10, 10, 20, 20, 30, 30])
    expect(along(8, 'nearest', 'half-pixel')).toEqual([0, 0, 10, 10, 20, 20, 30, 30])
    expect(along(4, 'linear', 'half-pixel')).toEqual([0, 10, 20, 30])
  })

  test('gives the first and the last pixel as they are beyond their middles', () => {
    const [first, last] = [51 / 7, 25 / 7]
    const two = operand(mapType(1, 2, 1), [first, last])
    const out = numbers(apply('Resize', { size: [1, 3], method: 'linear', coordinates: 'half-pixel' }, two))
    expect([out[0], out[2]]).toEqual([first, last])
  })

  test('is bilinear on both axes', () => {
    const square = operand(mapType(2, 2, 1), [0, 1, 2, 3])
    const out = apply('Resize', { size: [3, 3], method: 'linear', coordinates: 'align-corners' }, square)
    expect(numbers(out)).toEqual([0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3])
  })

  test('types', () => {
    const size = { size: [5, 6], method: 'linear', coordinates: 'half-pixel' } as const
    expect(typing('Resize', size, mapType(2, 3, 4))).toBe('Map[5,6,4]')
    expect(typing('Resize', size, vectorType(4))).toBeNull()
    expect(typing('Resize', { ...size, size: [2 ** 25, 1] }, mapType(1, 1, 1))).toBeNull()
  })
})

describe('bounds', () => {
  const pad = (rows: readonly [number, number]) => ({
    padding: [rows, [0, 0]] as const,
    channels: [0, 0] as const,
    value: 0,
  })

  test('a crop leaves a pixel of the image, whatever border comes instead', () => {
    expect(typing('Pad', pad([3, -3]), mapType(4, 1, 1))).toBe('Map[4,1,1]')
    expect(typing('Pad', pad([3, -4]), mapType(4, 1, 1))).toBeNull()
    expect(typing('Pad', pad([-4, 3]), mapType(4, 1, 1))).toBeNull()
  })

  test('an axis is one that a shared tensor has', () => {
    const x = sharedType([2, 3])
    expect(typing('Concat', { axis: 1 }, x, x)).toBe('Shared[2,6]')
    expect(typing('Slice', { axis: 1, begin: 1, size: 2 }, x)).toBe('Shared[2,2]')
    for (const axis of [-1, 2]) {
      expect(typing('Concat', { axis }, x, x)).toBeNull()
      expect(typing('Slice', { axis, begin: 0, size: 1 }, x)).toBeNull()
    }
    expect(typing('Concat', { axis: 1 }, x, sharedType([2]))).toBeNull()
    expect(typing('Concat', { axis: 0 }, sharedType([2]), x)).toBeNull()
  })

  test('an axis of a map or a vector is that of channels', () => {
    expect(typing('Concat', { axis: 0 }, vectorType(2), vectorType(3))).toBe('Vector[5]')
    expect(typing('Slice', { axis: 0, begin: 1, size: 2 }, vectorType(3))).toBe('Vector[2]')
    expect(typing('Concat', { axis: 1 }, vectorType(2), vectorType(3))).toBeNull()
    expect(typing('Slice', { axis: -1, begin: 0, size: 1 }, vectorType(3))).toBeNull()
    expect(typing('Concat', { axis: 0 }, mapType(1, 1, 1), mapType(1, 1, 1))).toBeNull()
    expect(typing('Slice', { axis: 1, begin: 0, size: 1 }, mapType(2, 2, 2))).toBeNull()
  })

  test('the nearest pixel is one of the image at either edge', () => {
    const x = operand(mapType(1, 2, 1), [1, 2])
    for (const coordinates of ['half-pixel', 'align-corners', 'asymmetric'] as const)
      expect(numbers(apply('Resize', { size: [1, 8], method: 'nearest', coordinates }, x))).toEqual([
        1, 1, 1, 1, 2, 2, 2, 2,
      ])
  })
})
