import type { Tensor } from '@tensorflow/tfjs'
import { shapeOf, type Type } from '../../../ir/index.ts'
import { offsetsOf, windowOf } from '../../../ir/ops/attention.ts'
import { inWindows } from '../window/attention.ts'
import type { Lowering } from './kernel.ts'

/** By heads: `[n, heads, pixels, channels]`. */
export const attention: Lowering<'Attention'> = ({ tf }, { heads, scale }, { operands, result }) => {
  const rows = (x: Tensor, type: Type): Tensor => {
    const [h, w, c] = shapeOf(type)
    return tf.transpose(tf.reshape(x, [-1, h * w, heads, c / heads]), [0, 2, 1, 3])
  }
  return {
    run: values => {
      const all = values.map((value, k) => rows(value, operands[k]))
      const along = (first: 1 | 2): Tensor => {
        const every = all.filter((_, k) => k > 0 && k % 2 === first % 2)
        return every.length === 1 ? every[0] : tf.concat(every, 2)
      }
      const scores = tf.mul(tf.matMul(all[0], along(1), false, true), scale)
      const found = tf.matMul(tf.softmax(scores), along(2))
      return tf.reshape(tf.transpose(found, [0, 2, 1, 3]), [-1, ...shapeOf(result)])
    },
  }
}

/** By windows and heads: `[n · windows, heads, pixels, channels]`. */
export const windowAttention: Lowering<'WindowAttention'> = ({ tf, keep }, attributes, { operands, result }) => {
  const [[h, w, c], [rows, columns, heads]] = [shapeOf(result), shapeOf(operands[3])]
  const { scale, partition } = attributes
  const [r, s] = windowOf([rows, columns])
  const { apart, order, moved, inverse } = inWindows([h, w], [r, s], partition)
  const offsets = keep(tf.tensor1d([...offsetsOf([r, s])], 'int32'))
  const byHead = (x: Tensor): Tensor => {
    const channels = x.shape[3] as number
    const windows = tf.transpose(tf.reshape(x, [-1, ...apart, channels]), [...order])
    return tf.transpose(tf.reshape(windows, [-1, r * s, heads, channels / heads]), [0, 2, 1, 3])
  }
  return {
    prepare: ([table]) => {
      const byOffset = tf.transpose(tf.reshape(table, [-1, heads]))
      return [tf.reshape(tf.gather(byOffset, offsets, 1), [heads, r * s, r * s])]
    },
    run: (values, [added]) => {
      const [queries, keys, given] = values.map(byHead)
      const scores = tf.add(tf.mul(tf.matMul(queries, keys, false, true), scale), added)
      const found = tf.transpose(tf.matMul(tf.softmax(scores), given), [0, 2, 1, 3])
      const windows = tf.reshape(found, [-1, ...moved, c])
      return tf.reshape(tf.transpose(windows, [...inverse]), [-1, h, w, c])
    },
  }
}
