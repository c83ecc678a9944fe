import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { shapeOf } from '../../../ir/index.ts'
import { centred, samplingWeights } from '../sampling.ts'
import type { Lowering, Target } from './kernel.ts'
import { projecting } from './transforms.ts'

/** Sampling is a product with a matrix of weights an axis, so this is one with each of them turned round. */
export const resizeGradient: Lowering<'ResizeGradient'> = (
  { tf, keep },
  { extents: [h, w], method, coordinates },
  { operands },
) => {
  const [oh, ow, c] = shapeOf(operands[0])
  const rows = keep(tf.tensor2d(samplingWeights(h, oh, method, coordinates), [h, oh]))
  const columns = keep(tf.tensor2d(samplingWeights(w, ow, method, coordinates), [w, ow]))
  /** `[k, m] × [b, m, d] → [b, k, d]`. */
  const product = (matrix: Tensor, x: Tensor): Tensor => tf.matMul(tf.expandDims(matrix, 0), x)
  return {
    run: ([gradient]) => {
      const n = gradient.shape[0]
      const tall = tf.reshape(product(rows, tf.reshape(gradient, [n, oh, ow * c])), [n * h, ow, c])
      return tf.reshape(product(columns, tall), [n, h, w, c])
    },
  }
}

export const flattenGradient: Lowering<'FlattenGradient'> = ({ tf }, { shape: [h, w, c], order }) => ({
  run: ([gradient]) =>
    order === 'hwc'
      ? tf.reshape(gradient, [-1, h, w, c])
      : tf.transpose(tf.reshape(gradient, [-1, c, h, w]), [0, 2, 3, 1]),
})

/** The eight numbers of a projection from the four of a matrix about the centre. */
const projection = (target: Target, h: number, w: number): ((matrix: Tensor) => Tensor) => {
  const { tf, keep } = target
  const [cx, cy] = [(w - 1) / 2, (h - 1) / 2]
  const spread = keep(
    tf.tensor2d(
      [
        [1, 0, -cx, 0, 0, 0, 0, 0],
        [0, 1, -cy, 0, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, -cx, 0, 0],
        [0, 0, 0, 0, 1, -cy, 0, 0],
      ],
      [4, 8],
    ),
  )
  const centre = keep(tf.tensor2d([0, 0, cx, 0, 0, cy, 0, 0], [1, 8]))
  return matrix => tf.add(tf.matMul(tf.reshape(matrix, [1, 4]), spread), centre)
}

export const warp: Lowering<'Warp'> = (target, _, { result }) => {
  const [h, w, c] = shapeOf(result)
  const eight = projection(target, h, w)
  const project = projecting(target, [h, w, c])
  return { run: ([x, matrix]) => project(x, eight(matrix)) }
}

/** A product with the weights by which outputs sample, turned round: `max(0, 1 − |Δx|) · max(0, 1 − |Δy|)`. */
export const warpGradient: Lowering<'WarpGradient'> = ({ tf, keep }, _, { result }) => {
  const [h, w, c] = shapeOf(result)
  const pixels = h * w
  const positions = keep(tf.tensor2d(centred(h, w), [2, pixels]))
  const [x, y] = [0, 1].map(k => keep(tf.reshape(tf.slice(positions, [k, 0], [1, pixels]), [pixels, 1])))
  return {
    run: ([gradient, matrix]) => {
      const sampled = tf.matMul(matrix, positions)
      const near = (k: number, own: Tensor): Tensor =>
        tf.relu(tf.sub(1, tf.abs(tf.sub(tf.slice(sampled, [k, 0], [1, pixels]), own))))
      const weights = tf.mul(near(0, x), near(1, y))
      const flat = tf.reshape(gradient as Tensor4D, [-1, pixels, c])
      return tf.reshape(tf.matMul(tf.expandDims(weights, 0), flat), [-1, h, w, c])
    },
  }
}
