import { shapeOf, type Type } from '../../../ir/index.ts'
import { offsetsOf, type Partition, windowOf } from '../../../ir/ops/attention.ts'
import { type Asked, askedInWindows, askedOf, firstPixel } from '../../../ir/ops/attention-gradients.ts'
import { diagonals, inWindows } from '../window/attention.ts'
import { concat, gather, reduce, reshape, scalarLike, slice, transpose } from './arrange.ts'
import { flag } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

/** On the way from a map `[n, h, w, c]` to its heads `[…, heads, pixels, channels]` and back. */
interface Heads {
  readonly apart: (map: Value) => Value
  readonly together: (heads: Value) => Value
}

/** `[n, heads, pixels, channels]`. */
const headsOf = (emit: Emitter, type: Type, heads: number): Heads => {
  const [h, w, c] = shapeOf(type)
  return {
    apart: map => transpose(emit, reshape(emit, map, [-1, h * w, heads, c / heads]), [0, 2, 1, 3]),
    together: rows => reshape(emit, transpose(emit, rows, [0, 2, 1, 3]), [-1, h, w, c]),
  }
}

/** `[n · windows, heads, pixels, channels]`. */
const windowHeadsOf = (emit: Emitter, type: Type, bias: Type, partition: Partition): Heads => {
  const [[h, w, c], [rows, columns, heads]] = [shapeOf(type), shapeOf(bias)]
  const [r, s] = windowOf([rows, columns])
  const { apart, order, moved, inverse } = inWindows([h, w], [r, s], partition)
  return {
    apart: map => {
      const windows = transpose(emit, reshape(emit, map, [-1, ...apart, c]), order)
      return transpose(emit, reshape(emit, windows, [-1, r * s, heads, c / heads]), [0, 2, 1, 3])
    },
    together: rows => {
      const windows = reshape(emit, transpose(emit, rows, [0, 2, 1, 3]), [-1, ...moved, c])
      return reshape(emit, transpose(emit, windows, inverse), [-1, h, w, c])
    },
  }
}

const product = (emit: Emitter, a: Value, b: Value, turned?: 'first' | 'second'): Value =>
  emit.node('BatchMatMulV2', [a, b], { adj_x: flag(turned === 'first'), adj_y: flag(turned === 'second') })

const times = (emit: Emitter, x: Value, factor: number): Value => emit.node('Mul', [x, scalarLike(emit, x, factor)])

/** Of queries and keys by head the weights `[…, heads, queries, keys]`. */
const weightsOf = (emit: Emitter, queries: Value, keys: Value, scale: number, bias?: Value): Value => {
  const scores = times(emit, product(emit, queries, keys, 'second'), scale)
  return emit.node('Softmax', [bias === undefined ? scores : emit.node('AddV2', [scores, bias])])
}

/** Of keys and values by turns the keys, and the values, each one after another. */
const joined = (emit: Emitter, memory: readonly Value[]): readonly Value[] =>
  [0, 1].map(first =>
    concat(
      emit,
      memory.filter((_, k) => k % 2 === first),
      2,
    ),
  )

export const attention: Lowering<'Attention'> = (emit, maps, { heads, scale }, { operands, result }) => {
  const [queries, ...memory] = maps.map((map, k) => headsOf(emit, operands[k], heads).apart(map))
  const [keys, values] = joined(emit, memory)
  return headsOf(emit, result, heads).together(product(emit, weightsOf(emit, queries, keys, scale), values))
}

/** Biases `[heads, pixels, pixels]` of a table by offset. */
const spread = (emit: Emitter, table: Value, bias: Type): Value => {
  const [rows, columns, heads] = shapeOf(bias)
  const [r, s] = windowOf([rows, columns])
  const byOffset = transpose(emit, reshape(emit, table, [-1, heads]), [1, 0])
  return reshape(emit, gather(emit, byOffset, offsetsOf([r, s]), 1), [heads, r * s, r * s])
}

export const windowAttention: Lowering<'WindowAttention'> = (emit, values, attributes, { operands, result }) => {
  const { scale, partition } = attributes
  const [, , , bias] = operands
  const [queries, keys, given] = values
    .slice(0, 3)
    .map((map, k) => windowHeadsOf(emit, operands[k], bias, partition).apart(map))
  const weights = weightsOf(emit, queries, keys, scale, spread(emit, values[3], bias))
  return windowHeadsOf(emit, result, bias, partition).together(product(emit, weights, given))
}

/** Of gradient, queries, keys and values by head, and their weights: the gradient of what is asked about, by head, of scores `[…, heads, queries, keys]`. */
const throughHeads = (
  emit: Emitter,
  asked: Asked,
  [gradient, queries, keys, values]: readonly Value[],
  weights: Value,
  scale: number,
): Value => {
  if (asked === 'values') return product(emit, weights, gradient, 'first')
  const byWeight = emit.node('Mul', [weights, product(emit, gradient, values, 'second')])
  const mean = emit.node('Mul', [weights, reduce(emit, 'Sum', byWeight, [3], true)])
  const scores = emit.node('Sub', [byWeight, mean])
  if (asked === 'bias') return scores
  const sums = asked === 'queries' ? product(emit, scores, keys) : product(emit, scores, queries, 'first')
  return times(emit, sums, scale)
}

export const attentionGradient: Lowering<'AttentionGradient'> = (emit, maps, attributes, { operands, result }) => {
  const { heads, scale, operand } = attributes
  const [gradient, queries, ...memory] = maps.map((map, k) => headsOf(emit, operands[k], heads).apart(map))
  const [keys, values] = joined(emit, memory)
  const weights = weightsOf(emit, queries, keys, scale)
  const all = throughHeads(emit, askedOf(operand), [gradient, queries, keys, values], weights, scale)
  const [h, w, c] = shapeOf(result)
  const own = slice(emit, all, [0, 0, firstPixel(operands.slice(1), operand), 0], [-1, heads, h * w, c / heads])
  return headsOf(emit, result, heads).together(own)
}

/** Of a gradient of scores `[n · windows, heads, pixels, pixels]` that of the table of biases: sums over pairs of each offset, along rows, then along columns. */
const gathered = (emit: Emitter, scores: Value, bias: Type): Value => {
  const [rows, columns, heads] = shapeOf(bias)
  const [r, s] = windowOf([rows, columns])
  const along = (x: Value, extent: number): Value => {
    const ones = emit.constant([extent ** 2, 2 * extent - 1], diagonals(extent), x.format)
    return emit.node('MatMul', [reshape(emit, x, [-1, extent ** 2]), ones], {
      transpose_a: flag(false),
      transpose_b: flag(false),
    })
  }
  const all = reshape(emit, reduce(emit, 'Sum', scores, [0]), [heads, r, s, r, s])
  const byRow = reshape(emit, along(transpose(emit, all, [0, 2, 4, 1, 3]), r), [heads, s * s, rows])
  const byColumn = along(transpose(emit, byRow, [2, 0, 1]), s)
  return transpose(emit, reshape(emit, byColumn, [rows, heads, columns]), [0, 2, 1])
}

export const windowAttentionGradient: Lowering<'WindowAttentionGradient'> = (
  emit,
  maps,
  { scale, partition, operand },
  { operands, result },
) => {
  const bias = operands[4]
  const rows = maps.slice(0, 4).map((map, k) => windowHeadsOf(emit, operands[k], bias, partition).apart(map))
  const asked = askedInWindows(operand)
  const weights = weightsOf(emit, rows[1], rows[2], scale, spread(emit, maps[4], bias))
  const all = throughHeads(emit, asked, rows, weights, scale)
  return asked === 'bias' ? gathered(emit, all, bias) : windowHeadsOf(emit, result, bias, partition).together(all)
}
