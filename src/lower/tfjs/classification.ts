import type { Tensor } from '@tensorflow/tfjs'
import { shapeOf } from '../../../ir/index.ts'
import type { Lowering } from './kernel.ts'

export const softmax: Lowering<'Softmax'> = ({ tf }, { log }) => ({
  run: ([x]) => (log ? tf.logSoftmax(x) : tf.softmax(x)),
})

/** All variants in one tensor `[variants, n·classes]`, so that the number of kernels does not grow with theirs. */
export const combine: Lowering<'Combine'> = ({ tf, keep }, { reduction, multiplicity }, { result }) => {
  const [classes] = shapeOf(result)
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
  return { run: variants => tf.reshape(scores(tf.concat([...variants], 0)), [-1, classes]) }
}
