import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limits, mapType, vectorType } from '../../ir/index.ts'
import { everyWindowCovers, outputExtent } from '../../ir/ops/window.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

const window = (size: number, stride: number, pad: number, ceil = false) =>
  ({
    size: [size, size],
    strides: [stride, stride],
    dilations: [1, 1],
    padding: [
      [pad, pad],
      [pad, pad],
    ],
    ceil,
  }) as const

/** PyTorch's documented output size, with its rule that a ceil-mode window must start inside the image or the left pad. */
const pytorchExtent = (n: number, k: number, s: number, d: number, p: number, ceil: boolean): number => {
  const exact = (n + 2 * p - d * (k - 1) - 1) / s + 1
  if (!ceil) return Math.floor(exact)
  return (Math.ceil(exact) - 1) * s >= n + p ? Math.ceil(exact) - 1 : Math.ceil(exact)
}

describe('pooling', () => {
  test('has as many windows as PyTorch says', () => {
    let grown = 0
    for (let n = 1; n <= 9; n++)
      for (let k = 1; k <= 4; k++)
        for (let s = 1; s <= 3; s++)
          for (let d = 1; d <= 2; d++)
            for (let p = 0; p <= k / 2; p++)
              for (const ceil of [false, true]) {
                if (n + 2 * p < d * (k - 1) + 1) continue
                expect(outputExtent(n, k, s, d, [p, p], ceil)).toBe(pytorchExtent(n, k, s, d, p, ceil))
                if (ceil && outputExtent(n, k, s, d, [p, p], true) > outputExtent(n, k, s, d, [p, p], false)) grown++
              }
    expect(grown).toBeGreaterThan(20)
  })

  const x = operand(mapType(1, 5, 1), [1, 2, 3, 4, 5])
  const row = (size: number, strides: number, pads: readonly [number, number], ceil: boolean) =>
    ({ size: [1, size], strides: [1, strides], dilations: [1, 1], padding: [[0, 0], pads], ceil }) as const

  test('max: padding never wins, and ceil mode has a last, partial window', () => {
    expect(numbers(apply('MaxPool', row(2, 2, [0, 0], false), x))).toEqual([2, 4])
    expect(numbers(apply('MaxPool', row(2, 2, [0, 0], true), x))).toEqual([2, 4, 5])
    const negative = operand(mapType(1, 2, 1), [-3, -1])
    expect(numbers(apply('MaxPool', row(2, 1, [1, 1], false), negative))).toEqual([-3, -1, -1])
  })

  test('mean: over real pixels, or over the padded image but not past it', () => {
    // torch.nn.AvgPool1d(2, 2, padding=1) of 1..5
    expect(numbers(apply('MeanPool', { ...row(2, 2, [1, 1], false), countPadding: false }, x))).toEqual([1, 2.5, 4.5])
    expect(numbers(apply('MeanPool', { ...row(2, 2, [1, 1], false), countPadding: true }, x))).toEqual([0.5, 2.5, 4.5])
    // torch.nn.AvgPool1d(3, 2, padding=1, ceil_mode=True) of 1..4: the last window starts at the last pixel
    const four = operand(mapType(1, 4, 1), [1, 2, 3, 4])
    expect(numbers(apply('MeanPool', { ...row(3, 2, [1, 1], true), countPadding: true }, four))).toEqual([1, 3, 2])
    expect(numbers(apply('MeanPool', { ...row(3, 2, [1, 1], true), countPadding: false }, four))).toEqual([1.5, 3, 4])
  })

  test('a dilated window skips pixels', () => {
    const dilated = { ...row(2, 1, [0, 0], false), dilations: [1, 2] } as const
    expect(numbers(apply('MaxPool', dilated, operand(mapType(1, 4, 1), [9, 1, 2, 3])))).toEqual([9, 3])
  })

  test('each example and channel by itself', () => {
    const two = operand(mapType(2, 2, 2), [1, 10, 2, 20, 3, 30, 4, 40, -1, 0, -2, 0, -3, 0, -4, 0])
    expect(numbers(apply('MaxPool', window(2, 2, 0), two))).toEqual([4, 40, -1, 0])
    expect(numbers(apply('MeanPool', { ...window(2, 2, 0), countPadding: false }, two))).toEqual([2.5, 25, -2.5, 0])
    expect(numbers(apply('GlobalPool', { reduction: 'mean' }, two))).toEqual([2.5, 25, -2.5, 0])
    expect(numbers(apply('GlobalPool', { reduction: 'max' }, two))).toEqual([4, 40, -1, 0])
  })

  test('types', () => {
    expect(typing('MaxPool', window(3, 2, 1), mapType(8, 6, 4))).toBe('Map[4,3,4]')
    expect(typing('MaxPool', window(3, 2, 0, true), mapType(8, 6, 4))).toBe('Map[4,3,4]')
    expect(typing('MeanPool', { ...window(3, 2, 1), countPadding: true }, mapType(8, 6, 4))).toBe('Map[4,3,4]')
    expect(typing('MaxPool', window(9, 1, 0), mapType(8, 6, 4))).toBeNull()
    expect(typing('MaxPool', window(2, 1, 2), mapType(8, 6, 4))).toBeNull()
    expect(typing('MaxPool', window(1, 1, 0), vectorType(4))).toBeNull()
    expect(typing('MaxPool', row(2, 2, [0, -1], false), mapType(1, 6, 4))).toBe('Map[1,2,4]')
    expect(typing('MaxPool', row(2, 2, [0, -1], true), mapType(1, 6, 4))).toBeNull()
    expect(typing('GlobalPool', { reduction: 'max' }, mapType(8, 6, 4))).toBe('Vector[4]')
    expect(typing('GlobalPool', { reduction: 'max' }, vectorType(4))).toBeNull()
  })

  test('everyWindowCovers says what listing the taps says', () => {
    const listed = (n: number, k: number, s: number, d: number, l: number, o: number): boolean =>
      Array.from({ length: o }, (_, at) => at).every(at =>
        Array.from({ length: k }, (_, tap) => at * s - l + tap * d).some(i => i >= 0 && i < n),
      )
    const seen = { true: 0, false: 0 }
    for (let n = 1; n <= 5; n++)
      for (let k = 1; k <= 4; k++)
        for (let s = 1; s <= 3; s++)
          for (let d = 1; d <= 4; d++)
            for (let l = -2; l <= 6; l++)
              for (let o = 1; o <= 6; o++) {
                const wanted = listed(n, k, s, d, l, o)
                seen[`${wanted}`]++
                expect(everyWindowCovers(n, k, s, d, l, o)).toBe(wanted)
              }
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(500)
  })

  test('monstrous windows are refused at once', () => {
    const huge = limits.whole
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(1, 2, huge, huge - 1, 2 ** 20), { minLength: 8, maxLength: 8 }),
        ([h, w, r, s, sy, sx, dy, dx]) => {
          const attributes = {
            size: [r, s],
            strides: [sy, sx],
            dilations: [dy, dx],
            padding: [
              [huge, huge],
              [0, huge],
            ],
            ceil: false,
          } as const
          typing('MaxPool', attributes, mapType(h, w, 1))
        },
      ),
    )
  })

  test('a mean of equal pixels is that number wherever only real pixels count', () => {
    const x = integers(mapType(5, 4, 1))
    const constant = operand(x.type, new Array<number>(20).fill(3))
    const out = apply('MeanPool', { ...window(3, 2, 1, true), countPadding: false }, constant)
    expect(numbers(out).every(v => Math.abs(v - 3) < 1e-12)).toBe(true)
  })
})

describe('windows', () => {
  const over = (size: readonly [number, number], changes: object = {}) => ({ ...window(1, 1, 0), size, ...changes })

  test('fit along both axes', () => {
    expect(typing('MaxPool', over([2, 1]), mapType(2, 1, 1))).toBe('Map[1,1,1]')
    expect(typing('MaxPool', over([2, 1]), mapType(1, 3, 1))).toBeNull()
    expect(typing('MaxPool', over([1, 2]), mapType(3, 1, 1))).toBeNull()
  })

  test('are at most as many as a map may have rows or columns', () => {
    const of = (size: number, axis: 0 | 1) => {
      // Over one pixel and as much padding as leaves it in every window.
      const pads = [size - 1, size - 1] as const
      const padding = axis === 0 ? ([pads, [0, 0]] as const) : ([[0, 0], pads] as const)
      return typing('MaxPool', over(axis === 0 ? [size, 1] : [1, size], { padding }), mapType(1, 1, 1))
    }
    expect(of(limits.mapExtent, 0)).toBe(`Map[${limits.mapExtent},1,1]`)
    expect(of(limits.mapExtent, 1)).toBe(`Map[1,${limits.mapExtent},1]`)
    expect(of(limits.mapExtent + 1, 0)).toBeNull()
    expect(of(limits.mapExtent + 1, 1)).toBeNull()
  })

  test('of a mean over padding count the pixels of their own row, however far these are apart', () => {
    const rows = operand(mapType(3, 2, 1), [1, 2, 3, 4, 5, 6])
    const two = { ...over([2, 1], { strides: [2, 1], ceil: true }), countPadding: true }
    // The second window has one row, which is all that the image has left.
    expect(numbers(apply('MeanPool', two, rows))).toEqual([2, 3, 5, 6])
    const column = operand(mapType(5, 1, 1), [1, 2, 3, 4, 5])
    const apart = { ...over([2, 1], { strides: [3, 1], dilations: [2, 1], ceil: true }), countPadding: true }
    expect(numbers(apply('MeanPool', apart, column))).toEqual([2, 4])
  })
})
