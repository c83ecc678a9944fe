import { rotationMatrix, scalingMatrix } from '../../../../ir/ops/transforms.ts'
import type { Transform } from '../../../../ir/variant.ts'
import { asImage } from './arrange.ts'
import type { Pattern } from './composition.ts'
import { numbersIn } from './neighbours.ts'
import { viewAt } from './node.ts'
import { refuse } from './refuse.ts'
import { matrixOf, samplingGrid } from './sampling-grid.ts'
import { exampleType, type Rule } from './translation.ts'
import { nchw, viewOf } from './view.ts'

/** A number in as few digits as `fits` allows. */
const shortest = (value: number, fits: (short: number) => boolean): number | undefined =>
  Array.from({ length: 15 }, (_, k) => Number(value.toPrecision(k + 1))).find(fits)

/** Of grid coordinates, of which the image has two. */
const near = 3e-7

const sameGrid = (h: number, w: number, matrix: readonly (readonly number[])[], grid: ArrayLike<number>): boolean =>
  samplingGrid(h, w, matrix).every((x, k) => Math.abs(x - grid[k]) <= near)

/** The turn or the zoom about the centre that a grid stands for. */
const transformOf = (h: number, w: number, grid: ArrayLike<number>): Transform | undefined => {
  const [[xx], [yx, yy]] = matrixOf(h, w, grid)
  const factor = shortest(1 / xx, s => s > 0 && sameGrid(h, w, scalingMatrix(s), grid))
  if (factor !== undefined && Math.abs(yx) < 1e-5 && Math.abs(xx - yy) < 1e-5) return { kind: 'scale', factor }
  const turn = (Math.atan2(yx, xx) * 180) / Math.PI
  const degrees = shortest(turn, d => sameGrid(h, w, rotationMatrix(d), grid))
  return degrees === undefined ? undefined : { kind: 'rotate', degrees }
}

const warped =
  (c: number, h: number, w: number, grid: ArrayLike<number>): Rule =>
  (node, t) => {
    const x = asImage(t, viewAt(node, 0))
    const type = exampleType(t, x)
    if (type.kind !== 'Map' || type.h !== h || type.w !== w || type.c !== c)
      return refuse('unsupported-shape', `a grid for ${c} channels of ${h}×${w}`, 'one for the image it samples')
    const transform = transformOf(h, w, grid)
    if (transform === undefined)
      return refuse('unsupported-attribute', 'a grid of another kind', 'a turn or a zoom about the centre')
    const y = t.build.transform(transform, x)
    return [viewOf(y, exampleType(t, y), nchw)]
  }

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8')

/** Maps `[n, c, h, w]`, seen as one example's `[1, n · c, h, w]`, sampled bilinearly by one grid, and taken apart again. */
export const warp: Pattern = (sampling, at) => {
  if (sampling.op_type !== 'GridSample') return undefined
  const said = (name: string, otherwise: string): string =>
    text(sampling.attribute.find(a => a.name === name)?.s) || otherwise
  if (!['bilinear', 'linear'].includes(said('mode', 'linear')) || said('padding_mode', 'zeros') !== 'zeros')
    return undefined
  const before = at.producer(sampling.input[0])
  const after = at.reader(sampling, 'Reshape')
  const grid = at.constant(sampling.input[1] ?? '')
  const values = numbersIn(grid)
  if (before?.op_type !== 'Reshape' || after === undefined || grid === undefined || values === undefined)
    return undefined
  const [one, h, w, two] = grid.dims
  const shapes = [before, after].map(node => numbersIn(at.constant(node.input[1] ?? ''))?.join())
  const c = numbersIn(at.constant(after.input[1] ?? ''))?.[1] ?? 0
  const apart = shapes[0] === `1,-1,${h},${w}` && shapes[1] === `-1,${c},${h},${w}`
  if (one !== 1 || two !== 2 || !apart || at.int(sampling, 'align_corners', 0) !== 0) return undefined
  return { last: after, inputs: [before.input[0]], rule: warped(c, h, w, values) }
}
