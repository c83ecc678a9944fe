import type { Tensor } from '@tensorflow/tfjs'
import { shapeOf, type Type } from '../../../ir/index.ts'
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
