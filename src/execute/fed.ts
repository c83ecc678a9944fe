import type { Type } from '../../ir/index.ts'
import { fedShapes } from '../lower/inputs.ts'

/** Numbers in row-major order; per-example ones with the batch as their first axis. */
export interface FedNumbers {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** What was fed for each input, with its whole shape. @throws EspalierError where one is missing or does not fit */
export const takeFed = (
  inputs: ReadonlyMap<string, Type>,
  fed: Readonly<Record<string, Float32Array | undefined>>,
): ReadonlyMap<string, FedNumbers> => {
  const names = [...inputs.keys()]
  const shapes = fedShapes(
    [...inputs].map(([name, type]) => ({ name, type })),
    fed,
  )
  return new Map(names.map((name, k) => [name, { shape: shapes[k], data: fed[name] as Float32Array }]))
}
