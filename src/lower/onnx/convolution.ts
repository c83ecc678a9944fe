import { convolutionWindow, coveredPads, type Padding, type Pair, sameShape, shapeOf } from '../../../ir/index.ts'
import { cropsAll, padOf } from '../window/pads.ts'
import { stridesTaken } from '../window/plain.ts'
import { crop, padded, windowPads } from './canvas.ts'
import { type Lowering, mapOf, type Place } from './lowering.ts'
import type { Writer } from './writer.ts'

const none: Padding = [
  [0, 0],
  [0, 0],
]

/** Every n-th pixel of a map under pads. */
const sampled = (w: Writer, x: string, extents: Pair, pads: Padding, strides: Pair): string => {
  const canvas = padded(w, x, extents, pads)
  const ends = extents.map((n, axis) => n + pads[axis][0] + pads[axis][1])
  return w.add('Slice', [canvas, w.ints([0, 0]), w.ints(ends), w.ints([2, 3]), w.ints(strides)])
}

interface Canvas {
  readonly x: string
  readonly pads: Padding
  readonly strides: Pair
}

/** What a convolution slides over, and how, with no pads that runtimes refuse or get wrong. */
const canvasOf = (w: Writer, { attributes, operands: [input, filter], result }: Place<'Conv2d'>): Canvas => {
  const { h, w: width } = mapOf(input.type)
  const { h: rows, w: columns } = mapOf(result)
  const extents: Pair = [h, width]
  const window = convolutionWindow(shapeOf(filter.type), attributes)
  const strides = stridesTaken(window.strides, [rows, columns])
  const kept = sameShape(strides, window.strides) && window.padding.flat().every(pad => pad >= 0)
  const pads = kept ? window.padding : coveredPads(extents, window)
  const x = input.value()
  // OpenVINO 2026.4 moves the strides of a convolution of one pixel into those before, past the pads.
  const moves = window.size.every(n => n === 1) && strides.some(s => s > 1) && pads.flat().some(pad => pad > 0)
  if (moves) return { x: sampled(w, x, extents, pads, strides), pads: none, strides: [1, 1] }
  return cropsAll(extents, pads)
    ? { x: padded(w, x, extents, pads), pads: none, strides }
    : { x: crop(w, x, extents, pads), pads: [padOf(pads[0]), padOf(pads[1])], strides }
}

/** A filter `[r, s, i, o]` goes into the file as `[o, i, r, s]`; a bias is the op's own. */
export const conv2d: Lowering<'Conv2d'> = (w, place) => {
  const {
    attributes: { dilations, groups },
    operands: [, filter, bias],
    name,
  } = place
  const { x, pads, strides } = canvasOf(w, place)
  const shape = shapeOf(filter.type)
  return w.add(
    'Conv',
    [x, filter.arranged(shape, [3, 2, 0, 1]), ...(bias === undefined ? [] : [bias.value()])],
    { kernel_shape: shape.slice(0, 2), strides, dilations, pads: windowPads(pads), group: groups },
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
