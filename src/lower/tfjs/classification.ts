import type { Tensor } from '@tensorflow/tfjs-core'
import { shapeOf } from '../../../ir/index.ts'
import { leastLogarithm } from '../../../ir/ops/certainty.ts'
import type { Tf } from '../../runtime/native/tensorflow-js.ts'
import type { Lowering } from './kernel.ts'

export const softmax: Lowering<'Softmax'> = ({ tf }, { log }) => ({
  run: ([x]) => (log ? tf.logSoftmax(x) : tf.softmax(x)),
})

/** Of every row its largest number, and the largest but one where there are several. */
const largestTwo = (tf: Tf, x: Tensor, classes: number): readonly Tensor[] =>
  tf.split(tf.topk(x, Math.min(2, classes)).values, Math.min(2, classes), 1)

export const certainty: Lowering<'Certainty'> = ({ tf }, { measure }, { operands: [logits] }) => {
  const [classes] = shapeOf(logits)
  return {
    run: ([x]) => {
      const p = tf.softmax(x)
      if (measure === 'probability') return tf.max(p, 1, true)
      if (measure === 'margin') return largestTwo(tf, p, classes).reduce((first, second) => tf.sub(first, second))
      if (classes === 1) return p
      const logs = tf.maximum(tf.logSoftmax(x), leastLogarithm)
      return tf.add(tf.div(tf.sum(tf.mul(p, logs), 1, true), Math.log(classes)), 1)
    },
  }
}

export const select: Lowering<'Select'> = ({ tf }, { below }, { result }) => ({
  run: ([certain, kept, deeper]) => {
    const each = tf.reshape(certain, [-1, ...shapeOf(result).map(() => 1)])
    return tf.where(tf.less(each, below), deeper, kept)
  },
})

/** All variants in one tensor `[variants, numbers]`, so that the number of kernels does not grow with theirs. */
export const combine: Lowering<'Combine'> = ({ tf, keep }, { reduction, multiplicity }, { result }) => {
  const k = multiplicity.length
  const total = multiplicity.reduce((a, m) => a + m, 0)
  const weights = keep(
    tf.tensor2d(
      multiplicity.map(m => m / total),
      [1, k],
    ),
  )
  const rowOf = (x: Tensor): Tensor => tf.reshape(x, [k, -1])
  const weighed = (x: Tensor): Tensor => tf.matMul(weights, rowOf(x))
  const scores = (stacked: Tensor): Tensor => {
    if (reduction === 'geo') return weighed(stacked)
    const logs = rowOf(tf.logSoftmax(stacked))
    const largest = tf.max(logs, 0, true)
    return reduction === 'max' ? largest : tf.add(tf.log(weighed(tf.exp(tf.sub(logs, largest)))), largest)
  }
  return { run: variants => tf.reshape(scores(tf.concat([...variants], 0)), [-1, ...shapeOf(result)]) }
}
