import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readScores } from '../../../../../src/network/import/onnx/relative-bias.ts'
import { type Array4, list, type ModelSpec, type NodeSpec, node, numbers, problemsOf } from './model.ts'
import { absent, expectAlike } from './oracle.ts'

const [heads, rows, columns, pixels] = [2, 3, 4, 12]

/** Numbers of each head, query and key, by a function of the head and both pixels. */
const scores = (
  of: (head: number, query: readonly [number, number], key: readonly [number, number]) => number,
): Array4 => ({
  dims: [1, heads, pixels, pixels],
  values: Array.from({ length: heads * pixels * pixels }, (_, k) => {
    const at = (pixel: number): readonly [number, number] => [Math.floor(pixel / columns), pixel % columns]
    return Math.fround(of(Math.floor(k / pixels ** 2), at(Math.floor(k / pixels) % pixels), at(k % pixels)))
  }),
})

const relative = scores((head, [y, x], [v, u]) => Math.sin(7 * head + 3 * (y - v) + (x - u)))
const byHead = { dims: [2, 1, 1], values: [0.5, -2] }
/** Where rows 0 and 1 are apart, and columns 2 and 3. */
const mask = scores((_, [y, x], [v, u]) => ((y === 0) === (v === 0) && x < 3 === u < 3 ? 0 : -100))

/** Attention of the twelve pixels of a map of four channels in two heads; `between` is what becomes of scores `s` until they are `a`. */
const attention = (
  between: readonly NodeSpec[],
  floats: Readonly<Record<string, Array4>>,
  changed: { readonly scores?: NodeSpec; readonly keys?: string; readonly ints?: ModelSpec['ints'] } = {},
): ModelSpec => ({
  input: [1, 4, rows, columns],
  opset: 17,
  nodes: [
    node('Reshape', 'x apart', 'k'),
    node('Transpose', 'k', 'q', { perm: [0, 1, 3, 2] }),
    node('Sigmoid', 'q', 'v'),
    changed.scores ?? node('MatMul', 'q k', 's'),
    ...between,
    node('Softmax', 'a', 'p', { axis: -1 }),
    node('MatMul', 'p v', 'o'),
    node('Transpose', 'o', 'o1', { perm: [0, 1, 3, 2] }),
    node('Flatten', 'o1', 'y'),
  ],
  floats: { ...floats, none: { dims: [1], values: [0] } },
  ints: { ...changed.ints, apart: list(1, heads, 2, pixels) },
})

const added = (value: Array4): ModelSpec => attention([node('Add', 's b', 'a')], { b: value })
const image = { dims: [1, 4, rows, columns], values: numbers([1, 4, rows, columns], 3).values.map(x => x / 5) }

const cases: readonly (readonly [string, ModelSpec])[] = [
  ['by relative position', added(relative)],
  ['of all heads alike', added({ dims: [pixels, pixels], values: relative.values.slice(0, pixels ** 2) })],
  ['that are the first operand', attention([node('Add', 'b s', 'a')], { b: relative })],
  ['that mask some pixels', added(mask)],
  [
    'and masks beside them, under another shape in between',
    attention(
      [
        node('Add', 's b', 't'),
        node('Reshape', 't wide', 'u'),
        node('Add', 'u m', 'w'),
        node('Reshape', 'w back', 'a'),
      ],
      { b: relative, m: { ...mask, dims: [1, 1, heads, pixels, pixels] } },
      { ints: { wide: list(1, 1, heads, pixels, pixels), back: list(-1, heads, pixels, pixels) } },
    ),
  ],
  [
    'after a factor of each head',
    attention([node('Mul', 's f', 't'), node('Add', 't b', 'a')], { b: relative, f: byHead }),
  ],
  ['of none beside a factor', attention([node('Mul', 'f s', 'a')], { f: byHead })],
  [
    'where products are written as Einsum',
    attention(
      [node('Add', 's b', 'a')],
      { b: relative },
      { scores: node('Einsum', 'q v', 's', { equation: 'bhid, bhjd -> bhij' }) },
    ),
  ],
]

describe.skipIf(absent !== undefined)('biases of attention, as onnxruntime has them', () => {
  it.each(cases)('%s', async (_, spec) => {
    await expectAlike(spec, image, { length: 4 * pixels })
  })
})

describe('what biases of attention are refused for', () => {
  const diagonal = scores((_, [y, x], [v, u]) => (y + x > 2 === v + u > 2 ? 0 : -100))
  const ofPixels = scores((_, [y, x]) => 10 * y + x)
  const underMask = { ...mask, values: mask.values.map((value, k) => (value < 0 ? value : ofPixels.values[k])) }
  it.each([
    ['saw scores to which each pixel adds its own', added(ofPixels)],
    ['saw scores to which each pixel adds its own', added(diagonal)],
    ['saw scores to which each pixel adds its own', added(underMask)],
    [
      'saw [1,2,1,12] added to scores of 2 heads and 12 pixels',
      added({ dims: [1, 2, 1, 12], values: relative.values.slice(0, 24) }),
    ],
    ['saw [2,1,12,12] added to scores', added({ ...relative, dims: [2, 1, 12, 12] })],
    [
      'saw scores times [12]',
      attention([node('Mul', 's f', 'a')], { f: { dims: [12], values: relative.values.slice(0, 12) } }),
    ],
    ['saw scores times [1,2,12,12]', attention([node('Mul', 's b', 'a')], { b: relative })],
    [
      'saw scores of 12 queries and 12 keys under shape [1,2,6,24]',
      attention(
        [node('Add', 's b', 't'), node('Reshape', 't cut', 'a')],
        { b: relative },
        { ints: { cut: list(1, 2, 6, 24) } },
      ),
    ],
    [
      'saw a product of two computed values',
      attention([node('Add', 's b', 't'), node('Mul', 't f', 'a')], { b: relative, f: byHead }),
    ],
  ])('%s', async (message, spec) => {
    expect(await problemsOf(spec)).toContain(message)
  })
})

/** A whole number cut into parts of at most `most`. */
const parts = (count: number, most: number): fc.Arbitrary<readonly number[]> =>
  fc
    .array(fc.boolean(), { minLength: count * most, maxLength: count * most })
    .map(ends => ends.map((end, at) => at % most === 0 || end))
    .map(begins => {
      const at = begins.flatMap((begin, k) => (begin ? [k] : []))
      return at.map((begin, k) => (at[k + 1] ?? begins.length) - begin)
    })

const drawn = fc
  .record({
    count: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    window: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  })
  .chain(({ count, window }) =>
    fc.record({
      count: fc.constant(count),
      window: fc.constant(window),
      down: parts(count[0], window[0]),
      across: parts(count[1], window[1]),
      heads: fc.integer({ min: 1, max: 2 }),
    }),
  )

describe('scores of windows', () => {
  it('are read as what they were made of', () => {
    fc.assert(
      fc.property(drawn, ({ count, window, down, across, heads }) => {
        const [[m, n], [r, s]] = [count, window]
        const size = r * s
        const runsOf = (sizes: readonly number[]) => sizes.flatMap((length, run) => Array.from({ length }, () => run))
        const placesOf = (k: number) => {
          const at = Math.floor(k / (heads * size * size))
          const [top, left] = [Math.floor(at / n) * r, (at % n) * s]
          const pixels = [Math.floor(k / size) % size, k % size]
          return pixels.map(pixel => [top + Math.floor(pixel / s), left + (pixel % s)] as const)
        }
        const seenBy = (sizes: readonly (readonly number[])[]) => {
          const [inRows, inColumns] = sizes.map(runsOf)
          return (k: number): boolean => {
            const [[y, x], [v, u]] = placesOf(k)
            return inRows[y] === inRows[v] && inColumns[x] === inColumns[u]
          }
        }
        const isSeen = seenBy([down, across])
        const bias = (head: number, dy: number, dx: number): number => Math.fround(Math.cos(head + 3 * dy + 5 * dx))
        const data = Float64Array.from({ length: m * n * heads * size * size }, (_, k) => {
          const [[y, x], [v, u]] = placesOf(k)
          return bias(Math.floor(k / (size * size)) % heads, y - v, x - u) - (isSeen(k) ? 0 : 100)
        })
        const { sizes, table } = readScores({ windows: m * n, heads, pixels: size, data }, count, window)
        const isRead = seenBy(sizes)
        data.forEach((score, k) => {
          const [[y, x], [v, u]] = placesOf(k)
          const head = Math.floor(k / (size * size)) % heads
          const read = isRead(k) ? table[((y - v + r - 1) * (2 * s - 1) + x - u + s - 1) * heads + head] : -100
          if (isSeen(k)) expect(read).toBe(Math.fround(score))
          else expect(read).toBeLessThan(-50)
        })
      }),
      { numRuns: 300 },
    )
  })
})
