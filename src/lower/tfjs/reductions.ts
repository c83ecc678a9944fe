import type { Tensor } from '@tensorflow/tfjs'
import { isPerExample, sameShape, shapeOf, sizeOf, type Type } from '../../../ir/index.ts'
import type { Lowering, Target } from './kernel.ts'

/** The axes of a value, the batch first where there is one, that a reduction to another type takes together. */
export const reducedAxes = (from: Type, to: Type): readonly number[] => {
  const [shape, kept] = [shapeOf(from), shapeOf(to)]
  const batch = isPerExample(from) ? 1 : 0
  const missing = shape.length - kept.length
  const inside = shape.flatMap((n, axis) => (n > 1 && (kept[axis - missing] ?? 1) === 1 ? [axis + batch] : []))
  return batch === 1 && !isPerExample(to) ? [0, ...inside] : inside
}

type Sum = (x: Tensor) => Tensor

/** Sums of a value over all leading axes of it, by a matrix product: on WebAssembly ten times as fast as its sums, which turn everything round first. */
const leadingSum =
  ({ tf }: Target, shape: readonly number[]): Sum =>
  x => {
    const columns = sizeOf(shape)
    const rows = x.size / columns
    return tf.reshape(tf.matMul(tf.ones([1, rows]), tf.reshape(x, [rows, columns])), [...shape])
  }

export const reduceTo: Lowering<'ReduceTo'> = (target, { to, reduction }, { operands: [from] }) => {
  const { tf, backend } = target
  const axes = [...reducedAxes(from, to)]
  const own = shapeOf(to)
  const shape = isPerExample(to) ? [-1, ...own] : [...own]
  const from1 = own.findIndex(n => n > 1)
  const kept = from1 < 0 ? [] : own.slice(from1)
  const leads = !isPerExample(to) && sameShape(shapeOf(from).slice(shapeOf(from).length - kept.length), kept)
  const sum: Sum =
    backend === 'wasm' && leads
      ? leadingSum(target, own)
      : x => tf.reshape(axes.length === 0 ? x : tf.sum(x, axes), shape)
  const mean: Sum = x => {
    const sums = sum(x)
    return tf.mul(sums, sums.size / x.size)
  }
  // A reduction to a type of the same axes stretches back as it is; one to fewer axes is shared.
  return {
    run: ([x]) => {
      if (reduction === 'sum') return sum(x)
      const means = mean(x)
      return reduction === 'mean' ? means : mean(tf.squaredDifference(x, means))
    },
  }
}

export const inverseCount: Lowering<'InverseCount'> = ({ tf }, { to }) => ({
  run: ([x]) => tf.scalar(sizeOf(shapeOf(to)) / x.size),
})

export const stretch: Lowering<'Stretch'> = ({ tf }) => ({
  run: ([x, like]) => tf.broadcastTo(x, like.shape),
})
