import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { isPerExample, motionOf, shapeOf, sizeOf, type Typing } from '../../../ir/index.ts'
import { rotationMatrix, scalingMatrix } from '../../../ir/ops/transforms.ts'
import type { Kernel, Lowering, Target } from './kernel.ts'
import { runNative, texted } from './native.ts'

/**
 * Turns one axis round. WebAssembly's own kernel copies number by number; a crop of the whole image from right to left
 * is ten times as fast and, sampling at whole positions, exact.
 */
const reversal = ({ tf, backend, keep }: Target): ((x: Tensor, axis: number) => Tensor) => {
  if (backend !== 'wasm') return (x, axis) => tf.reverse(x, axis)
  const box = keep(tf.tensor2d([0, 1, 1, 0], [1, 4]))
  const image = keep(tf.tensor1d([0], 'int32')) as Tensor1D
  return (x, axis) => {
    const [outer, extent] = [sizeOf(x.shape.slice(0, axis)), x.shape[axis]]
    const rows = tf.reshape(x, [1, outer, extent, -1]) as Tensor4D
    return tf.reshape(tf.image.cropAndResize(rows, box, image, [outer, extent], 'nearest'), x.shape)
  }
}

export const act: Lowering<'Act'> = (target, { element, axes }, { result }) => {
  const { swap, flipY, flipX } = motionOf(element)
  const [y, x] = isPerExample(result) ? axes.map(axis => axis + 1) : axes
  const exchanged = (k: number): number => (k === y ? x : k === x ? y : k)
  const reverse = flipY || flipX ? reversal(target) : undefined
  return {
    run: ([input]) => {
      const turned = swap
        ? target.tf.transpose(
            input,
            input.shape.map((_, k) => exchanged(k)),
          )
        : input
      return [...(flipY ? [y] : []), ...(flipX ? [x] : [])].reduce((value, axis) => reverse!(value, axis), turned)
    },
  }
}

/** Samples maps of these extents bilinearly where a projection `[1, 8]` says, taps outside count 0. */
export const projecting = (
  target: Target,
  [h, w, c]: readonly number[],
): ((x: Tensor, projection: Tensor) => Tensor) => {
  const { tf, keep, backend } = target
  const transform = (x: Tensor, projection: Tensor): Tensor =>
    tf.image.transform(x as Tensor4D, projection as Tensor2D, 'bilinear', 'constant', 0)
  if (backend === 'cpu')
    // That kernel returns after the first example: all examples' channels go through as one example's.
    return (x, projection) => {
      const one = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, h, w, -1])
      return tf.transpose(tf.reshape(transform(one, projection), [h, w, -1, c]), [2, 0, 1, 3])
    }
  if (backend !== 'tensorflow') return transform
  const attributes = [texted('interpolation', 'BILINEAR'), texted('fill_mode', 'CONSTANT')]
  const extents = keep(tf.tensor1d([h, w], 'int32'))
  const outside = keep(tf.scalar(0))
  return (x, projection) =>
    runNative(target, 'ImageProjectiveTransformV3', attributes, [x, projection, extents, outside], 'dtype')
}

/** Output pixel p samples the input bilinearly at `c + M(p − c)`, taps outside count 0. */
const warp = (target: Target, [[xx, xy], [yx, yy]]: readonly (readonly number[])[], { result }: Typing): Kernel => {
  const [h, w] = shapeOf(result)
  const [cx, cy] = [(w - 1) / 2, (h - 1) / 2]
  const projection = target.keep(
    target.tf.tensor2d([xx, xy, cx - xx * cx - xy * cy, yx, yy, cy - yx * cx - yy * cy, 0, 0], [1, 8]),
  )
  const project = projecting(target, shapeOf(result))
  return { run: ([x]) => project(x, projection) }
}

export const rotate: Lowering<'Rotate'> = (target, { degrees }, typing) => warp(target, rotationMatrix(degrees), typing)

export const scale: Lowering<'Scale'> = (target, { factor }, typing) => warp(target, scalingMatrix(factor), typing)
