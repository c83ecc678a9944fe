import type { Tensor } from '@tensorflow/tfjs-core'
import { isPerExample, sameShape, shapeOf, sizeOf } from '../../../ir/index.ts'
import { meanSteps } from '../../../passes/mean-steps.ts'
import { reducedAxes } from '../reduced-axes.ts'
import type { Lowering, Target } from './kernel.ts'
import { meanOfMap } from './pooling.ts'

type Sum = (x: Tensor) => Tensor

/**
 * Means over all but the channels of a map `[n, h, w, c]`: on WebAssembly a pool of each map and a product far outrun its own sums and means, which turn everything
 * round first.
 */
const channelMean =
  (target: Target, [h, w, c]: readonly number[]): Sum =>
  x => {
    const { tf } = target
    const pooled = h * w === 1 ? x : meanOfMap(target, x, [h, w])
    const [n] = x.shape
    return tf.reshape(tf.matMul(tf.fill([1, n], 1 / n), tf.reshape(pooled, [n, c])), [c])
  }

export const reduceTo: Lowering<'ReduceTo'> = (target, { to, reduction }, { operands: [from] }) => {
  const { tf, backend } = target
  const axes = [...reducedAxes(from, to)]
  const own = shapeOf(to)
  const shape = isPerExample(to) ? [-1, ...own] : [...own]
  const [h, w, c] = shapeOf(from)
  const channelwise = from.kind === 'Map' && to.kind === 'Shared' && sameShape(own, [c])
  // TensorFlow's own sums lose digits over large maps.
  const inSteps = backend === 'wasm' || (backend === 'tensorflow' && channelwise && meanSteps([h, w]).length > 1)
  const pooled = inSteps && channelwise ? channelMean(target, [h, w, c]) : undefined
  const sum: Sum = x => {
    if (pooled !== undefined) return tf.mul(pooled(x), x.size / sizeOf(own))
    return tf.reshape(axes.length === 0 ? x : tf.sum(x, axes), shape)
  }
  const mean: Sum = x => {
    if (pooled !== undefined) return pooled(x)
    const sums = sum(x)
    return tf.mul(sums, sums.size / x.size)
  }
  // A reduction to a type of the same axes stretches back as it is; one to fewer axes is shared.
  return {
    run: ([x]) => {
      if (reduction === 'sum') return sum(x)
      const means = mean(x)
      if (reduction === 'mean') return means
      const centred = tf.sub(x, means)
      return mean(tf.mul(centred, centred))
    },
  }
}

export const inverseCount: Lowering<'InverseCount'> = ({ tf }, { to }) => ({
  run: ([x]) => tf.scalar(sizeOf(shapeOf(to)) / x.size),
})

export const stretch: Lowering<'Stretch'> = ({ tf }) => ({
  run: ([x, like]) => tf.broadcastTo(x, like.shape),
})
