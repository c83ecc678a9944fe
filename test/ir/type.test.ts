import { describe, expect, test } from 'vitest'
import {
  Extent,
  limits,
  mapType,
  overLimits,
  printName,
  printTyped,
  sameType,
  sameVariants,
  sharedType,
  stridesOf,
  tensor,
  VariantAxis,
  variantCoordinates,
  variantCount,
  vectorType,
} from '../../ir/index.ts'

test('types are the same by kind and shape', () => {
  const types = [
    mapType(1, 1, 2),
    mapType(1, 2, 1),
    vectorType(2),
    sharedType([2]),
    sharedType([1, 1, 2]),
    sharedType([]),
  ]
  for (const [i, a] of types.entries())
    for (const [k, b] of types.entries()) expect(sameType(a, structuredClone(b))).toBe(i === k)
})

describe('limits', () => {
  test.each([
    [sharedType(new Array(8).fill(1)), null],
    [sharedType(new Array(9).fill(1)), 'at most 8 axes'],
    [mapType(limits.mapExtent, 1, 1), null],
    [mapType(1, limits.mapExtent + 1, 1), 'at most 1048576 rows and columns'],
    [mapType(limits.mapExtent + 1, 1, 1), 'at most 1048576 rows and columns'],
    [vectorType(limits.mapExtent + 1), null],
    [vectorType(limits.elements), null],
    [sharedType([2, 2 ** 30]), 'at most 2147483647 elements'],
  ])('%j', (type, over) => expect(overLimits(type)).toBe(over))

  test('extents are positive, whole, and of 31 bits', () => {
    expect([1, limits.whole, 0, -1, 1.5, limits.whole + 1, '1'].map(Extent.is)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ])
    expect(Extent.name).toBe('a positive whole number of 31 bits')
  })
})

describe('variant axes', () => {
  const a = { name: 'a', extent: 2 }
  test('are the same by name, extent and order', () => {
    expect(sameVariants([a], [{ name: 'a', extent: 2 }])).toBe(true)
    expect(sameVariants([a], [{ name: 'b', extent: 2 }])).toBe(false)
    expect(sameVariants([a], [{ name: 'a', extent: 3 }])).toBe(false)
    expect(sameVariants([a], [a, a])).toBe(false)
    expect(sameVariants([], [])).toBe(true)
  })

  test('count variants, row-major', () => {
    const axes = [a, { name: 'b', extent: 3 }]
    expect([variantCount([]), variantCount(axes)]).toEqual([1, 6])
    expect([...variantCoordinates(4, axes)].sort()).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    expect([...variantCoordinates(2, axes)].sort()).toEqual([
      ['a', 0],
      ['b', 2],
    ])
  })

  test('have a name and an extent', () => {
    expect([a, { name: 'a' }, { extent: 2 }, { name: 'a', extent: 0 }].map(VariantAxis.is)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  test('are printed after the type, names in quotes where they are not one word', () => {
    expect(printTyped(mapType(1, 2, 3), [a, { name: 'b c', extent: 4 }])).toBe('Map[1,2,3] × a[2] × "b c"[4]')
    expect(['a.b-c_1', '_', '1a', '', 'a ', ' a', 'a"', 'é'].map(printName)).toEqual([
      'a.b-c_1',
      '_',
      '"1a"',
      '""',
      '"a "',
      '" a"',
      '"a\\""',
      '"é"',
    ])
  })
})

test('a tensor has as many numbers as its shape says, row-major', () => {
  expect(() => tensor([2, 3], new Float64Array(5))).toThrow('a tensor [2,3] needs 6 values, got 5')
  expect(tensor([], Float64Array.of(1)).shape).toEqual([])
  expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1])
})
