import type { Tensor } from '@tensorflow/tfjs-core'
import { type Pair, shapeOf } from '../../../ir/index.ts'
import { type Slide, slideOf } from '../../../passes/sliding.ts'
import { isPlain, type PlainWindow, plainWindow, restOfShares } from '../window/plain.ts'
import { explicitPads } from './canvas.ts'
import { type Epilogue, type Kernel, type Lowering, runKernel, type Target } from './kernel.ts'
import { everyNth } from './taps.ts'

type Convolve = (x: Tensor, filter: Tensor, bias: Tensor | undefined) => Tensor

/** A filter `[r, s, i, o]` with zeros between its taps, so that it needs no dilation. */
const spread = ({ tf }: Target, filter: Tensor, [dy, dx]: Pair): Tensor => {
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

type Kernels = 'Conv2D' | 'DepthwiseConv2dNative'

/** One kernel call, with what follows in the same one. */
const called = (
  target: Target,
  kernel: Kernels,
  settings: object,
  { bias: hasBias, activation }: Epilogue,
): Convolve => {
  if (!hasBias && activation === 'linear') return (x, filter) => runKernel(target, kernel, { x, filter }, settings)
  const fused = kernel === 'Conv2D' ? 'FusedConv2D' : 'FusedDepthwiseConv2D'
  return (x, filter, bias) =>
    runKernel(
      target,
      fused,
      { x, filter, ...(bias === undefined ? {} : { bias }) },
      { ...settings, activation, leakyreluAlpha: 0 },
    )
}

/** One kernel call. */
const convolve = (
  target: Target,
  kernel: Kernels,
  { strides, padding }: Parameters<Lowering<'Conv2d'>>[1],
  dilations: Pair,
  epilogue: Epilogue,
): Convolve => called(target, kernel, { strides, dilations, pad: explicitPads(padding), dataFormat: 'NHWC' }, epilogue)

/** Channel by channel under unequal strides or dilations: on shares of the map without dilations, and of what that gives the outputs that are wanted. */
const onShares = (
  target: Target,
  slide: Slide,
  { stride, apart, dilations }: PlainWindow,
  epilogue: Epilogue,
): Convolve => {
  const { tf } = target
  const settings = { strides: [stride, stride], dilations: [1, 1], pad: 'valid', dataFormat: 'NHWC' }
  const call = called(target, 'DepthwiseConv2dNative', settings, epilogue)
  const rest = restOfShares(slide, dilations)
  const whole: Convolve = (x, filter, bias) => {
    if (Math.max(...dilations) === 1) return call(x, filter, bias)
    const given = call(tf.spaceToBatchND(x, [...dilations], rest), filter, bias)
    return tf.batchToSpaceND(given, [...dilations], rest)
  }
  return (x, filter, bias) => everyNth(target, whole(x, filter, bias), apart)
}

/** Channel by channel; the filter `[r, s, 1, c·m]` is TensorFlow's `[r, s, c, m]` in the same order. */
const depthwise: Lowering<'Conv2d'> = (target, attributes, typing, epilogue) => {
  const [r, s, , o] = shapeOf(typing.operands[1])
  const { strides, dilations, groups } = attributes
  const slide = slideOf('Conv2d', attributes, typing.operands)
  const plain = plainWindow(slide.window)
  // The plain JavaScript kernel is the one that takes either strides or dilations.
  const apart = target.backend === 'cpu' && Math.max(...strides) > 1 && Math.max(...dilations) > 1
  const call =
    target.backend === 'tensorflow' && !isPlain(plain)
      ? onShares(target, slide, plain, epilogue)
      : convolve(target, 'DepthwiseConv2dNative', attributes, apart ? [1, 1] : plain.dilations, epilogue)
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

/** Group by group, on runs of channels: here, so that a bias and a clamp go with each. */
const grouped: Lowering<'Conv2d'> = (target, attributes, typing, epilogue) => {
  const { tf } = target
  const { groups } = attributes
  const [, , c] = shapeOf(typing.operands[0])
  const [, , , o] = shapeOf(typing.operands[1])
  const call = convolve(target, 'Conv2D', attributes, attributes.dilations, epilogue)
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
  const call = convolve(target, 'Conv2D', attributes, attributes.dilations, epilogue)
  return { run: ([x, filter, bias]) => call(x, filter, bias) }
}

export const dense: Lowering<'Dense'> = ({ tf }) => ({ run: ([x, weights]) => tf.matMul(x, weights) })
