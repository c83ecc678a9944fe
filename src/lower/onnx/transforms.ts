import { motionOf, shapeOf } from '../../../ir/index.ts'
import { rotationMatrix, scalingMatrix } from '../../../ir/ops/transforms.ts'
import { samplingGrid } from '../../network/import/onnx/sampling-grid.ts'
import { axisOf, type Lowering, mapOf } from './lowering.ts'
import type { Operand } from './operands.ts'
import type { Writer } from './writer.ts'

/** Further back than any axis begins. */
const beforeAll = -(2 ** 31)

export const act: Lowering<'Act'> = (w, { attributes: { element, axes }, operands: [input], result, name }) => {
  const { swap, flipY, flipX } = motionOf(element)
  const [y, x] = axes.map(axis => axisOf(result, axis))
  const rank = result.kind === 'Map' ? 4 : shapeOf(result).length
  const flipped = [...(flipY ? [y] : []), ...(flipX ? [x] : [])]
  const perm = Array.from({ length: rank }, (_, k) => (k === y ? x : k === x ? y : k))
  const stem = flipped.length === 0 ? name : undefined
  const turned = swap ? w.add('Transpose', [input.value()], { perm }, stem) : input.value()
  if (flipped.length === 0) return turned
  const all = (value: number): string => w.ints(flipped.map(() => value))
  return w.add('Slice', [turned, all(-1), all(beforeAll), w.ints(flipped), all(-1)], {}, name)
}

/** A grid belongs to one example: all examples' channels go through as one example's. */
const warp = (
  w: Writer,
  matrix: readonly (readonly number[])[],
  { type, value }: Operand,
  name: string | undefined,
): string => {
  const { h, w: width, c } = mapOf(type)
  const grid = w.once(`grid ${h} ${width} ${matrix.flat()}`, () =>
    w.floats([1, h, width, 2], samplingGrid(h, width, matrix), 'grid'),
  )
  const one = w.add('Reshape', [value(), w.ints([1, -1, h, width])])
  const warped = w.add('GridSample', [one, grid], { mode: 'bilinear', padding_mode: 'zeros', align_corners: 0 })
  return w.add('Reshape', [warped, w.ints([-1, c, h, width])], {}, name)
}

export const rotate: Lowering<'Rotate'> = (w, { attributes: { degrees }, operands: [input], name }) =>
  warp(w, rotationMatrix(degrees), input, name)

export const scale: Lowering<'Scale'> = (w, { attributes: { factor }, operands: [input], name }) =>
  warp(w, scalingMatrix(factor), input, name)
