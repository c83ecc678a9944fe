import { convolutionWindow, type Padding, shapeOf } from '../../../ir/index.ts'
import { coveredPads, cropsAll } from '../tfjs/canvas.ts'
import { crop, padded, windowPads } from './canvas.ts'
import { type Lowering, mapOf } from './lowering.ts'

const none: Padding = [
  [0, 0],
  [0, 0],
]

/** A filter `[r, s, i, o]` goes into the file as `[o, i, r, s]`; a bias is the op's own. */
export const conv2d: Lowering<'Conv2d'> = (w, { attributes, operands: [input, filter, bias], name }) => {
  const { h, w: width } = mapOf(input.type)
  const shape = shapeOf(filter.type)
  const negative = attributes.padding.flat().some(pad => pad < 0)
  const pads = negative ? coveredPads([h, width], convolutionWindow(shape, attributes)) : attributes.padding
  const extents = [h, width]
  const outside = cropsAll(extents, pads)
  const x = (outside ? padded : crop)(w, input.value(), extents, pads)
  const left = outside ? none : (pads.map(([before, after]) => [Math.max(0, before), Math.max(0, after)]) as never)
  return w.add(
    'Conv',
    [x, filter.arranged(shape, [3, 2, 0, 1]), ...(bias === undefined ? [] : [bias.value()])],
    {
      kernel_shape: shape.slice(0, 2),
      strides: attributes.strides,
      dilations: attributes.dilations,
      pads: windowPads(left),
      group: attributes.groups,
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
