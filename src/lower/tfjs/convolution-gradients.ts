import type { Tensor } from '@tensorflow/tfjs-core'
import { type Pair, shapeOf } from '../../../ir/index.ts'
import { type Slide, slideOf } from '../../../passes/sliding.ts'
import { isBare, spanOf } from '../window/forms.ts'
import { isDepthwise, type KernelStrides, kernelStrides } from '../window/gradients.ts'
import { explicitPads } from './canvas.ts'
import { type Lowering, runKernel, type Target } from './kernel.ts'
import { everyNth, spreadOut } from './taps.ts'

const channelsOf = ({ shape }: Tensor): number => shape[shape.length - 1] as number

const padOf = (slide: Slide): 'valid' | 'same' => (isBare(slide) ? 'valid' : 'same')

/** Runs a convolution of one pixel's stride. */
const overPadded = (
  target: Target,
  kernel: 'Conv2D' | 'DepthwiseConv2dNative',
  x: Tensor,
  filter: Tensor,
  pads: readonly [Pair, Pair],
  dilations: Pair = [1, 1],
): Tensor =>
  runKernel(target, kernel, { x, filter }, { strides: [1, 1], dilations, pad: explicitPads(pads), dataFormat: 'NHWC' })

/** The gradient of the input, by a turned filter that slides over that of the output with zeros between its pixels. */
const transposed = (
  target: Target,
  { extents, window: { strides, padding } }: Slide,
  kernel: 'Conv2D' | 'DepthwiseConv2dNative',
  gradient: Tensor,
  filter: Tensor,
): Tensor => {
  const apart = [1, 2].map((axis, k) => ((gradient.shape[axis] as number) - 1) * strides[k] + 1) as unknown as Pair
  const along = (k: 0 | 1): Pair => {
    const before = (filter.shape[k] as number) - 1 - padding[k][0]
    return [before, extents[k] + (filter.shape[k] as number) - 1 - apart[k] - before]
  }
  const turned = target.tf.reverse(filter, [0, 1])
  return overPadded(target, kernel, spreadOut(target, gradient, strides, apart), turned, [along(0), along(1)])
}

/** Of the input, from the gradient of the output and a filter `[r, s, i, o]`. */
const inputCore = (target: Target, slide: Slide, gradient: Tensor, filter: Tensor): Tensor => {
  if (target.backend === 'wasm')
    // WebAssembly's own kernel does not use XNNPACK.
    return transposed(target, slide, 'Conv2D', gradient, target.tf.transpose(filter, [0, 1, 3, 2]))
  const inputShape = [gradient.shape[0], ...slide.extents, filter.shape[2]]
  const settings = { strides: slide.window.strides, pad: padOf(slide), dataFormat: 'NHWC', inputShape }
  return runKernel(target, 'Conv2DBackpropInput', { dy: gradient, filter }, settings)
}

/** Of the filter, from the input and the gradient of the output: WebAssembly has no kernel, but this too is a convolution, of channels over examples. */
const filterCore = (target: Target, slide: Slide, x: Tensor, gradient: Tensor): Tensor => {
  const { tf } = target
  const { strides, padding } = slide.window
  const filterShape = [...spanOf(slide), channelsOf(x), channelsOf(gradient)]
  if (target.backend === 'wasm') {
    const [turned, taps] = [tf.transpose(x, [3, 1, 2, 0]), tf.transpose(gradient, [1, 2, 0, 3])]
    const products = tf.transpose(overPadded(target, 'Conv2D', turned, taps, padding, strides), [1, 2, 0, 3])
    return tf.slice(products, [0, 0, 0, 0], filterShape)
  }
  const settings = { strides, pad: padOf(slide), dataFormat: 'NHWC', filterShape }
  return runKernel(target, 'Conv2DBackpropFilter', { x, dy: gradient }, settings)
}

/** The m-th of every channel's outputs. */
const outputsOf = ({ tf }: Target, x: Tensor, channels: number, m: number): Tensor => {
  const [n, h, w, outputs] = x.shape
  if (outputs === channels) return x
  const rows = tf.reshape(x, [n * h * w, channels, outputs / channels])
  return tf.reshape(tf.slice(rows, [0, 0, m], [n * h * w, channels, 1]), [n, h, w, channels])
}

/** Depthwise, of a filter `[r, s, c, m]`. */
const depthwiseInputCore = (
  target: Target,
  slide: Slide,
  { strides, apart, outputs }: KernelStrides,
  gradient: Tensor,
  filter: Tensor,
): Tensor => {
  const { tf } = target
  const [r, s, c, multiplier] = filter.shape
  if (target.backend !== 'wasm') {
    const inputShape = [gradient.shape[0], ...slide.extents, c]
    const settings = { strides, dilations: [1, 1], pad: padOf(slide), inputShape }
    const dy = spreadOut(target, gradient, apart, outputs)
    return runKernel(target, 'DepthwiseConv2dNativeBackpropInput', { dy, filter }, settings)
  }
  return Array.from({ length: multiplier }, (_, m) =>
    transposed(
      target,
      slide,
      'DepthwiseConv2dNative',
      outputsOf(target, gradient, c, m),
      tf.slice(filter, [0, 0, 0, m], [r, s, c, 1]),
    ),
  ).reduce((a, b) => tf.add(a, b))
}

const depthwiseFilterCore = (
  target: Target,
  slide: Slide,
  kernel: KernelStrides,
  x: Tensor,
  gradient: Tensor,
): Tensor => {
  const { tf } = target
  const { size, strides } = slide.window
  const [c, o] = [channelsOf(x), channelsOf(gradient)]
  if (target.backend !== 'wasm') {
    const filterShape = [...spanOf(slide), c, o / c]
    const dy = spreadOut(target, gradient, kernel.apart, kernel.outputs)
    const settings = { strides: kernel.strides, dilations: [1, 1], pad: padOf(slide), filterShape }
    return runKernel(target, 'DepthwiseConv2dNativeBackpropFilter', { x, dy }, settings)
  }
  const [n, oh, ow] = gradient.shape
  const ones = tf.ones([1, n * oh * ow])
  const each = Array.from({ length: size[0] * size[1] }, (_, k) => {
    const [top, left] = [Math.floor(k / size[1]), k % size[1]]
    const [h, w] = [(oh - 1) * strides[0] + 1, (ow - 1) * strides[1] + 1]
    const met = everyNth(target, tf.slice(x, [0, top, left, 0], [n, h, w, c]), strides)
    const products = tf.mul(tf.reshape(met, [-1, c, 1]), tf.reshape(gradient, [-1, c, o / c]))
    return tf.matMul(ones, tf.reshape(products, [-1, o]))
  })
  return tf.reshape(tf.concat(each, 0), [...size, c, o / c])
}

export const conv2dTranspose: Lowering<'Conv2dTranspose'> = (target, attributes, { operands }) => {
  const slide = slideOf('Conv2dTranspose', attributes, operands)
  const [r, s, i, o] = shapeOf(operands[1])
  const depthwise = isDepthwise(attributes.groups, [r, s, i])
  const shape = depthwise ? [r, s, attributes.groups, o / attributes.groups] : [r, s, i, o]
  const [oh, ow] = shapeOf(operands[0])
  const kernel = kernelStrides(slide, depthwise, [oh, ow])
  return {
    prepare: ([filter]) => [target.tf.reshape(filter, shape)],
    run: ([gradient], [filter]) =>
      depthwise
        ? depthwiseInputCore(target, slide, kernel, gradient, filter)
        : inputCore(target, slide, gradient, filter),
  }
}

export const conv2dFilterGradient: Lowering<'Conv2dFilterGradient'> = (target, attributes, { operands, result }) => {
  const slide = slideOf('Conv2dFilterGradient', attributes, operands)
  const filter = shapeOf(result)
  const depthwise = isDepthwise(attributes.groups, filter)
  const [oh, ow] = shapeOf(operands[1])
  const kernel = kernelStrides(slide, depthwise, [oh, ow])
  return {
    run: ([x, gradient]) =>
      depthwise
        ? target.tf.reshape(depthwiseFilterCore(target, slide, kernel, x, gradient), [...filter])
        : filterCore(target, slide, x, gradient),
  }
}

/** WebAssembly multiplies with XNNPACK only what it need not turn round. */
export const denseWeightsGradient: Lowering<'DenseWeightsGradient'> = ({ tf, backend }) => ({
  run: ([x, gradient]) =>
    backend === 'wasm' ? tf.matMul(tf.transpose(x), gradient) : tf.matMul(x, gradient, true, false),
})
