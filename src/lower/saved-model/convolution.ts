import { type Pair, shapeOf } from '../../../ir/index.ts'
import { type Slide, slideOf } from '../../../passes/sliding.ts'
import { isSame } from '../window/forms.ts'
import { isDepthwise } from '../window/gradients.ts'
import { isPlain, type PlainWindow, plainWindow, restOfShares } from '../window/plain.ts'
import { batchToSpace, everyNth, reshape, spaceToBatch } from './arrange.ts'
import { flag, text, wholes } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'
import type { Attributes } from './schema.ts'

export const sliding = ([down, across]: Pair, [dy, dx]: Pair): Attributes => ({
  strides: wholes([1, down, across, 1]),
  dilations: wholes([1, dy, dx, 1]),
  data_format: text('NHWC'),
})

/** Pads, none negative, as convolutions take them. */
const explicit = (pads: readonly Pair[]): Attributes =>
  pads.flat().every(pad => pad === 0)
    ? { padding: text('VALID') }
    : { padding: text('EXPLICIT'), explicit_paddings: wholes([0, 0, ...pads.flat(), 0, 0]) }

/** How a filter of one pixel slides. */
export const onePixel: Attributes = { ...sliding([1, 1], [1, 1]), ...explicit([]) }

/** Channel by channel: on shares of the map without dilations, and of what that gives the outputs that are wanted. */
const onShares = (
  emit: Emitter,
  x: Value,
  filter: Value,
  { stride, apart, dilations }: PlainWindow,
  rest: readonly Pair[],
): Value => {
  const call = (x: Value): Value =>
    emit.node('DepthwiseConv2dNative', [x, filter], { ...sliding([stride, stride], [1, 1]), padding: text('VALID') })
  const whole =
    Math.max(...dilations) === 1
      ? call(x)
      : batchToSpace(emit, call(spaceToBatch(emit, x, dilations, rest)), dilations, rest)
  return everyNth(emit, whole, apart)
}

/** The filter `[r, s, 1, c·m]` is TensorFlow's `[r, s, c, m]` in the same order. */
const depthwise = (emit: Emitter, x: Value, filter: Value, slide: Slide): Value => {
  const plain = plainWindow(slide.window)
  if (emit.runner === 'kernels' && !isPlain(plain))
    return onShares(emit, x, filter, plain, restOfShares(slide, plain.dilations))
  return emit.node('DepthwiseConv2dNative', [x, filter], {
    ...sliding(slide.window.strides, plain.dilations),
    padding: text(isSame(slide) ? 'SAME' : 'VALID'),
  })
}

export const conv2d: Lowering<'Conv2d'> = (emit, [x, filter], attributes, { operands }) => {
  const [r, s, depth, o] = shapeOf(operands[1])
  const { strides, dilations, padding, groups } = attributes
  if (isDepthwise(groups, [r, s, depth])) {
    const perChannel = reshape(emit, filter, [r, s, groups, o / groups])
    return depthwise(emit, x, perChannel, slideOf('Conv2d', attributes, operands))
  }
  const settings = { ...sliding(strides, dilations), ...explicit(padding), use_cudnn_on_gpu: flag(true) }
  const given = emit.node('Conv2D', [x, filter], settings)
  return groups === 1 ? given : { ...given, grouped: true }
}

export const dense: Lowering<'Dense'> = (emit, operands) =>
  emit.node('MatMul', operands, { transpose_a: flag(false), transpose_b: flag(false) })
