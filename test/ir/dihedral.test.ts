import { describe, expect, test } from 'vitest'
import {
  actOnTensor,
  compose,
  type Element,
  elements,
  gather,
  inverse,
  isFixed,
  mapType,
  reduceElement,
  samplingMatrix,
  type Tensor,
  tensor,
} from '../../ir/index.ts'
import { apply, integers } from './apply.ts'

/** Rows of one channel, written out. */
const image = (...rows: readonly (readonly number[])[]): Tensor =>
  tensor([1, rows.length, rows[0].length, 1], Float64Array.from(rows.flat()))

const act = (g: Element, x: Tensor): Tensor => actOnTensor(g, x, 1, 2)

const ramp = (h: number, w: number): Tensor =>
  tensor(
    [2, h, w, 3],
    Float64Array.from({ length: 6 * h * w }, (_, i) => i),
  )

describe('the dihedral group', () => {
  const x = image([1, 2, 3], [4, 5, 6])
  test.each([
    ['id', image([1, 2, 3], [4, 5, 6])],
    ['flip', image([3, 2, 1], [6, 5, 4])],
    ['flipv', image([4, 5, 6], [1, 2, 3])],
    ['rot180', image([6, 5, 4], [3, 2, 1])],
    ['transpose', image([1, 4], [2, 5], [3, 6])],
    ['antitranspose', image([6, 3], [5, 2], [4, 1])],
    // numpy.rot90: counter-clockwise as seen
    ['rot90', image([3, 6], [2, 5], [1, 4])],
    ['rot270', image([4, 1], [5, 2], [6, 3])],
  ] as const)('%s moves pixels as written out', (g, expected) => expect(act(g, x)).toEqual(expected))

  test('is a group: closed, with identity, inverses and associativity', () => {
    for (const g of elements) {
      expect(new Set(elements.map(h => compose(g, h))).size).toBe(8)
      expect([compose('id', g), compose(g, 'id')]).toEqual([g, g])
      expect([compose(g, inverse(g)), compose(inverse(g), g)]).toEqual(['id', 'id'])
      for (const h of elements)
        for (const k of elements) expect(compose(compose(g, h), k)).toBe(compose(g, compose(h, k)))
    }
  })

  test('acts: compose(g, h)·x = g·(h·x), on square and oblong maps', () => {
    for (const value of [ramp(3, 3), ramp(2, 3), ramp(1, 4), ramp(1, 1)])
      for (const g of elements)
        for (const h of elements) expect(act(compose(g, h), value)).toEqual(act(g, act(h, value)))
  })

  test('reduceElement keeps what an element does, and names it by fewer moves', () => {
    for (const [h, w] of [
      [1, 1],
      [1, 3],
      [3, 1],
      [2, 3],
      [2, 2],
    ] as const) {
      const value = ramp(h, w)
      const reduced = elements.map(g => reduceElement(g, [h, w]))
      for (const [k, g] of elements.entries()) expect(act(reduced[k], value)).toEqual(act(g, value))
      const distinct = new Set(elements.map(g => JSON.stringify([act(g, value).shape, ...act(g, value).data])))
      expect(new Set(reduced).size).toBe(distinct.size)
    }
  })

  test('samplingMatrix carries an output offset to the input offset that the act reads', () => {
    for (const [h, w] of [
      [3, 5],
      [4, 4],
      [2, 1],
    ] as const) {
      const value = tensor(
        [1, h, w, 1],
        Float64Array.from({ length: h * w }, (_, i) => i),
      )
      for (const g of elements) {
        const out = act(g, value)
        const [, oh, ow] = out.shape
        const [[xx, xy], [yx, yy]] = samplingMatrix(g)
        for (let y = 0; y < oh; y++)
          for (let x = 0; x < ow; x++) {
            const dx = x - (ow - 1) / 2
            const dy = y - (oh - 1) / 2
            const fromX = xx * dx + xy * dy + (w - 1) / 2
            const fromY = yx * dx + yy * dy + (h - 1) / 2
            expect(out.data[y * ow + x]).toBe(fromY * w + fromX)
          }
      }
    }
  })

  test('acts on filters by their taps, whatever the axes', () => {
    const filter = tensor(
      [2, 3, 1, 2],
      Float64Array.from({ length: 12 }, (_, i) => i),
    )
    expect([...actOnTensor('flip', filter, 0, 1).data]).toEqual([4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7])
    const rows = tensor(
      [2, 6],
      Float64Array.from({ length: 12 }, (_, i) => i),
    )
    expect([...actOnTensor('flipv', rows, 0, 1).data]).toEqual([6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5])
  })

  test('a tensor is fixed where its image is the tensor itself, to the bit', () => {
    const square = (...data: readonly number[]) =>
      tensor([Math.sqrt(data.length), Math.sqrt(data.length)], Float64Array.from(data))
    for (const value of [
      square(1, 2, 3, 2, 4, 5, 3, 5, 6),
      square(1, 2, 3, 4, 5, 6, 7, 8, 9),
      square(1, 2, 1, 3, 4, 3, 1, 2, 1),
      square(1, 2, 2, 1),
      square(0, -0, 0, 0),
      square(7),
    ])
      for (const g of elements) {
        const image = actOnTensor(g, value, 0, 1)
        expect(isFixed(g, value, 0, 1)).toBe(image.data.every((x, i) => Object.is(x, value.data[i])))
      }
    expect(isFixed('transpose', tensor([2, 3], new Float64Array(6)), 0, 1)).toBe(false)
  })

  test('a tensor without axes is read as it is, and numbers stay float32', () => {
    expect(gather(tensor([], Float64Array.of(5)), [], [], 0)).toEqual({ shape: [], data: Float64Array.of(5) })
    expect(actOnTensor('flip', tensor([1, 2], Float32Array.of(1, 2)), 0, 1).data).toEqual(Float32Array.of(2, 1))
  })

  test('the Act op is the action on every example and channel', () => {
    const x = integers(mapType(2, 3, 2), 4, 3)
    for (const element of elements) expect(apply('Act', { element, axes: [0, 1] }, x)).toEqual(act(element, x.value))
  })
})

test('a tensor that is not square is no image of itself under a quarter turn, whatever its numbers', () => {
  const zeros = (shape: readonly number[]) => ({ shape, data: new Float64Array(shape.reduce((a, n) => a * n, 1)) })
  expect(isFixed('rot90', zeros([2, 3, 4]), 0, 1)).toBe(false)
  expect(isFixed('transpose', zeros([2, 3, 4]), 0, 1)).toBe(false)
  expect(isFixed('flip', zeros([2, 3, 4]), 0, 1)).toBe(true)
  expect(isFixed('rot90', zeros([3, 3, 4]), 0, 1)).toBe(true)
})
