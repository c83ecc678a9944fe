import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mapType, sharedType, vectorType } from '../../ir/index.ts'
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

/** The definition, one sum for one number, over an image padded (or cropped) beforehand. */
const literal = (
  x: readonly number[],
  [h, w, c]: readonly number[],
  f: readonly number[],
  [r, s, depth, outputs]: readonly number[],
  a: {
    strides: readonly [number, number]
    dilations: readonly [number, number]
    padding: readonly [readonly [number, number], readonly [number, number]]
    groups: number
  },
): readonly number[] => {
  const [[top, bottom], [left, right]] = a.padding
  const padded = (y: number, x2: number, i: number): number => {
    const [iy, ix] = [y - top, x2 - left]
    return iy >= 0 && iy < h && ix >= 0 && ix < w ? x[(iy * w + ix) * c + i] : 0
  }
  const [ph, pw] = [h + top + bottom, w + left + right]
  const out: number[] = []
  for (let y = 0; y + (r - 1) * a.dilations[0] < ph; y += a.strides[0])
    for (let x2 = 0; x2 + (s - 1) * a.dilations[1] < pw; x2 += a.strides[1])
      for (let o = 0; o < outputs; o++) {
        const group = Math.floor((o * a.groups) / outputs)
        let sum = 0
        for (let dy = 0; dy < r; dy++)
          for (let dx = 0; dx < s; dx++)
            for (let i = 0; i < depth; i++)
              sum +=
                padded(y + dy * a.dilations[0], x2 + dx * a.dilations[1], group * depth + i) *
                f[((dy * s + dx) * depth + i) * outputs + o]
        out.push(sum)
      }
  return out
}

describe('Conv2d', () => {
  test('correlates: taps are not turned round', () => {
    const x = operand(mapType(1, 4, 1), [1, 2, 3, 4])
    const w = operand(sharedType([1, 2, 1, 1]), [10, 1])
    expect(numbers(apply('Conv2d', plain, x, w))).toEqual([12, 23, 34])
  })

  test('of a pixel of 0 and a tap that is not finite is NaN', () => {
    const x = operand(mapType(1, 3, 1), [0, 1, 0])
    const w = operand(sharedType([1, 2, 1, 1]), [1, Number.POSITIVE_INFINITY])
    expect(numbers(apply('Conv2d', plain, x, w))).toEqual([Number.POSITIVE_INFINITY, Number.NaN])
  })

  test('equals its definition under strides, dilations, uneven and negative pads, groups and depthwise', () => {
    const pad = fc.integer({ min: -1, max: 3 })
    const pair = <A>(a: fc.Arbitrary<A>) => fc.tuple(a, a)
    const small = fc.integer({ min: 1, max: 3 })
    let compared = 0
    fc.assert(
      fc.property(
        fc.record({
          extents: pair(fc.integer({ min: 1, max: 6 })),
          size: pair(small),
          strides: pair(small),
          dilations: pair(fc.integer({ min: 1, max: 2 })),
          padding: pair(pair(pad)),
          groups: small,
          depth: fc.integer({ min: 1, max: 2 }),
          perGroup: fc.integer({ min: 1, max: 2 }),
        }),
        ({ extents, size, strides, dilations, padding, groups, depth, perGroup }) => {
          const type = mapType(...extents, groups * depth)
          const filterType = sharedType([...size, depth, groups * perGroup])
          const attributes = { strides, dilations, padding, groups }
          const [x, w] = [integers(type, 1), integers(filterType, 2)]
          const wanted = literal(numbers(x.value), [...extents, type.c], numbers(w.value), filterType.shape, attributes)
          if (wanted.length === 0) {
            expect(typing('Conv2d', attributes, type, filterType)).toBeNull()
            return
          }
          compared++
          expect(numbers(apply('Conv2d', attributes, x, w)).map(v => v + 0)).toEqual(wanted.map(v => v + 0))
        },
      ),
      { numRuns: 300 },
    )
    expect(compared).toBeGreaterThan(150)
  })

  test('types', () => {
    const w = sharedType([3, 3, 4, 8])
    expect(typing('Conv2d', plain, mapType(8, 6, 4), w)).toBe('Map[6,4,8]')
    expect(typing('Conv2d', { ...plain, strides: [2, 1] }, mapType(8, 6, 4), w)).toBe('Map[3,4,8]')
    expect(typing('Conv2d', { ...plain, groups: 2 }, mapType(8, 6, 8), w)).toBe('Map[6,4,8]')
    expect(typing('Conv2d', plain, mapType(8, 6, 3), w)).toBeNull()
    expect(typing('Conv2d', { ...plain, groups: 3 }, mapType(8, 6, 12), w)).toBeNull()
    expect(typing('Conv2d', plain, mapType(2, 6, 4), w)).toBeNull()
    expect(typing('Conv2d', plain, vectorType(4), w)).toBeNull()
    expect(typing('Conv2d', plain, mapType(8, 6, 4), sharedType([3, 3, 4]))).toBeNull()
    expect(typing('Conv2d', plain, mapType(8, 6, 4))).toBeNull()
  })
})

describe('Dense', () => {
  test('is a matrix product for each example', () => {
    const x = operand(vectorType(2), [1, 2, 3, 4])
    const w = operand(sharedType([2, 3]), [1, 10, 100, 2, 20, 200])
    expect(apply('Dense', {}, x, w).shape).toEqual([2, 3])
    expect(numbers(apply('Dense', {}, x, w))).toEqual([5, 50, 500, 11, 110, 1100])
  })

  test('types', () => {
    expect(typing('Dense', {}, vectorType(2), sharedType([2, 3]))).toBe('Vector[3]')
    expect(typing('Dense', {}, vectorType(3), sharedType([2, 3]))).toBeNull()
    expect(typing('Dense', {}, mapType(1, 1, 2), sharedType([2, 3]))).toBeNull()
    expect(typing('Dense', {}, vectorType(2), vectorType(2))).toBeNull()
  })
})

test('filters have four axes, weights two', () => {
  const conv = {
    strides: [1, 1],
    dilations: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    groups: 1,
  } as const
  const map = mapType(3, 3, 2)
  expect(typing('Conv2d', conv, map, sharedType([1, 1, 2, 4]))).toBe('Map[3,3,4]')
  for (const filter of [sharedType([1, 1, 2]), sharedType([1, 1, 2, 4, 1]), mapType(1, 1, 2), vectorType(2)])
    expect(typing('Conv2d', conv, map, filter)).toBeNull()
  expect(typing('Dense', {}, vectorType(2), sharedType([2, 3]))).toBe('Vector[3]')
  for (const weights of [sharedType([2]), sharedType([2, 3, 1]), vectorType(2), sharedType([3, 2])])
    expect(typing('Dense', {}, vectorType(2), weights)).toBeNull()
})
