import { axisOf, type Lowering, mapOf } from './lowering.ts'

export const constant: Lowering<'Constant'> = (w, { attributes: { shape, values }, name }) =>
  w.floats(shape, values, name)

const lowest = -3.4028234663852886e38

/** Pads that add something may cut off elsewhere. */
export const pad: Lowering<'Pad'> = (
  w,
  { attributes: { padding, channels, value }, operands: [input], result, name },
) => {
  const pads = [channels, ...padding]
  const x = input.value()
  if (Math.max(...pads.flat()) > 0) {
    const all = w.ints([0, ...pads.map(([before]) => before), 0, ...pads.map(([, after]) => after)])
    const border = value === 'lowest' ? lowest : value
    return w.add('Pad', border === 0 ? [x, all] : [x, all, w.scalar(border)], {}, name)
  }
  const { h, w: width, c } = mapOf(result)
  const cuts = [c, h, width].flatMap((n, k) => {
    const [start] = pads[k].map(n => 0 - n)
    return pads[k].some(n => n < 0) ? [{ axis: k + 1, start, end: start + n }] : []
  })
  const [starts, ends, axes] = [cuts.map(c => c.start), cuts.map(c => c.end), cuts.map(c => c.axis)]
  return w.add('Slice', [x, w.ints(starts), w.ints(ends), w.ints(axes)], {}, name)
}

export const concat: Lowering<'Concat'> = (w, { attributes: { axis }, operands, result, name }) =>
  w.add(
    'Concat',
    operands.map(operand => operand.value()),
    { axis: axisOf(result, axis) },
    name,
  )

export const slice: Lowering<'Slice'> = (w, { attributes: { axis, begin, size }, operands: [input], result, name }) =>
  w.add('Slice', [input.value(), w.ints([begin]), w.ints([begin + size]), w.ints([axisOf(result, axis)])], {}, name)

export const flatten: Lowering<'Flatten'> = (w, { attributes: { order }, operands: [input], name }) => {
  const { h, w: width, c } = mapOf(input.type)
  const moved = order === 'hwc' && h * width > 1 && c > 1
  const x = moved ? w.add('Transpose', [input.value()], { perm: [0, 2, 3, 1] }) : input.value()
  return w.add('Flatten', [x], {}, name)
}

export const unflatten: Lowering<'Unflatten'> = (w, { operands: [input], name }) =>
  w.add('Unsqueeze', [input.value(), w.ints([2, 3])], {}, name)

export const reshape: Lowering<'Reshape'> = (w, { attributes: { shape }, operands: [input], name }) =>
  w.add('Reshape', [input.value(), w.ints(shape)], {}, name)

export const transpose: Lowering<'Transpose'> = (
  w,
  { attributes: { permutation }, operands: [input], result, name },
) => {
  const [rows, columns, channels] = permutation.map(axis => axisOf(result, axis))
  const perm = result.kind === 'Map' ? [0, channels, rows, columns] : permutation
  return w.add('Transpose', [input.value()], { perm }, name)
}
