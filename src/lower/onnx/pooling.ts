import { coveredPads, isDilated, outputExtents, type Pair, type Window } from '../../../ir/index.ts'
import { countsAlong } from '../window/counts.ts'
import { meanSteps, meanWindows } from '../window/mean-steps.ts'
import { isZero } from '../window/pads.ts'
import { padded, windowPads } from './canvas.ts'
import { type Lowering, mapOf } from './lowering.ts'
import type { Attributes, Writer } from './writer.ts'

const lowest = -3.4028234663852886e38

const windowAttributes = (
  { size, strides, dilations }: Window,
  pads: readonly Pair[],
  { ceil = false, dilated = false }: { readonly ceil?: boolean; readonly dilated?: boolean } = {},
): Attributes => ({
  kernel_shape: size,
  strides,
  ...(dilated ? { dilations } : {}),
  ...(isZero(pads) ? {} : { pads: windowPads(pads) }),
  ...(ceil ? { ceil_mode: 1 } : {}),
})

/** Whether a pool may carry these pads itself: runtimes refuse pads as wide as the window. */
const carries = (pads: readonly Pair[], size: Pair): boolean =>
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
  const x = input.value()
  const { pads, ceil } = written(extents, attributes)
  const dilated = isDilated(attributes)
  if (carries(pads, attributes.size))
    return w.add('MaxPool', [x], windowAttributes(attributes, pads, { ceil, dilated }), name)
  const canvas = padded(w, x, extents, coveredPads(extents, attributes), lowest)
  return w.add('MaxPool', [canvas], windowAttributes(attributes, [], { dilated }), name)
}

/** Means over all of every window of a map that holds them: `[n, c, h′, w′]`. */
const wholeMeans = (w: Writer, x: string, c: number, window: Window, name: string | undefined): string => {
  const steps = meanWindows(window)
  if (!isDilated(window))
    return steps.reduce(
      (x, each, k) => w.add('AveragePool', [x], windowAttributes(each, []), k === steps.length - 1 ? name : undefined),
      x,
    )
  // Before opset 19 mean pools have no dilations.
  const { size } = window
  const taps = size[0] * size[1]
  const filter = w.floats([c, 1, ...size], new Float32Array(c * taps).fill(1 / taps), 'mean')
  return w.add('Conv', [x, filter], { ...windowAttributes(window, [], { dilated: true }), group: c }, name)
}

export const meanPool: Lowering<'MeanPool'> = (
  w,
  { attributes: { countPadding, ...window }, operands: [input], name },
) => {
  const { h, w: width, c } = mapOf(input.type)
  const extents: Pair = [h, width]
  const { size } = window
  const x = input.value()
  const outputs = outputExtents(extents, window)
  const [rows, columns] = ([0, 1] as const).map(axis =>
    countsAlong(axis, extents[axis], outputs[axis], window, countPadding),
  )
  const { pads, ceil } = written(extents, window)
  const full = rows.every(n => n === size[0]) && columns.every(n => n === size[1])
  // Of windows that reach past the padded image runtimes count different things.
  const small = meanWindows(window).length === 1
  const agreed = small && (!countPadding || full)
  if (agreed && !isDilated(window) && carries(pads, size)) {
    const counted: Attributes = countPadding && !isZero(pads) ? { count_include_pad: 1 } : {}
    return w.add('AveragePool', [x], { ...windowAttributes(window, pads, { ceil }), ...counted }, name)
  }
  const canvas = padded(w, x, extents, coveredPads(extents, window))
  if (full) return wholeMeans(w, canvas, c, window, name)
  const factors = rows.flatMap(r => columns.map(k => (size[0] * size[1]) / (r * k)))
  const uniform = factors.every(factor => factor === factors[0])
  // OpenVINO 2026.4 takes factors without a channel axis for a depthwise convolution's weights, where the map is as large as its filter.
  const factor = uniform
    ? w.scalar(factors[0])
    : w.floats([1, c, rows.length, columns.length], Array.from({ length: c }, () => factors).flat())
  return w.add('Mul', [wholeMeans(w, canvas, c, window, undefined), factor], {}, name)
}

/** A large map's mean is taken in steps. */
export const globalPool: Lowering<'GlobalPool'> = (w, { attributes: { reduction }, operands: [input], name }) => {
  const x = input.value()
  if (reduction === 'max') return w.add('Flatten', [w.add('GlobalMaxPool', [x], {}, name)])
  const { h, w: width } = mapOf(input.type)
  const before = meanSteps([h, width])
    .slice(0, -1)
    .reduce((x, size) => w.add('AveragePool', [x], { kernel_shape: size, strides: size }), x)
  return w.add('Flatten', [w.add('GlobalAveragePool', [before], {}, name)])
}
