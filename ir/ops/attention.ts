import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { defineOp, mismatch, type Pair, Real } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { Extent, type MapType, mapType, printType, shapeOf, type Type } from '../type.ts'

export const pixelsOf = ({ h, w }: MapType): number => h * w

/** Keys and values by turns, as pairs. */
export const pairsOf = <A>(memory: readonly A[]): readonly (readonly [keys: A, values: A])[] =>
  Array.from({ length: memory.length / 2 }, (_, k) => [memory[2 * k], memory[2 * k + 1]])

/** What is attended to: pairs that have a pixel of values for each of keys, and channels in as many heads as the queries. */
const fits = (queries: MapType, [first, ...rest]: readonly (readonly [MapType, MapType])[], heads: number): boolean =>
  queries.c % heads === 0 &&
  first[1].c % heads === 0 &&
  rest.every(([, values]) => values.c === first[1].c) &&
  [first, ...rest].every(([keys, values]) => keys.c === queries.c && keys.h === values.h && keys.w === values.w)

/** The weights of one query of a head: `softmax(scale · query · key + bias)` over all keys. */
export const weigh = (
  query: Float64Array,
  keys: readonly Float64Array[],
  scale: number,
  bias: (key: number) => number = () => 0,
): Float64Array => {
  const scores = Float64Array.from(
    keys,
    (key, at) => scale * key.reduce((sum, value, i) => sum + value * query[i], 0) + bias(at),
  )
  const largest = scores.reduce((a, b) => Math.max(a, b))
  const powers = scores.map(score => Math.exp(score - largest))
  const total = powers.reduce((a, b) => a + b)
  return powers.map(power => power / total)
}

/** One head of one example. */
export interface Head {
  readonly example: number
  readonly head: number
  readonly heads: number
}

/** All heads of all examples. */
export const headsOf = (examples: number, heads: number): readonly Head[] =>
  Array.from({ length: examples * heads }, (_, k) => ({ example: Math.floor(k / heads), head: k % heads, heads }))

/** Where a head's channels of a pixel begin in a map. */
export const headAt = ({ shape: [, h, w, c] }: Tensor, { example, head, heads }: Head, pixel: number): number =>
  (example * h * w + pixel) * c + (head * c) / heads

/** Of each pixel of a map a head's channels. */
export const headOf = (map: Tensor, head: Head): readonly Float64Array[] => {
  const [, h, w, c] = map.shape
  return Array.from({ length: h * w }, (_, pixel) => {
    const at = headAt(map, head, pixel)
    return Float64Array.from(map.data.subarray(at, at + c / head.heads))
  })
}

/** Channels of a key and of a value. */
const channelsOf = ([queries, , values]: readonly Type[]): number => (queries as MapType).c + (values as MapType).c

/** Scores of each head: of every query with every key. */
export const scoreCount = ([queries, ...memory]: readonly Type[]): number =>
  pairsOf(memory as readonly MapType[]).reduce((sum, [keys]) => sum + pixelsOf(queries as MapType) * pixelsOf(keys), 0)

/**
 * What each pixel of the queries finds in other maps: the mean of their values, weighed by a softmax over the pixels of all of them of `scale · query · key`.
 * Channels are as many heads side by side, each with weights of its own. Keys and values come in pairs: `[h,w,c] × ([k,l,c] × [k,l,o])… → [h,w,o]`.
 */
export const attention = defineOp({
  tag: 'Attention',
  operands: ['queries', 'keys', 'values', '…'],
  attributes: { heads: Extent, scale: Real },
  infer: (operands: readonly Type[], { heads }) => {
    const maps = operands.flatMap(type => (type.kind === 'Map' ? [type] : []))
    const [queries, ...memory] = maps
    const expected = `queries and pairs of keys and values, Maps of channels in ${heads} heads`
    const pairs = maps.length === operands.length && memory.length > 0 && memory.length % 2 === 0
    return pairs && fits(queries, pairsOf(memory), heads)
      ? E.right(mapType(queries.h, queries.w, memory[1].c))
      : mismatch(operands.map(printType).join(', '), expected)
  },
  evaluate: ([queries, ...memory], { heads, scale }) => {
    const [n, h, w] = queries.shape
    const out = zeros([n, h, w, memory[1].shape[3]])
    const pairs = pairsOf(memory)
    for (const head of headsOf(n, heads)) {
      const keys = pairs.flatMap(([map]) => headOf(map, head))
      const values = pairs.flatMap(([, map]) => headOf(map, head))
      headOf(queries, head).forEach((query, pixel) => {
        const at = headAt(out, head, pixel)
        const weights = weigh(query, keys, scale)
        values.forEach((value, key) => {
          value.forEach((number, i) => {
            out.data[at + i] += weights[key] * number
          })
        })
      })
    }
    return out
  },
  multiplyAdds: operands => scoreCount(operands) * channelsOf(operands),
})

/** The most pixels of a window: each of them has a score for each. */
export const windowAtMost = 4096

/** Rows and columns of the windows that a table of biases `[2r−1, 2s−1, heads]` is for. */
export const windowOf = ([rows, columns]: readonly number[]): Pair => [(rows + 1) / 2, (columns + 1) / 2]

/** Scores of each head: of every query with the keys of its window. */
export const windowScoreCount = ([queries, , , bias]: readonly Type[]): number => {
  const [r, s] = windowOf(shapeOf(bias))
  return pixelsOf(queries as MapType) * r * s
}

/** How a map is divided: into blocks of neighbours, or into pixels that are spread evenly over all of it, as far apart as there are windows. */
const partitions = { blocks: null, grid: null } as const
/** @internal */
export type Partition = keyof typeof partitions
/** @internal */
export const Partition = t.keyof(partitions)

/** Along one axis, where the pixels of a window stand. */
const along = (extent: number, size: number, window: number, partition: Partition): readonly number[] =>
  Array.from({ length: size }, (_, k) => (partition === 'blocks' ? window * size + k : k * (extent / size) + window))

/** The pixels of each window of a map, row by row. */
export const windowsOf = (h: number, w: number, [r, s]: Pair, partition: Partition): readonly (readonly number[])[] =>
  Array.from({ length: (h * w) / (r * s) }, (_, window) => {
    const columns = along(w, s, window % (w / s), partition)
    return along(h, r, Math.floor(window / (w / s)), partition).flatMap(y => columns.map(x => y * w + x))
  })

/**
 * Where in a table of biases each pair of pixels of a window reads, by query, then key: its row and column are those of the query less those of the key,
 * counted from −(r−1) and −(s−1).
 */
export const offsetsOf = ([r, s]: Pair): readonly number[] => {
  const size = r * s
  return Array.from({ length: size * size }, (_, pair) => {
    const [query, key] = [Math.floor(pair / size), pair % size]
    const rows = Math.floor(query / s) - Math.floor(key / s)
    return (rows + r - 1) * (2 * s - 1) + (query % s) - (key % s) + s - 1
  })
}

/**
 * What each pixel of the queries finds in its window, one of those of `r` by `s` pixels that the map is divided into, `blocks` or a `grid`: the mean of the window's
 * values, weighed by a softmax over its pixels of `scale · query · key + bias`. The bias is a number of each head and of each offset of query from key in the window, so
 * its shape says the window and the heads: `[h,w,c] × [h,w,c] × [h,w,o] × [2r−1, 2s−1, heads] → [h,w,o]`.
 */
export const windowAttention = defineOp({
  tag: 'WindowAttention',
  operands: ['queries', 'keys', 'values', 'bias'],
  attributes: { scale: Real, partition: Partition },
  infer: ([queries, keys, values, bias]) => {
    if (bias.kind !== 'Shared' || bias.shape.length !== 3 || bias.shape.slice(0, 2).some(extent => extent % 2 === 0))
      return mismatch(printType(bias), 'biases Shared[2·rows − 1, 2·columns − 1, heads] of a window')
    const [r, s] = windowOf(bias.shape)
    const [, , heads] = bias.shape
    const seen = [queries, keys, values].map(printType).join(', ')
    if (queries.kind !== 'Map' || keys.kind !== 'Map' || values.kind !== 'Map')
      return mismatch(seen, 'Maps of queries, keys and values')
    if (!fits(queries, [[keys, values]], heads) || keys.h !== queries.h || keys.w !== queries.w)
      return mismatch(seen, `Maps of the same pixels, and channels in ${heads} heads`)
    return queries.h % r === 0 && queries.w % s === 0 && r * s <= windowAtMost
      ? E.right(mapType(queries.h, queries.w, values.c))
      : mismatch(
          `${printType(queries)} in windows of ${r}×${s}`,
          `windows that fill the map, of at most ${windowAtMost} pixels`,
        )
  },
  evaluate: ([queries, keys, values, bias], { scale, partition }) => {
    const [n, h, w] = values.shape
    const [, , heads] = bias.shape
    const window = windowOf(bias.shape)
    const [windows, offsets, size] = [windowsOf(h, w, window, partition), offsetsOf(window), window[0] * window[1]]
    const out = zeros(values.shape)
    for (const head of headsOf(n, heads)) {
      const [asking, asked, given] = [queries, keys, values].map(map => headOf(map, head))
      for (const pixels of windows) {
        const all = pixels.map(pixel => asked[pixel])
        pixels.forEach((pixel, query) => {
          const at = headAt(out, head, pixel)
          const biasOf = (key: number): number => bias.data[offsets[query * size + key] * heads + head.head]
          const weights = weigh(asking[pixel], all, scale, biasOf)
          pixels.forEach((from, key) => {
            given[from].forEach((number, i) => {
              out.data[at + i] += weights[key] * number
            })
          })
        })
      }
    }
    return out
  },
  equivariance: {
    law: 'sink-through-windows',
    precision: 'rounding',
    symbol: 'attention',
    result: 'moves',
    turned: ['keys', 'values', 'bias'],
  },
  multiplyAdds: operands => windowScoreCount(operands) * channelsOf(operands),
})
