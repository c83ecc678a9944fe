import type { Tensor } from '@tensorflow/tfjs'
import { convolutionWindow, type Pair, shapeOf, type Typing } from '../../../ir/index.ts'
import { coveredPads, crop, cropsAll, explicitPads, padded, stridesTaken } from './canvas.ts'
import { type Epilogue, type Kernel, type Lowering, runKernel, type Target } from './kernel.ts'

type Convolve = (x: Tensor, filter: Tensor, bias: Tensor | undefined) => Tensor

/** A filter `[r, s, i, o]` with zeros between its taps, so that it needs no dilation. */
export const spread = ({ tf }: Target, filter: Tensor, [dy, dx]: Pair): Tensor => {
  const [r, s, i, o] = filter.shape
  const apart = tf.pad(tf.reshape(filter, [r, 1, s, 1, i * o]), [
    [0, 0],
    [0, dy - 1],
    [0, 0],
    [0, dx - 1],
    [0, 0],
  ])
  return tf.slice(tf.reshape(apart, [r * dy, s * dx, i, o]), [0, 0, 0, 0], [(r - 1) * dy + 1, (s - 1) * dx + 1, i, o])
}

/** One kernel call on a map whose negative pads are cropped first. */
const convolve = (
  target: Target,
  kernel: 'Conv2D' | 'DepthwiseConv2dNative',
  attributes: Parameters<Lowering<'Conv2d'>>[1],
  dilations: Pair,
  typing: Typing,
  { bias: hasBias, activation }: Epilogue,
): Convolve => {
  const [h, w] = shapeOf(typing.operands[0])
  const strides = stridesTaken(attributes.strides, shapeOf(typing.result))
  const pads = coveredPads([h, w], convolutionWindow(shapeOf(typing.operands[1]), attributes))
  const empty = cropsAll([h, w], pads)
  const inside = (x: Tensor): Tensor => (empty ? padded : crop)(target, x, pads)
  const settings = {
    strides,
    dilations,
    pad: empty ? 'valid' : explicitPads(pads),
    dataFormat: 'NHWC',
  }
  if (!hasBias && activation === 'linear')
    return (x, filter) => runKernel(target, kernel, { x: inside(x), filter }, settings)
  const fused = kernel === 'Conv2D' ? 'FusedConv2D' : 'FusedDepthwiseConv2D'
  return (x, filter, bias) =>
    runKernel(
      target,
      fused,
      { x: inside(x), filter, ...(bias === undefined ? {} : { bias }) },
      { ...settings, activation, leakyreluAlpha: 0 },
    )
}

/** Channel by channel; the filter `[r, s, 1, c·m]` is TensorFlow's `[r, s, c, m]` in the same order. */
const depthwise: Lowering<'Conv2d'> = (target, attributes, typing, epilogue) => {
  const [r, s, , o] = shapeOf(typing.operands[1])
  const { strides, dilations, groups } = attributes
  // The plain JavaScript kernel is the one that takes either strides or dilations.
  const apart = target.backend === 'cpu' && Math.max(...strides) > 1 && Math.max(...dilations) > 1
  const call = convolve(target, 'DepthwiseConv2dNative', attributes, apart ? [1, 1] : dilations, typing, epilogue)
  return {
    prepare: ([filter, ...bias]) => {
      const perChannel = target.tf.reshape(filter, [r, s, groups, o / groups])
      return [apart ? spread(target, perChannel, dilations) : perChannel, ...bias]
    },
    run: ([x], [filter, bias]) => call(x, filter, bias),
  }
}

const runs = (total: number, parts: number): readonly (readonly [begin: number, size: number])[] =>
  Array.from({ length: parts }, (_, part) => [(part * total) / parts, total / parts])

/** Group by group, on runs of channels. */
const grouped: Lowering<'Conv2d'> = (target, attributes, typing, epilogue) => {
  const { tf } = target
  const { groups } = attributes
  const [, , c] = shapeOf(typing.operands[0])
  const [, , , o] = shapeOf(typing.operands[1])
  const call = convolve(target, 'Conv2D', attributes, attributes.dilations, typing, epilogue)
  const along = (x: Tensor, axis: number, extent: number): readonly Tensor[] =>
    runs(extent, groups).map(([begin, size]) =>
      tf.slice(
        x,
        x.shape.map((_, k) => (k === axis ? begin : 0)),
        x.shape.map((n, k) => (k === axis ? size : n)),
      ),
    )
  return {
    prepare: ([filter, bias]) => [...along(filter, 3, o), ...(bias === undefined ? [] : along(bias, 0, o))],
    run: ([x], parts) =>
      tf.concat(
        along(x, 3, c).map((part, g) => call(part, parts[g], parts[groups + g])),
        3,
      ),
  }
}

export const conv2d: Lowering<'Conv2d'> = (target, attributes, typing, epilogue): Kernel => {
  const { groups } = attributes
  if (groups > 1) {
    const [, , c] = shapeOf(typing.operands[0])
    return (groups === c ? depthwise : grouped)(target, attributes, typing, epilogue)
  }
  const call = convolve(target, 'Conv2D', attributes, attributes.dilations, typing, epilogue)
  return { run: ([x, filter, bias]) => call(x, filter, bias) }
}

export const dense: Lowering<'Dense'> = ({ tf }) => ({ run: ([x, weights]) => tf.matMul(x, weights) })
