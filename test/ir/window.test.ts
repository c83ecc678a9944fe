import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  actOnPadding,
  actOnPair,
  actOnTensor,
  actOnWindow,
  coveredPads,
  type Element,
  elements,
  inverse,
  isDilated,
  mapType,
  mirroredPads,
  outputExtent,
  outputExtents,
  type Padding,
  type Pair,
  samePads,
  sharedType,
  type Window,
} from '../../ir/index.ts'
import { apply, integers, numbers, typing } from './apply.ts'

/** Negative zeros aside. */
const plain = (values: readonly number[]): readonly number[] => values.map(v => v + 0)

const pair = <A>(a: fc.Arbitrary<A>): fc.Arbitrary<readonly [A, A]> => fc.tuple(a, a)
const pads = pair(fc.integer({ min: -1, max: 2 }))

const windows: fc.Arbitrary<{ readonly g: Element; readonly extents: Pair; readonly w: Window }> = fc.record({
  g: fc.constantFrom(...elements),
  extents: pair(fc.integer({ min: 1, max: 7 })),
  w: fc.record({
    size: pair(fc.integer({ min: 1, max: 3 })),
    strides: pair(fc.integer({ min: 1, max: 3 })),
    dilations: pair(fc.integer({ min: 1, max: 2 })),
    padding: pair(pads),
    ceil: fc.boolean(),
  }),
})

describe('a window that slides over an acted-on map: slide(g·x; w) = g·slide(x; w′)', () => {
  const act = (g: Element, x: ReturnType<typeof integers>) => {
    const [, h, w, c] = x.value.shape
    const extents = actOnPair(g, [h, w])
    return { type: mapType(extents[0], extents[1], c), value: actOnTensor(g, x.value, 1, 2) }
  }

  test('convolutions, with g⁻¹ on the taps', () => {
    let held = 0
    fc.assert(
      fc.property(windows, ({ g, extents, w }) => {
        const floor = { ...w, ceil: false }
        const filter = integers(sharedType([...w.size, 2, 2]), 3)
        const x = integers(mapType(...actOnPair(inverse(g), extents), 2), 5, 2)
        const attributes = { ...floor, groups: 1 }
        const gx = act(g, x)
        if (typing('Conv2d', attributes, gx.type, filter.type) === null) return
        held++
        const turned = {
          type: sharedType([...actOnPair(inverse(g), w.size), 2, 2]),
          value: actOnTensor(inverse(g), filter.value, 0, 1),
        }
        const own = actOnWindow(g, floor, extents)
        const right = actOnTensor(g, apply('Conv2d', { ...own, groups: 1 }, x, turned), 1, 2)
        const left = apply('Conv2d', attributes, gx, filter)
        expect(left.shape).toEqual(right.shape)
        expect(plain(numbers(left))).toEqual(plain(numbers(right)))
      }),
      { numRuns: 2500 },
    )
    expect(held).toBeGreaterThan(500)
  })

  test.each(['MaxPool', 'MeanPool'] as const)('%s in floor and in ceil mode', tag => {
    let held = 0
    let grown = 0
    fc.assert(
      fc.property(windows, fc.boolean(), ({ g, extents, w }, counted) => {
        const countPadding = counted && !w.ceil && tag === 'MeanPool'
        const pool = (window: Window, x: ReturnType<typeof integers>) =>
          tag === 'MaxPool' ? apply(tag, window, x) : apply(tag, { ...window, countPadding }, x)
        const x = integers(mapType(...actOnPair(inverse(g), extents), 2), 7, 2)
        const gx = act(g, x)
        if (typing('MaxPool', w, gx.type) === null) return
        held++
        const left = pool(w, gx)
        const right = actOnTensor(g, pool(actOnWindow(g, w, extents), x), 1, 2)
        expect(left.shape).toEqual(right.shape)
        for (const [i, value] of left.data.entries()) expect(value).toBeCloseTo(right.data[i], 12)
        if (left.shape[1] > outputExtent(extents[0], w.size[0], w.strides[0], w.dilations[0], w.padding[0], false))
          grown++
      }),
      { numRuns: 2500 },
    )
    expect(held).toBeGreaterThan(400)
    expect(grown).toBeGreaterThan(20)
  })

  test('one axis, exhaustively: window `o−1−i` of the mirrored pads reads the mirrored pixels', () => {
    let cases = 0
    for (let n = 1; n <= 8; n++)
      for (let k = 1; k <= 3; k++)
        for (let s = 1; s <= 3; s++)
          for (let d = 1; d <= 2; d++)
            for (let l = -2; l <= 3; l++)
              for (let r = -2; r <= 3; r++) {
                const o = outputExtent(n, k, s, d, [l, r], false)
                if (o < 1) continue
                cases++
                const mirrored = mirroredPads(n, k, s, d, [l, r], o)
                expect(outputExtent(n, k, s, d, mirrored, false)).toBe(o)
                for (let i = 0; i < o; i++)
                  for (let tap = 0; tap < k; tap++) {
                    const read = i * s - l + tap * d
                    const readMirrored = (o - 1 - i) * s - mirrored[0] + (k - 1 - tap) * d
                    expect(readMirrored).toBe(n - 1 - read)
                  }
              }
    expect(cases).toBeGreaterThan(3000)
  })
})

test('pads of an acted-on map: pad(g·x; p) = g·pad(x; p′)', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...elements),
      pair(fc.integer({ min: 3, max: 5 })),
      pair(pads),
      (g, [h, w], padding) => {
        const x = integers(mapType(h, w, 1), 3)
        const gx = { type: mapType(...actOnPair(g, [h, w]), 1), value: actOnTensor(g, x.value, 1, 2) }
        const padded = (of: typeof x, own: Padding) => apply('Pad', { padding: own, channels: [0, 0], value: 7 }, of)
        const right = actOnTensor(g, padded(x, actOnPadding(g, padding)), 1, 2)
        expect(padded(gx, padding)).toEqual(right)
      },
    ),
  )
})

test('a window is dilated where along some axis it covers more pixels than it has taps', () => {
  fc.assert(
    fc.property(windows, ({ w }) => {
      const skips = ([0, 1] as const).some(axis => {
        const taps = Array.from({ length: w.size[axis] }, (_, k) => k * w.dilations[axis])
        return Math.max(...taps) >= taps.length
      })
      expect(isDilated(w)).toBe(skips)
    }),
  )
})

test('covered pads give as many windows in floor mode; no trailing pad less does, nor none where one is kept', () => {
  let [cut, grown] = [0, 0]
  fc.assert(
    fc.property(windows, ({ extents, w }) => {
      const outputs = outputExtents(extents, w)
      if (Math.min(...outputs) < 1) return
      const padding = coveredPads(extents, w)
      for (const axis of [0, 1] as const) {
        const [before, after] = padding[axis]
        // One output has no next one: any stride means the same.
        const stride = outputs[axis] === 1 ? 1 : w.strides[axis]
        const outputsUnder = (trailing: number) =>
          outputExtent(extents[axis], w.size[axis], stride, w.dilations[axis], [before, trailing], false)
        expect(before).toBe(w.padding[axis][0])
        expect(outputsUnder(after)).toBe(outputs[axis])
        if (after === 0) continue
        expect(outputsUnder(after - 1)).toBeLessThan(outputs[axis])
        if (after < 0) expect(outputsUnder(0)).toBeGreaterThan(outputs[axis])
        if (after < 0) cut++
        else grown++
      }
    }),
    { numRuns: 1000 },
  )
  expect(Math.min(cut, grown)).toBeGreaterThan(50)
})

test('where no window fits there are no outputs, in ceil mode too', () => {
  expect(outputExtent(1, 2, 2, 1, [0, 0], true)).toBe(0)
  expect(outputExtent(1, 4, 1, 1, [0, 0], false)).toBe(0)
  expect(outputExtent(1, 2, 2, 1, [1, 0], true)).toBe(1)
})

test('samePads are those of TensorFlow: ⌈n/s⌉ outputs, the odd pad last', () => {
  expect(samePads(32, 3, 1, 1)).toEqual([1, 1])
  expect(samePads(32, 3, 2, 1)).toEqual([0, 1])
  expect(samePads(33, 3, 2, 1)).toEqual([1, 1])
  expect(samePads(32, 1, 2, 1)).toEqual([0, 0])
  expect(samePads(7, 2, 1, 1)).toEqual([0, 1])
  expect(samePads(7, 3, 1, 2)).toEqual([2, 2])
  for (let n = 1; n < 12; n++)
    for (let k = 1; k < 5; k++)
      for (let s = 1; s < 4; s++) expect(outputExtent(n, k, s, 1, samePads(n, k, s, 1), false)).toBe(Math.ceil(n / s))
})
