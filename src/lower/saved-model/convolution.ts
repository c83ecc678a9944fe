import { convolutionWindow, type Pair, samePads, sameShape, shapeOf } from '../../../ir/index.ts'
import { coveredPads, cropsAll, isZero, padOf } from '../tfjs/canvas.ts'
import { reshape } from './arrange.ts'
import { flag, text, wholes } from './attributes.ts'
import { crop, padded } from './canvas.ts'
import type { Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'
import type { Attributes } from './schema.ts'

const nhwc = ([y, x]: Pair): readonly number[] => [1, y, x, 1]

/** Pads as TensorFlow's windows take them. */
export const paddingAttributes = (pads: readonly Pair[]): Attributes =>
  isZero(pads)
    ? { padding: text('VALID') }
    : { padding: text('EXPLICIT'), explicit_paddings: wholes([0, 0, ...pads.flat(), 0, 0]) }

export const conv2d: Lowering<'Conv2d'> = (emit, [x, filter], attributes, { operands, result }) => {
  const [h, w, c] = shapeOf(operands[0])
  const [r, s, , o] = shapeOf(operands[1])
  const [oh, ow] = shapeOf(result)
  const { dilations, groups } = attributes
  // TensorFlow 2.21's processor kernels give wrong numbers where there is one column of outputs and a stride.
  const strides: Pair = [oh === 1 ? 1 : attributes.strides[0], ow === 1 ? 1 : attributes.strides[1]]
  const pads = coveredPads([h, w], convolutionWindow(shapeOf(operands[1]), attributes))
  const empty = cropsAll([h, w], pads)
  const inside = empty ? padded(emit, x, [h, w, c], pads) : crop(emit, x, [h, w, c], pads)
  const settings: Attributes = {
    strides: wholes(nhwc(strides)),
    dilations: wholes(nhwc(dilations)),
    data_format: text('NHWC'),
  }
  const rest = empty ? [] : pads.map(padOf)
  if (groups === 1 || groups !== c)
    return emit.node('Conv2D', [inside, filter], {
      ...settings,
      ...paddingAttributes(rest),
      use_cudnn_on_gpu: flag(true),
    })
  // The filter `[r, s, 1, c·m]` is TensorFlow's `[r, s, c, m]` in the same order.
  const perChannel = reshape(emit, filter, [r, s, c, o / c])
  const depthwise = (input: Value, padding: 'SAME' | 'VALID'): Value =>
    emit.node('DepthwiseConv2dNative', [input, perChannel], { ...settings, padding: text(padding) })
  // TensorFlow 2.21's remapper forgets explicit pads when it fuses a bias, and the process dies of that.
  const same = [...samePads(h, r, strides[0], dilations[0]), ...samePads(w, s, strides[1], dilations[1])]
  if (!empty && sameShape(pads.flat(), same)) return depthwise(x, 'SAME')
  return depthwise(empty ? inside : padded(emit, x, [h, w, c], pads), 'VALID')
}

export const dense: Lowering<'Dense'> = (emit, operands) =>
  emit.node('MatMul', operands, { transpose_a: flag(false), transpose_b: flag(false) })
