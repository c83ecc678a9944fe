import { either as E } from 'fp-ts'
import { defineOp, mismatch, Real } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { Extent, type MapType, mapType, printType, type Type } from '../type.ts'

const pixelsOf = ({ h, w }: MapType): number => h * w

/** Keys and values by turns, as pairs. */
const pairsOf = <A>(memory: readonly A[]): readonly (readonly [keys: A, values: A])[] =>
  Array.from({ length: memory.length / 2 }, (_, k) => [memory[2 * k], memory[2 * k + 1]])

/** What is attended to: pairs that have a pixel of values for each of keys, and channels in as many heads as the queries. */
const fits = (queries: MapType, [first, ...rest]: readonly (readonly [MapType, MapType])[], heads: number): boolean =>
  queries.c % heads === 0 &&
  first[1].c % heads === 0 &&
  rest.every(([, values]) => values.c === first[1].c) &&
  [first, ...rest].every(([keys, values]) => keys.c === queries.c && keys.h === values.h && keys.w === values.w)

/** The weights of one query of a head: `softmax(scale · query · key)` over all keys. */
const weigh = (query: Float64Array, keys: readonly Float64Array[], scale: number): Float64Array => {
  const scores = Float64Array.from(keys, key => scale * key.reduce((sum, value, i) => sum + value * query[i], 0))
  const largest = scores.reduce((a, b) => Math.max(a, b))
  const powers = scores.map(score => Math.exp(score - largest))
  const total = powers.reduce((a, b) => a + b)
  return powers.map(power => power / total)
}

/** Of each pixel of an example one head's channels. */
const headOf = ({ shape: [, h, w, c], data }: Tensor, example: number, head: number, heads: number): Float64Array[] =>
  Array.from({ length: h * w }, (_, pixel) => {
    const at = (example * h * w + pixel) * c + (head * c) / heads
    return Float64Array.from(data.subarray(at, at + c / heads))
  })

/**
 * What each pixel of the queries finds in other maps: the mean of their values, weighed by a softmax over the pixels of all of them of `scale · query · key`.
 * Channels are as many heads side by side, each with weights of its own. Keys and values come in pairs: `[h,w,c] × ([k,l,c] × [k,l,o])… → [h,w,o]`.
 */
export const attention = defineOp({
  tag: 'Attention',
  stage: 'inference',
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
    const c = memory[1].shape[3]
    const out = zeros([n, h, w, c])
    const pairs = pairsOf(memory)
    for (let example = 0; example < n; example++)
      for (let head = 0; head < heads; head++) {
        const keys = pairs.flatMap(([map]) => headOf(map, example, head, heads))
        const values = pairs.flatMap(([, map]) => headOf(map, example, head, heads))
        headOf(queries, example, head, heads).forEach((query, pixel) => {
          const at = (example * h * w + pixel) * c + (head * c) / heads
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
  multiplyAdds: ([queries, ...memory]) =>
    pairsOf(memory as readonly MapType[]).reduce(
      (sum, [keys, values]) => sum + pixelsOf(queries as MapType) * pixelsOf(keys) * (keys.c + values.c),
      0,
    ),
})
