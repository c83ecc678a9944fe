import { describe, expect, it } from 'vitest'
import { type Array4, list, type ModelSpec, type NodeSpec, node, numbers, problemsOf } from './model.ts'
import { absent, both } from './oracle.ts'

const image: Array4 = numbers([1, 4, 3, 5])

const of = (nodes: readonly NodeSpec[], more: Partial<ModelSpec> = {}): ModelSpec => ({
  input: image.dims,
  nodes: [...nodes, node('Flatten', 'z', 'y')],
  ...more,
})

const repeats = (...counts: readonly number[]): Partial<ModelSpec> => ({ ints: { counts: list(...counts) } })
/** What is done to an axis of extent 1 in front of the rows. */
const wide = (op: string, ...counts: readonly number[]): ModelSpec =>
  of([node('Unsqueeze', 'x at', 'u'), node(op, 'u counts', 'z')], { ints: { at: list(2), counts: list(...counts) } })

const cases: readonly (readonly [string, ModelSpec])[] = [
  ['channels again', of([node('Tile', 'x counts', 'z')], repeats(1, 2, 1, 1))],
  ['rows and columns again', of([node('Tile', 'x counts', 'z')], repeats(1, 1, 2, 3))],
  ['nothing again', of([node('Tile', 'x counts', 'z')], repeats(1, 1, 1, 1))],
  [
    'one pixel as often as there are pixels',
    of([node('GlobalAveragePool', 'x', 'p'), node('Tile', 'p counts', 'z')], repeats(1, 2, 3, 5)),
  ],
  ['each channel twice', wide('Tile', 1, 1, 2, 1, 1)],
  ['each channel expanded', wide('Expand', 1, 4, 3, 3, 5)],
  ['each channel expanded by an axis of ones', wide('Expand', 1, 1, 3, 1, 1)],
  [
    'known pixels beside channels',
    of([node('Concat', 'k x', 'z', { axis: 1 })], { floats: { k: numbers([1, 2, 3, 5]) } }),
  ],
  ['known pixels beside rows', of([node('Concat', 'x k', 'z', { axis: 2 })], { floats: { k: numbers([1, 4, 2, 5]) } })],
  [
    'known channels where they come last',
    of([node('Transpose', 'x', 't', { perm: [0, 2, 3, 1] }), node('Concat', 't k', 'z', { axis: -1 })], {
      floats: { k: numbers([1, 3, 5, 2]) },
    }),
  ],
  [
    'known numbers beside scores',
    of([node('GlobalMaxPool', 'x', 'p'), node('Flatten', 'p', 'f'), node('Concat', 'f k', 'z', { axis: 1 })], {
      floats: { k: numbers([1, 3]) },
    }),
  ],
  ['signs', of([node('Sign', 'x', 'z')])],
  ['a sum of powers', of([node('ReduceLogSumExp', 'x', 'z', { axes: [2, 3], keepdims: 0 })])],
  ['a sum of powers over channels', of([node('ReduceLogSumExp', 'x', 'z', { axes: [1] })])],
]

describe.skipIf(absent !== undefined)(
  'copies, and what is known beside what is computed, as onnxruntime has them',
  () => {
    it.each(cases)('%s', async (_, spec) => {
      const { own, theirs } = await both(spec, image)
      expect(own).toHaveLength(theirs.length)
      ;(theirs as readonly number[]).forEach((value, k) => {
        expect(own[k]).toBeCloseTo(value, 4)
      })
    })
  },
)

describe('copies that are refused', () => {
  it.each([
    ['saw repeats [1,2]', of([node('Tile', 'x counts', 'z')], repeats(1, 2))],
    ['saw repeats [1,0,1,1]', of([node('Tile', 'x counts', 'z')], repeats(1, 0, 1, 1))],
    ['saw 65 copies along an axis', of([node('Tile', 'x counts', 'z')], repeats(1, 65, 1, 1))],
    ['along the batch', of([node('Tile', 'x counts', 'z')], repeats(2, 1, 1, 1))],
    [
      'saw a constant [2,1,3,5] beside values of the image',
      of([node('Concat', 'x k', 'z', { axis: 1 })], { floats: { k: numbers([2, 1, 3, 5]) } }),
    ],
  ])('%s', async (message, spec) => {
    expect(await problemsOf(spec)).toContain(message)
  })
})
