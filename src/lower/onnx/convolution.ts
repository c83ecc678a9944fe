import { shapeOf } from '../../../ir/index.ts'
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

export const dense: Lowering<'Dense'> = (w, { operands, name }) =>
  w.add(
    operands.length === 3 ? 'Gemm' : 'MatMul',
    operands.map(operand => operand.value()),
    {},
    name,
  )
