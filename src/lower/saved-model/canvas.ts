import type { Pair } from '../../../ir/index.ts'
import { cropOf, cropsAll, isZero, padOf } from '../window/pads.ts'
import { pad, slice } from './arrange.ts'
import type { Emitter, Value } from './emitter.ts'

/** A map with its negative pads applied, positive ones left; `pads` are those of rows, columns and perhaps channels. */
export const crop = (emit: Emitter, x: Value, extents: readonly number[], pads: readonly Pair[]): Value => {
  const cuts = pads.map(cropOf)
  if (isZero(cuts)) return x
  const rest = extents.length - cuts.length
  return slice(
    emit,
    x,
    [0, ...cuts.map(([before]) => before), ...new Array<number>(rest).fill(0)],
    [-1, ...cuts.map(([before, after], k) => extents[k] - before - after), ...new Array<number>(rest).fill(-1)],
  )
}

const border = (emit: Emitter, x: Value, rank: number, pads: readonly Pair[], value: number): Value => {
  const rest = pads.map(padOf)
  if (isZero(rest)) return x
  return pad(
    emit,
    x,
    Array.from({ length: rank + 1 }, (_, axis) => rest[axis - 1] ?? [0, 0]),
    value,
  )
}

/** A map `[n, h, w, c]` of these extents under pads for rows, columns and perhaps channels, negative ones cropped. */
export const padded = (
  emit: Emitter,
  x: Value,
  extents: readonly number[],
  pads: readonly Pair[],
  value = 0,
): Value => {
  const rank = extents.length
  if (!cropsAll(extents, pads)) return border(emit, crop(emit, x, extents, pads), rank, pads, value)
  const wider = extents.map((n, k) => n + Math.max(0, pads[k]?.[0] ?? 0) + Math.max(0, pads[k]?.[1] ?? 0))
  return crop(emit, border(emit, x, rank, pads, value), wider, pads)
}
