import { convolutionWindow, coveredPads, dilated, type Pair, samePads, sameShape, shapeOf } from '../../../ir/index.ts'
import { cropsAll, isZero, padOf } from '../window/pads.ts'
import { isPlain, type PlainWindow, plainWindow, restOfShares, stridesTaken } from '../window/plain.ts'
import { batchToSpace, everyNth, reshape, spaceToBatch } from './arrange.ts'
import { flag, text, wholes } from './attributes.ts'
import { crop, padded } from './canvas.ts'
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
  isZero(pads)
    ? { padding: text('VALID') }
    : { padding: text('EXPLICIT'), explicit_paddings: wholes([0, 0, ...pads.flat(), 0, 0]) }

/** How a filter of one pixel slides. */
export const onePixel: Attributes = { ...sliding([1, 1], [1, 1]), ...explicit([]) }

/** Channel by channel, of a whole canvas: on shares of it without dilations, and of what that gives the outputs that are wanted. */
const onShares = (
  emit: Emitter,
  canvas: Value,
  filter: Value,
  { stride, apart, dilations }: PlainWindow,
  rest: readonly Pair[],
): Value => {
  const call = (x: Value): Value =>
    emit.node('DepthwiseConv2dNative', [x, filter], { ...sliding([stride, stride], [1, 1]), padding: text('VALID') })
  const whole =
    Math.max(...dilations) === 1
      ? call(canvas)
      : batchToSpace(emit, call(spaceToBatch(emit, canvas, dilations, rest)), dilations, rest)
  return everyNth(emit, whole, apart)
}

export const conv2d: Lowering<'Conv2d'> = (emit, [x, filter], attributes, { operands, result }) => {
  const [h, w, c] = shapeOf(operands[0])
  const [r, s, , o] = shapeOf(operands[1])
  const { dilations, groups } = attributes
  const strides = stridesTaken(attributes.strides, shapeOf(result))
  const pads = coveredPads([h, w], convolutionWindow(shapeOf(operands[1]), attributes))
  if (groups === 1 || groups !== c) {
    // The process dies of a window that lies in explicit pads alone.
    const outside = pads.some((sides, axis) => Math.max(...sides) >= dilated([r, s][axis], dilations[axis]))
    const whole = outside || cropsAll([h, w], pads)
    const inside = (whole ? padded : crop)(emit, x, [h, w, c], pads)
    const rest = explicit(whole ? [] : pads.map(padOf))
    const settings = { ...sliding(strides, dilations), ...rest, use_cudnn_on_gpu: flag(true) }
    const given = emit.node('Conv2D', [inside, filter], settings)
    return groups === 1 ? given : { ...given, grouped: true }
  }
  // The filter `[r, s, 1, c·m]` is TensorFlow's `[r, s, c, m]` in the same order.
  const perChannel = reshape(emit, filter, [r, s, c, o / c])
  const window = convolutionWindow([r, s], attributes)
  const plain = plainWindow(window, shapeOf(result))
  if (emit.runner === 'kernels' && !isPlain(plain))
    return onShares(
      emit,
      padded(emit, x, [h, w, c], pads),
      perChannel,
      plain,
      restOfShares([h, w], pads, plain.dilations),
    )
  // TensorFlow 2.21's remapper forgets explicit pads when it fuses a bias, and the process dies of that.
  const same = sameShape(pads.flat(), [
    ...samePads(h, r, strides[0], plain.dilations[0]),
    ...samePads(w, s, strides[1], plain.dilations[1]),
  ])
  const inside = same ? x : padded(emit, x, [h, w, c], pads)
  return emit.node('DepthwiseConv2dNative', [inside, perChannel], {
    ...sliding(strides, plain.dilations),
    padding: text(same ? 'SAME' : 'VALID'),
  })
}

export const dense: Lowering<'Dense'> = (emit, operands) =>
  emit.node('MatMul', operands, { transpose_a: flag(false), transpose_b: flag(false) })
