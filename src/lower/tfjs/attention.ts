import type { Tensor } from '@tensorflow/tfjs-core'
import { shapeOf, type Type } from '../../../ir/index.ts'
import { offsetsOf, type Partition, windowOf } from '../../../ir/ops/attention.ts'
import { type Asked, askedInWindows, askedOf, firstPixel } from '../../../ir/ops/attention-gradients.ts'
import type { Tf } from '../../runtime/native/tensorflow-js.ts'
import { diagonals, inWindows } from '../window/attention.ts'
import type { Lowering, Target } from './kernel.ts'

/** On the way from a map `[n, h, w, c]` to its heads `[…, heads, pixels, channels]` and back. */
interface Heads {
  readonly apart: (map: Tensor) => Tensor
  readonly together: (heads: Tensor) => Tensor
}

/** `[n, heads, pixels, channels]`. */
const headsOf = (tf: Tf, type: Type, heads: number): Heads => {
  const [h, w, c] = shapeOf(type)
  return {
    apart: map => tf.transpose(tf.reshape(map, [-1, h * w, heads, c / heads]), [0, 2, 1, 3]),
    together: rows => tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [-1, h, w, c]),
  }
}

/** `[n · windows, heads, pixels, channels]`. */
const windowHeadsOf = (tf: Tf, type: Type, bias: Type, partition: Partition): Heads => {
  const [[h, w, c], [rows, columns, heads]] = [shapeOf(type), shapeOf(bias)]
  const [r, s] = windowOf([rows, columns])
  const { apart, order, moved, inverse } = inWindows([h, w], [r, s], partition)
  return {
    apart: map => {
      const windows = tf.transpose(tf.reshape(map, [-1, ...apart, c]), [...order])
      return tf.transpose(tf.reshape(windows, [-1, r * s, heads, c / heads]), [0, 2, 1, 3])
    },
    together: rows => {
      const windows = tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [-1, ...moved, c])
      return tf.reshape(tf.transpose(windows, [...inverse]), [-1, h, w, c])
    },
  }
}

/** Of queries and keys by head the weights `[…, heads, queries, keys]`. */
const weightsOf = (tf: Tf, queries: Tensor, keys: Tensor, scale: number, bias?: Tensor): Tensor => {
  const scores = tf.mul(tf.matMul(queries, keys, false, true), scale)
  return tf.softmax(bias === undefined ? scores : tf.add(scores, bias))
}

/** Of keys and values by turns the keys, and the values, each one after another. */
const joined = (tf: Tf, memory: readonly Tensor[]): readonly Tensor[] =>
  [0, 1].map(first => {
    const maps = memory.filter((_, k) => k % 2 === first)
    return maps.length === 1 ? maps[0] : tf.concat(maps, 2)
  })

export const attention: Lowering<'Attention'> = ({ tf }, { heads, scale }, { operands, result }) => {
  const ways = operands.map(type => headsOf(tf, type, heads))
  const back = headsOf(tf, result, heads)
  return {
    run: values => {
      const [queries, ...memory] = values.map((map, k) => ways[k].apart(map))
      const [keys, given] = joined(tf, memory)
      return back.together(tf.matMul(weightsOf(tf, queries, keys, scale), given))
    },
  }
}

/** Biases `[heads, pixels, pixels]` of a table by offset. */
const spread = ({ tf, keep }: Target, bias: Type): ((table: Tensor) => Tensor) => {
  const [rows, columns, heads] = shapeOf(bias)
  const [r, s] = windowOf([rows, columns])
  const offsets = keep(tf.tensor1d([...offsetsOf([r, s])], 'int32'))
  return table => {
    const byOffset = tf.transpose(tf.reshape(table, [-1, heads]))
    return tf.reshape(tf.gather(byOffset, offsets, 1), [heads, r * s, r * s])
  }
}

export const windowAttention: Lowering<'WindowAttention'> = (target, attributes, { operands, result }) => {
  const { tf } = target
  const { scale, partition } = attributes
  const [queries, keys, values, bias] = operands
  const ways = [queries, keys, values].map(type => windowHeadsOf(tf, type, bias, partition))
  const back = windowHeadsOf(tf, result, bias, partition)
  const biases = spread(target, bias)
  return {
    prepare: ([table]) => [biases(table)],
    run: (maps, [added]) => {
      const [asking, asked, given] = maps.map((map, k) => ways[k].apart(map))
      return back.together(tf.matMul(weightsOf(tf, asking, asked, scale, added), given))
    },
  }
}

/** Of gradient, queries, keys and values by head, and their weights: the gradient of what is asked about, by head, of scores `[…, heads, queries, keys]`. */
const throughHeads = (
  tf: Tf,
  asked: Asked,
  [gradient, queries, keys, values]: readonly Tensor[],
  weights: Tensor,
  scale: number,
): Tensor => {
  if (asked === 'values') return tf.matMul(weights, gradient, true)
  const byWeight = tf.mul(weights, tf.matMul(gradient, values, false, true))
  const scores = tf.sub(byWeight, tf.mul(weights, tf.sum(byWeight, -1, true)))
  if (asked === 'bias') return scores
  return tf.mul(asked === 'queries' ? tf.matMul(scores, keys) : tf.matMul(scores, queries, true), scale)
}

export const attentionGradient: Lowering<'AttentionGradient'> = ({ tf }, attributes, { operands, result }) => {
  const { heads, scale, operand } = attributes
  const ways = operands.map(type => headsOf(tf, type, heads))
  const asked = askedOf(operand)
  const back = headsOf(tf, result, heads)
  const [h, w, c] = shapeOf(result)
  const from = firstPixel(operands.slice(1), operand)
  return {
    run: maps => {
      const [gradient, queries, ...memory] = maps.map((map, k) => ways[k].apart(map))
      const [keys, values] = joined(tf, memory)
      const weights = weightsOf(tf, queries, keys, scale)
      const all = throughHeads(tf, asked, [gradient, queries, keys, values], weights, scale)
      return back.together(tf.slice(all, [0, 0, from, 0], [-1, heads, h * w, c / heads]))
    },
  }
}

/** Of a gradient of scores `[n · windows, heads, pixels, pixels]` that of the table of biases: sums over pairs of each offset, along rows, then along columns. */
const gathered = ({ tf, keep }: Target, bias: Type): ((scores: Tensor) => Tensor) => {
  const [rows, columns, heads] = shapeOf(bias)
  const [r, s] = windowOf([rows, columns])
  const [down, across] = [r, s].map(extent => keep(tf.tensor2d(diagonals(extent), [extent ** 2, 2 * extent - 1])))
  return scores => {
    const pairs = tf.transpose(tf.reshape(tf.sum(scores, 0), [heads, r, s, r, s]), [0, 2, 4, 1, 3])
    const byRow = tf.reshape(tf.matMul(tf.reshape(pairs, [-1, r * r]), down), [heads, s * s, rows])
    const byColumn = tf.matMul(tf.reshape(tf.transpose(byRow, [2, 0, 1]), [-1, s * s]), across)
    return tf.transpose(tf.reshape(byColumn, [rows, heads, columns]), [0, 2, 1])
  }
}

export const windowAttentionGradient: Lowering<'WindowAttentionGradient'> = (
  target,
  { scale, partition, operand },
  { operands, result },
) => {
  const { tf } = target
  const bias = operands[4]
  const ways = operands.slice(0, 4).map(type => windowHeadsOf(tf, type, bias, partition))
  const asked = askedInWindows(operand)
  const back = asked === 'bias' ? gathered(target, bias) : windowHeadsOf(tf, result, bias, partition).together
  const biases = spread(target, bias)
  return {
    prepare: ([table]) => [biases(table)],
    run: (maps, [added]) => {
      const rows = maps.map((map, k) => ways[k].apart(map))
      return back(throughHeads(tf, asked, rows, weightsOf(tf, rows[1], rows[2], scale, added), scale))
    },
  }
}
