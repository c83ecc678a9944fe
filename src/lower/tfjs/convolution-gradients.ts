import type { Tensor, Tensor4D } from '@tensorflow/tfjs'
import { type AttributesOf, type Padding, type Pair, shapeOf, type Typing } from '../../../ir/index.ts'
import { type GradientWindow, gradientWindow, skipsPixels } from '../window/gradients.ts'
import { cropsAll } from '../window/pads.ts'
import { crop, explicitPads, padded } from './canvas.ts'
import { spread } from './convolution.ts'
import { type Lowering, runKernel, type Target } from './kernel.ts'
import { placeTap, stuffed, takeTap } from './taps.ts'

/** The window of a convolution's gradients, and what TensorFlow.js is told of it. */
interface Slide extends Omit<GradientWindow, 'same'> {
  readonly target: Target
  readonly dilations: Pair
  readonly pad: 'valid' | 'same'
  readonly taps: Pair
}

const slideOf = (
  target: Target,
  attributes: AttributesOf<'Conv2dTranspose'>,
  extents: Pair,
  filter: readonly number[],
  output: readonly number[],
): Slide => {
  const { same, ...window } = gradientWindow(attributes, extents, filter, output, target.backend !== 'wasm')
  return {
    ...window,
    target,
    pad: same ? 'same' : 'valid',
    dilations: attributes.dilations,
    taps: [filter[0], filter[1]],
  }
}

const onCanvas = ({ target, pads }: Slide, x: Tensor): Tensor => padded(target, x, pads)

const offCanvas = ({ target, pads }: Slide, canvas: Tensor): Tensor =>
  padded(
    target,
    canvas,
    pads.map(([before, after]): Pair => [0 - before, 0 - after]),
  )

const channelsOf = ({ shape }: Tensor): number => shape[shape.length - 1] as number

const isDilated = ({ taps, spread }: Slide): boolean => taps[0] !== spread[0] || taps[1] !== spread[1]

const spreadFilter = (slide: Slide, filter: Tensor): Tensor =>
  isDilated(slide) ? spread(slide.target, filter, slide.dilations) : filter

/** The taps of a spread filter's gradient that the filter has. */
const gathered = (slide: Slide, gradient: Tensor): Tensor =>
  isDilated(slide)
    ? slide.target.tf.stridedSlice(gradient, [0, 0, 0, 0], gradient.shape, [...slide.dilations, 1, 1])
    : gradient

/** Runs a convolution of one pixel's stride over a map under pads, some of them perhaps negative. */
const overPadded = (
  target: Target,
  kernel: 'Conv2D' | 'DepthwiseConv2dNative',
  x: Tensor,
  filter: Tensor,
  pads: Padding,
  dilations: Pair = [1, 1],
): Tensor => {
  const [, h, w] = x.shape
  const empty = cropsAll([h, w], pads)
  return runKernel(
    target,
    kernel,
    { x: (empty ? padded : crop)(target, x, pads), filter },
    { strides: [1, 1], dilations, pad: empty ? 'valid' : explicitPads(pads), dataFormat: 'NHWC' },
  )
}

/** The gradient of the input, by a turned filter that slides over that of the output with zeros between its pixels. */
const transposed = (
  { target, strides, canvas, spread, pads }: Slide,
  kernel: 'Conv2D' | 'DepthwiseConv2dNative',
  gradient: Tensor,
  filter: Tensor,
): Tensor => {
  const apart = stuffed(target, gradient, strides)
  const along = (k: 0 | 1): Pair => [
    spread[k] - 1 - pads[k][0],
    canvas[k] - (apart.shape[k + 1] as number) - pads[k][1],
  ]
  return overPadded(target, kernel, apart, target.tf.reverse(filter, [0, 1]), [along(0), along(1)])
}

/** Of the input, from the gradient of the output and a spread filter `[r, s, i, o]`. */
const inputCore = (slide: Slide, gradient: Tensor, filter: Tensor): Tensor => {
  const { target, strides, canvas, pad } = slide
  if (target.backend === 'wasm')
    // WebAssembly's own kernel does not use XNNPACK.
    return transposed(slide, 'Conv2D', gradient, target.tf.transpose(filter, [0, 1, 3, 2]))
  const [, , i] = filter.shape
  const inputShape = [gradient.shape[0], ...canvas, i]
  const settings = { strides, pad, dataFormat: 'NHWC', inputShape }
  return offCanvas(slide, runKernel(target, 'Conv2DBackpropInput', { dy: gradient, filter }, settings))
}

/** Of a spread filter, from the input and the gradient of the output: WebAssembly has no kernel, but this too is a convolution, of channels over examples. */
const filterCore = (slide: Slide, x: Tensor, gradient: Tensor): Tensor => {
  const { target, strides, spread, pads, pad, outputs } = slide
  const { tf } = target
  if (target.backend === 'wasm') {
    const [turned, taps] = [tf.transpose(x, [3, 1, 2, 0]), tf.transpose(gradient, [1, 2, 0, 3])]
    const products = tf.transpose(overPadded(target, 'Conv2D', turned, taps, pads, strides), [1, 2, 0, 3])
    return tf.slice(products, [0, 0, 0, 0], [...spread, channelsOf(x), channelsOf(gradient)])
  }
  const canvas = onCanvas(slide, x)
  const apart = skipsPixels(spread, strides)
  return runKernel(
    target,
    'Conv2DBackpropFilter',
    { x: apart ? takeTap(target, canvas, [0, 0], strides, outputs) : canvas, dy: gradient },
    {
      strides: apart ? [1, 1] : strides,
      pad,
      dataFormat: 'NHWC',
      filterShape: [...spread, channelsOf(x), channelsOf(gradient)],
    },
  )
}

/** The m-th of every channel's outputs. */
const outputsOf = ({ tf }: Target, x: Tensor, channels: number, m: number): Tensor => {
  const [n, h, w, outputs] = x.shape
  if (outputs === channels) return x
  const rows = tf.reshape(x, [n * h * w, channels, outputs / channels])
  return tf.reshape(tf.slice(rows, [0, 0, m], [n * h * w, channels, 1]), [n, h, w, channels])
}

/** The gradient of all that the strides of a kernel's call give. */
const ofAllOutputs = ({ target, apart, outputs }: Slide, gradient: Tensor): Tensor =>
  Math.max(...apart) === 1 ? gradient : placeTap(target, gradient, [0, 0], apart, outputs)

/** Depthwise, the filter `[r, s, c, m]` spread. */
const depthwiseInputCore = (slide: Slide, gradient: Tensor, filter: Tensor): Tensor => {
  const { target, strides, canvas, pad } = slide
  const { tf } = target
  const [r, s, c, multiplier] = filter.shape
  if (target.backend !== 'wasm') {
    const inputShape = [gradient.shape[0], ...canvas, c]
    const settings = { strides, dilations: [1, 1], pad, inputShape }
    const dy = ofAllOutputs(slide, gradient)
    return offCanvas(slide, runKernel(target, 'DepthwiseConv2dNativeBackpropInput', { dy, filter }, settings))
  }
  return Array.from({ length: multiplier }, (_, m) =>
    transposed(
      slide,
      'DepthwiseConv2dNative',
      outputsOf(target, gradient, c, m),
      tf.slice(filter, [0, 0, 0, m], [r, s, c, 1]),
    ),
  ).reduce((a, b) => tf.add(a, b))
}

const depthwiseFilterCore = (slide: Slide, x: Tensor, gradient: Tensor): Tensor => {
  const canvas = onCanvas(slide, x)
  const { target, strides, outputs, dilations, taps, pad } = slide
  const { tf } = target
  const [c, o] = [channelsOf(canvas), channelsOf(gradient)]
  if (target.backend !== 'wasm') {
    const filterShape = [...slide.spread, c, o / c]
    return gathered(
      slide,
      runKernel(
        target,
        'DepthwiseConv2dNativeBackpropFilter',
        { x: canvas, dy: ofAllOutputs(slide, gradient) },
        { strides, dilations: [1, 1], pad, filterShape },
      ),
    )
  }
  const rows = gradient.size / o
  const ones = tf.ones([1, rows])
  const each = Array.from({ length: taps[0] * taps[1] }, (_, k) => {
    const tap: Pair = [Math.floor(k / taps[1]) * dilations[0], (k % taps[1]) * dilations[1]]
    const met = tf.reshape(takeTap(target, canvas, tap, strides, outputs), [rows, c, 1])
    return tf.matMul(ones, tf.reshape(tf.mul(met, tf.reshape(gradient, [rows, c, o / c])), [rows, o]))
  })
  return tf.reshape(tf.concat(each, 0), [...taps, c, o / c])
}

const channelRun = ({ tf }: Target, x: Tensor, group: number, groups: number): Tensor => {
  const [n, h, w, c] = x.shape
  return tf.slice(x, [0, 0, 0, (group * c) / groups], [n, h, w, c / groups])
}

const byGroup = (groups: number, of: (group: number) => Tensor): readonly Tensor[] =>
  Array.from({ length: groups }, (_, g) => of(g))

export const conv2dTranspose: Lowering<'Conv2dTranspose'> = (target, attributes, typing: Typing) => {
  const { tf } = target
  const { groups } = attributes
  const [, , c] = shapeOf(typing.result)
  const shape = shapeOf(typing.operands[1])
  const slide = slideOf(target, attributes, attributes.extents, shape, shapeOf(typing.operands[0]))
  const depthwise = groups > 1 && groups === c
  const prepare = ([filter]: readonly Tensor[]): readonly Tensor[] => [
    spreadFilter(slide, depthwise ? tf.reshape(filter, [shape[0], shape[1], c, shape[3] / c]) : filter),
  ]
  return {
    prepare,
    run: ([gradient], [filter]) => {
      if (depthwise) return depthwiseInputCore(slide, gradient, filter)
      if (groups === 1) return inputCore(slide, gradient, filter)
      const parts = byGroup(groups, g =>
        inputCore(slide, channelRun(target, gradient, g, groups), channelRun(target, filter, g, groups)),
      )
      return tf.concat([...parts] as Tensor4D[], 3)
    },
  }
}

export const conv2dFilterGradient: Lowering<'Conv2dFilterGradient'> = (target, attributes, typing) => {
  const { tf } = target
  const { groups } = attributes
  const [h, w, c] = shapeOf(typing.operands[0])
  const filter = shapeOf(typing.result)
  const slide = slideOf(target, attributes, [h, w], filter, shapeOf(typing.operands[1]))
  return {
    run: ([x, gradient]) => {
      if (groups > 1 && groups === c) return tf.reshape(depthwiseFilterCore(slide, x, gradient), [...filter])
      if (groups === 1) return gathered(slide, filterCore(slide, x, gradient))
      const parts = byGroup(groups, g =>
        filterCore(slide, channelRun(target, x, g, groups), channelRun(target, gradient, g, groups)),
      )
      return gathered(slide, tf.concat([...parts] as Tensor4D[], 3))
    },
  }
}

/** WebAssembly multiplies with XNNPACK only what it need not turn round. */
export const denseWeightsGradient: Lowering<'DenseWeightsGradient'> = ({ tf, backend }) => ({
  run: ([x, gradient]) =>
    backend === 'wasm' ? tf.matMul(tf.transpose(x), gradient) : tf.matMul(x, gradient, true, false),
})
