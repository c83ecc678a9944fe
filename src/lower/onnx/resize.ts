import { resampled } from '../../../ir/ops/shape.ts'
import { type Lowering, mapOf } from './lowering.ts'
import type { Writer } from './writer.ts'

const modes = { 'half-pixel': 'half_pixel', 'align-corners': 'align_corners', asymmetric: 'asymmetric' } as const

/** The float32 by which runtimes multiply an extent, in one precision or another, and round down, to get the outputs. */
const scaleTo = (extent: number, outputs: number): number => {
  const scale = Math.fround(outputs / extent)
  return scale * extent >= outputs ? scale : Math.fround(scale * (1 + 2 ** -23))
}

/** Rows or columns picked one by one. */
const picked = (w: Writer, x: string, axis: number, indices: readonly number[], name?: string): string =>
  w.add('Gather', [x, w.ints(indices)], { axis }, name)

export const resize: Lowering<'Resize'> = (
  w,
  { attributes: { size, method, coordinates }, operands: [input], name },
) => {
  const { h, w: width } = mapOf(input.type)
  const ratios = [size[0] / h, size[1] / width]
  // Float32 cannot tell on which side of a tie an inexact ratio puts a sample.
  if (method === 'nearest' && ratios.some(ratio => Math.fround(ratio) !== ratio)) {
    const [rows, columns] = [
      [h, size[0]],
      [width, size[1]],
    ].map(([extent, outputs]) => resampled(extent, outputs, method, coordinates).map(([at]) => at))
    return picked(w, picked(w, input.value(), 2, rows), 3, columns, name)
  }
  const scales = w.floats([4], [1, 1, scaleTo(h, size[0]), scaleTo(width, size[1])])
  return w.add(
    'Resize',
    [input.value(), '', scales],
    {
      mode: method,
      coordinate_transformation_mode: modes[coordinates],
      ...(method === 'nearest' ? { nearest_mode: coordinates === 'asymmetric' ? 'floor' : 'round_prefer_ceil' } : {}),
    },
    name,
  )
}
