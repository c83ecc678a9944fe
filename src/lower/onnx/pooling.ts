import { outputExtents, type Pair, type Window } from '../../../ir/index.ts'
import { coveredPads } from '../tfjs/canvas.ts'
import { padded, windowPads } from './canvas.ts'
import { type Lowering, mapOf } from './lowering.ts'
import type { Attributes, Writer } from './writer.ts'

const lowest = -3.4028234663852886e38

const windowAttributes = ({ size, strides }: Window, pads: readonly Pair[], more: Attributes = {}): Attributes => ({
  kernel_shape: size,
  strides,
  pads: windowPads(pads),
  ...more,
})

/** Whether a window op may carry these pads itself: runtimes refuse pads as wide as the window. */
const within = (pads: readonly Pair[], size: Pair): boolean =>
  pads.every((sides, axis) => sides.every(pad => pad >= 0 && pad < size[axis]))

/** Whether rounding up gives as many outputs with the rule that drops windows which begin in the trailing pad as without, so that all runtimes agree. */
const roundsAlike = (extents: Pair, window: Window): boolean => {
  const outputs = outputExtents(extents, window)
  return outputs.every((count, axis) => {
    const covered = (window.size[axis] - 1) * window.dilations[axis] + 1
    const room = extents[axis] + window.padding[axis][0] + window.padding[axis][1] - covered
    return count === Math.ceil(room / window.strides[axis]) + 1
  })
}

/** The pads and the rounding that a window op is written with. */
const written = (extents: Pair, window: Window): { readonly pads: readonly Pair[]; readonly ceil: boolean } => {
  const negative = window.padding.flat().some(pad => pad < 0)
  return negative || (window.ceil && !roundsAlike(extents, window))
    ? { pads: coveredPads(extents, window), ceil: false }
    : { pads: window.padding, ceil: window.ceil }
}

export const maxPool: Lowering<'MaxPool'> = (w, { attributes, operands: [input], name }) => {
  const { h, w: width } = mapOf(input.type)
  const extents: Pair = [h, width]
  const { pads, ceil } = written(extents, attributes)
  const { dilations } = attributes
  if (within(pads, attributes.size))
    return w.add(
      'MaxPool',
      [input.value()],
      windowAttributes(attributes, pads, { dilations, ceil_mode: Number(ceil) }),
      name,
    )
  const x = padded(w, input.value(), extents, coveredPads(extents, attributes), lowest)
  return w.add(
    'MaxPool',
    [x],
    windowAttributes(
      attributes,
      [
        [0, 0],
        [0, 0],
      ],
      { dilations },
    ),
    name,
  )
}

/** How many pixels each window along one axis counts. */
const countsAlong = (axis: 0 | 1, extents: Pair, window: Window, countPadding: boolean): readonly number[] => {
  const [before, after] = window.padding[axis]
  const [low, high] = countPadding ? [-before, extents[axis] + after] : [0, extents[axis]]
  return Array.from({ length: outputExtents(extents, window)[axis] }, (_, at) =>
    Array.from(
      { length: window.size[axis] },
      (_, k) => at * window.strides[axis] - before + k * window.dilations[axis],
    ).reduce((n, i) => (i >= low && i < high ? n + 1 : n), 0),
  )
}

/** Means over all of every window of a map that holds them: `[n, c, h′, w′]`. */
const wholeMeans = (w: Writer, x: string, c: number, window: Window, name: string | undefined): string => {
  const { size, strides, dilations } = window
  const pads = windowPads([
    [0, 0],
    [0, 0],
  ])
  const dilated = dilations.some((d, axis) => d > 1 && size[axis] > 1)
  if (!dilated) return w.add('AveragePool', [x], { kernel_shape: size, strides, pads }, name)
  // Before opset 19 mean pools have no dilations.
  const taps = size[0] * size[1]
  const filter = w.floats([c, 1, ...size], new Float32Array(c * taps).fill(1 / taps), 'mean')
  return w.add('Conv', [x, filter], { kernel_shape: size, strides, dilations, pads, group: c }, name)
}

export const meanPool: Lowering<'MeanPool'> = (
  w,
  { attributes: { countPadding, ...window }, operands: [input], name },
) => {
  const { h, w: width, c } = mapOf(input.type)
  const extents: Pair = [h, width]
  const { size, dilations } = window
  const [rows, columns] = ([0, 1] as const).map(axis => countsAlong(axis, extents, window, countPadding))
  const { pads, ceil } = written(extents, window)
  const full = rows.every(n => n === size[0]) && columns.every(n => n === size[1])
  // Of windows that reach past the padded image runtimes count different things.
  const agreed = !countPadding || full
  const undilated = size.every((n, axis) => n === 1 || dilations[axis] === 1)
  if (undilated && agreed && within(pads, size))
    return w.add(
      'AveragePool',
      [input.value()],
      windowAttributes(window, pads, { ceil_mode: Number(ceil), count_include_pad: Number(countPadding) }),
      name,
    )
  const x = padded(w, input.value(), extents, coveredPads(extents, window))
  if (full) return wholeMeans(w, x, c, window, name)
  const factors = rows.flatMap(r => columns.map(k => (size[0] * size[1]) / (r * k)))
  const uniform = factors.every(factor => factor === factors[0])
  const factor = uniform ? w.scalar(factors[0]) : w.floats([rows.length, columns.length], factors)
  return w.add('Mul', [wholeMeans(w, x, c, window, undefined), factor], {}, name)
}

export const globalPool: Lowering<'GlobalPool'> = (w, { attributes: { reduction }, operands: [input], name }) => {
  const op = reduction === 'mean' ? 'GlobalAveragePool' : 'GlobalMaxPool'
  return w.add('Flatten', [w.add(op, [input.value()], {}, name)])
}
