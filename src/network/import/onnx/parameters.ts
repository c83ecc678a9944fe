import { isDeepStrictEqual } from 'node:util'
import type { Builder } from '../../../../ir/build.ts'
import type { NodeId } from '../../../../ir/graph.ts'
import { sizeOf, type Tensor } from '../../../../ir/tensor.ts'
import { metadataKey } from '../../weights/safetensors-header.ts'
import type { Scalar } from './constant.ts'
import type { Room } from './folds/room.ts'
import { names } from './names.ts'
import type { Translation } from './translation.ts'

/** What each parameter costs beside its values. */
const overhead = 64

/** The parameters of a graph under construction, each constant added once for every layout that it is used in. */
export const parametersOf = (
  build: Builder,
  room: Room,
): {
  readonly values: ReadonlyMap<string, Tensor>
  /** The names of tables. */
  readonly fixed: ReadonlySet<string>
} & Pick<Translation, 'parameter' | 'table'> => {
  const fixed = new Set<string>()
  const values = new Map<string, Tensor>()
  const { take, fresh } = names()
  // Weights are saved under their names.
  take(metadataKey)
  // By the values themselves: an initializer reshaped for one use and not for another is the same weight.
  const known = new Map<ArrayLike<Scalar>, Map<string, { readonly id: NodeId; readonly tensor: Tensor }>>()
  const tables = new Map<string, number>()
  const add = (name: string, tensor: Tensor): number => {
    values.set(name, tensor)
    return build.parameter(name, tensor.shape)
  }
  return {
    values,
    fixed,
    table: (name, shape, numberAt, key = name) => {
      const whole = `${key} ${shape.join('×')}`
      const earlier = tables.get(whole)
      if (earlier !== undefined) return earlier
      room.take(sizeOf(shape) + overhead)
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, at) => numberAt(at))
      const own = fresh(`${name} ${shape.join('×')}`)
      fixed.add(own)
      const id = add(own, { shape, data })
      tables.set(whole, id)
      return id
    },
    parameter: (value, layout, convert) => {
      const layouts = known.get(value.values) ?? new Map<string, { readonly id: NodeId; readonly tensor: Tensor }>()
      known.set(value.values, layouts)
      const earlier = layouts.get(layout)
      if (earlier !== undefined) return earlier.id
      room.take((value.fill === undefined ? sizeOf(value.dims) : 0) + overhead)
      const tensor = convert(value)
      // What is read alike for pixels and for tokens beside them stays one weight: it is trained as one.
      const same = [...layouts.values()].find(other => isDeepStrictEqual(other.tensor, tensor))
      const entry = same ?? { id: add(fresh(value.name), tensor), tensor }
      layouts.set(layout, entry)
      return entry.id
    },
  }
}
