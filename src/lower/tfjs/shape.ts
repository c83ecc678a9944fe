import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { isPerExample, shapeOf } from '../../../ir/index.ts'
import { resampled } from '../../../ir/ops/shape.ts'
import { padded } from './canvas.ts'
import type { Lowering } from './kernel.ts'

export const constant: Lowering<'Constant'> = ({ tf }, { shape, values }) => ({
  run: () => tf.tensor([...values], [...shape], 'float32'),
})

export const pad: Lowering<'Pad'> = (target, { padding, channels, value }) => ({
  run: ([x]) => padded(target, x, [...padding, channels], value === 'lowest' ? Number.NEGATIVE_INFINITY : value),
})

export const concat: Lowering<'Concat'> = ({ tf }, { axis }, { result }) => {
  const at = isPerExample(result) ? axis + 1 : axis
  return { run: inputs => tf.concat([...inputs], at) }
}

export const slice: Lowering<'Slice'> = ({ tf }, { axis, begin, size }, { result }) => {
  const at = isPerExample(result) ? axis + 1 : axis
  return {
    run: ([x]) =>
      tf.slice(
        x,
        x.shape.map((_, k) => (k === at ? begin : 0)),
        x.shape.map((n, k) => (k === at ? size : n)),
      ),
  }
}

export const flatten: Lowering<'Flatten'> = ({ tf }, { order }, { result }) => {
  const shape = [-1, ...shapeOf(result)]
  return { run: ([x]) => tf.reshape(order === 'hwc' ? x : tf.transpose(x, [0, 3, 1, 2]), shape) }
}

export const unflatten: Lowering<'Unflatten'> = ({ tf }, _, { result }) => {
  const shape = [-1, ...shapeOf(result)]
  return { run: ([x]) => tf.reshape(x, shape) }
}

export const reshape: Lowering<'Reshape'> = ({ tf }, { shape }) => ({ run: ([x]) => tf.reshape(x, [...shape]) })

export const transpose: Lowering<'Transpose'> = ({ tf }, { permutation }, { result }) => {
  const axes = isPerExample(result) ? [0, ...permutation.map(k => k + 1)] : [...permutation]
  return { run: ([x]) => tf.transpose(x, axes) }
}

export const resize: Lowering<'Resize'> = ({ tf, keep }, { size, method, coordinates }, { operands }) => {
  const [oh, ow] = size
  if (method === 'linear')
    return {
      run: ([x]) =>
        tf.image.resizeBilinear(x as Tensor4D, [oh, ow], coordinates === 'align-corners', coordinates === 'half-pixel'),
    }
  // The backends' own kernels round ties in float32.
  const [h, w] = shapeOf(operands[0])
  const nearest = (extent: number, outputs: number): Tensor1D =>
    keep(
      tf.tensor1d(
        resampled(extent, outputs, method, coordinates).map(([at]) => at),
        'int32',
      ),
    )
  const rows = nearest(h, oh)
  const columns = nearest(w, ow)
  return { run: ([x]) => tf.gather(tf.gather(x, rows, 1), columns, 2) }
}
