import { dilated, outputExtents, type Pair, shapeOf } from '../../../ir/index.ts'
import { type Slide, slideOf } from '../../../passes/sliding.ts'
import { windowPads } from './canvas.ts'
import type { Lowering } from './lowering.ts'

/** A filter `[r, s, i, o]` goes into the file as `[o, i, r, s]`; a bias is the op's own. */
export const conv2d: Lowering<'Conv2d'> = (
  w,
  { attributes: { strides, dilations, padding, groups }, operands: [input, filter, bias], name },
) => {
  const shape = shapeOf(filter.type)
  return w.add(
    'Conv',
    [input.value(), filter.arranged(shape, [3, 2, 0, 1]), ...(bias === undefined ? [] : [bias.value()])],
    { kernel_shape: shape.slice(0, 2), strides, dilations, pads: windowPads(padding), group: groups },
    name,
  )
}

/** What a transposed convolution adds beyond the last windows, so that it gives these extents. */
const beyond = ({ extents, window }: Slide): Pair => {
  const outputs = outputExtents(extents, window)
  const along = (axis: 0 | 1): number => {
    const reach = (outputs[axis] - 1) * window.strides[axis] + dilated(window.size[axis], window.dilations[axis])
    return extents[axis] + window.padding[axis][0] + window.padding[axis][1] - reach
  }
  return [along(0), along(1)]
}

export const conv2dTranspose: Lowering<'Conv2dTranspose'> = (w, { attributes, operands: [input, filter], name }) => {
  const slide = slideOf('Conv2dTranspose', attributes, [input.type, filter.type])
  const { strides, dilations, padding, groups } = attributes
  const shape = shapeOf(filter.type)
  return w.add(
    'ConvTranspose',
    [input.value(), filter.arranged(shape, [3, 2, 0, 1])],
    {
      kernel_shape: shape.slice(0, 2),
      strides,
      dilations,
      pads: windowPads(padding),
      output_padding: beyond(slide),
      group: groups,
    },
    name,
  )
}

export const dense: Lowering<'Dense'> = (w, { operands, name }) =>
  w.add(
    operands.length === 3 ? 'Gemm' : 'MatMul',
    operands.map(operand => operand.value()),
    {},
    name,
  )
