import { either as E } from 'fp-ts'
import { Count, defineOp, type Mismatch, mismatch, Real } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { Extent, type MapType, printType, sameType, type Type } from '../type.ts'
import {
  attention,
  type Head,
  headAt,
  headOf,
  headsOf,
  offsetsOf,
  Partition,
  pairsOf,
  pixelsOf,
  scoreCount,
  weigh,
  windowAttention,
  windowOf,
  windowScoreCount,
  windowsOf,
} from './attention.ts'

/** Of what a gradient is asked for: of the operands of an `Attention` by their places, queries, then keys and values by turns. */
export const askedOf = (operand: number): 'queries' | 'keys' | 'values' => {
  if (operand === 0) return 'queries'
  return operand % 2 === 1 ? 'keys' : 'values'
}

/** The same of a `WindowAttention`, whose last operand is the biases. */
export const askedInWindows = (operand: number): Asked => (operand === 3 ? 'bias' : askedOf(operand))

export type Asked = ReturnType<typeof askedOf> | 'bias'

/** A head's numbers, a row a pixel. */
type Rows = readonly Float64Array[]

/** What the queries, keys and values of a head, and the biases of its scores by query, then key, have to do with the gradient of what the queries found. */
interface HeadGradients {
  readonly queries: Rows
  readonly keys: Rows
  readonly values: Rows
  readonly bias: Float64Array
}

const addTimes = (to: Float64Array, row: Float64Array, factor: number): void => {
  row.forEach((value, i) => {
    to[i] += factor * value
  })
}

const throughHead = (
  gradient: Rows,
  [queries, keys, values]: readonly [queries: Rows, keys: Rows, values: Rows],
  scale: number,
  bias: (query: number, key: number) => number = () => 0,
): HeadGradients => {
  const like = (rows: Rows): Rows => rows.map(row => new Float64Array(row.length))
  const [byQuery, byKey, byValue] = [queries, keys, values].map(like)
  const scores = new Float64Array(queries.length * keys.length)
  queries.forEach((query, q) => {
    const weights = weigh(query, keys, scale, key => bias(q, key))
    const byWeight = values.map(value => value.reduce((sum, number, i) => sum + number * gradient[q][i], 0))
    const mean = byWeight.reduce((sum, each, k) => sum + weights[k] * each, 0)
    keys.forEach((key, k) => {
      const score = weights[k] * (byWeight[k] - mean)
      scores[q * keys.length + k] = score
      addTimes(byQuery[q], key, scale * score)
      addTimes(byKey[k], query, scale * score)
      addTimes(byValue[k], gradient[q], weights[k])
    })
  })
  return { queries: byQuery, keys: byKey, values: byValue, bias: scores }
}

/** Writes a head's rows to pixels of a map. */
const place = (
  map: Tensor & { readonly data: Float64Array },
  head: Head,
  rows: Rows,
  pixelOf: (row: number) => number,
) =>
  rows.forEach((row, k) => {
    map.data.set(row, headAt(map, head, pixelOf(k)))
  })

/**
 * Where the pixels of an operand of an `Attention` begin among those of all maps of its kind, which stand one after another: operands are queries, then
 * keys and values by turns.
 */
export const firstPixel = (operands: readonly Type[], operand: number): number =>
  operands
    .slice(1, operand)
    .reduce((sum, map, k) => (k % 2 === (operand - 1) % 2 ? sum + pixelsOf(map as MapType) : sum), 0)

/** The type of the gradient of one operand, where that of the result fits. */
const gradientType = (
  [gradient, ...operands]: readonly Type[],
  result: E.Either<Mismatch, Type>,
  operand: number,
): E.Either<Mismatch, Type> => {
  if (E.isLeft(result)) return result
  if (!sameType(gradient, result.right)) return mismatch(printType(gradient), printType(result.right))
  return operand >= 0 && operand < operands.length
    ? E.right(operands[operand])
    : mismatch(`operand = ${operand}`, `one of ${operands.length} operands, counted from 0`)
}

/** Products of a score: of a query with its key, of a value with the gradient, and for gradients of queries and keys with either of them. */
const channelsOf = ([queries, , values]: readonly Type[], asked: Asked): number =>
  (queries as MapType).c * (asked === 'queries' || asked === 'keys' ? 2 : 1) + (values as MapType).c

/** The gradient of an `operand` of an `Attention`, counted from 0, from that of its result: `[h,w,o] × [h,w,c] × ([k,l,c] × [k,l,o])…` to the operand's type. */
export const attentionGradient = defineOp({
  tag: 'AttentionGradient',
  stage: 'training',
  operands: ['gradient', 'queries', 'keys', 'values', '…'],
  attributes: { heads: Extent, scale: Real, operand: Count },
  infer: (types, { operand, ...own }) => gradientType(types, attention.infer(types.slice(1), own), operand),
  evaluate: ([gradient, ...operands], { heads, scale, operand }, typing) => {
    const [queries, ...memory] = operands
    const asked = askedOf(operand)
    const out = zeros(operands[operand].shape)
    const from = firstPixel(typing.operands.slice(1), operand)
    for (const head of headsOf(gradient.shape[0], heads)) {
      const [keys, values] = [0, 1].map(k => pairsOf(memory).flatMap(pair => headOf(pair[k], head)))
      const all = throughHead(headOf(gradient, head), [headOf(queries, head), keys, values], scale)
      const rows = all[asked]
      place(out, head, rows.slice(from, from + out.shape[1] * out.shape[2]), row => row)
    }
    return out
  },
  multiplyAdds: ([, ...operands], _, { operand }) => scoreCount(operands) * channelsOf(operands, askedOf(operand)),
})

/**
 * The gradient of an `operand` of a `WindowAttention`, counted from 0, from that of its result; that of the bias, the last one, is summed over the batch and all
 * variants: `[h,w,o] × [h,w,c] × [h,w,c] × [h,w,o] × [2r−1, 2s−1, heads]` to the operand's type.
 */
export const windowAttentionGradient = defineOp({
  tag: 'WindowAttentionGradient',
  stage: 'training',
  operands: ['gradient', 'queries', 'keys', 'values', 'bias'],
  attributes: { scale: Real, partition: Partition, operand: Count },
  infer: (types, { operand, ...own }) => gradientType(types, windowAttention.infer(types.slice(1), own), operand),
  evaluate: ([gradient, ...operands], { scale, partition, operand }) => {
    const bias = operands[3]
    const [n, h, w] = gradient.shape
    const [, , heads] = bias.shape
    const window = windowOf(bias.shape)
    const offsets = offsetsOf(window)
    const asked = askedInWindows(operand)
    const out = zeros(operands[operand].shape)
    for (const head of headsOf(n, heads)) {
      const maps = [gradient, ...operands.slice(0, 3)].map(map => headOf(map, head))
      for (const pixels of windowsOf(h, w, window, partition)) {
        const [given, queries, keys, values] = maps.map(rows => pixels.map(pixel => rows[pixel]))
        const at = (score: number): number => offsets[score] * heads + head.head
        const biasOf = (query: number, key: number): number => bias.data[at(query * pixels.length + key)]
        const all = throughHead(given, [queries, keys, values], scale, biasOf)
        if (asked !== 'bias') place(out, head, all[asked], row => pixels[row])
        else
          all.bias.forEach((score, k) => {
            out.data[at(k)] += score
          })
      }
    }
    return out
  },
  multiplyAdds: ([, ...operands], _, { operand }) =>
    windowScoreCount(operands) * channelsOf(operands, askedInWindows(operand)),
})
