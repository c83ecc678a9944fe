import { gather, stridesOf, type Tensor } from '../../../ir/index.ts'
import type { ParameterUse } from './roles.ts'

/** Axis orders of a file's tensors: PyTorch's filters are `[o, i, r, s]` and its dense weights `[o, i]`. */
export type Layout = 'pytorch' | 'espalier'

/** Key and value that mark a safetensors file as written in the IR's layouts. */
export const espalierFormat = ['format', 'espalier'] as const

/** The layout of a safetensors file with this metadata. */
export const layoutOf = (metadata: ReadonlyMap<string, string>): Layout =>
  metadata.get(espalierFormat[0]) === espalierFormat[1] ? 'espalier' : 'pytorch'

/** Axis k of the IR's tensor is axis `order[k]` of the file's. */
export const axisOrder = ({ role, shape }: ParameterUse, layout: Layout): readonly number[] => {
  if (layout === 'pytorch' && role.kind === 'filter') return [2, 3, 1, 0]
  if (layout === 'pytorch' && role.kind === 'dense') return [1, 0]
  return shape.map((_, axis) => axis)
}

/** The shape of the tensor that the IR's shape becomes in the file. */
export const shapeInFile = (use: ParameterUse, order: readonly number[]): readonly number[] => {
  const shape = [...use.shape]
  order.forEach((axis, k) => {
    shape[axis] = use.shape[k]
  })
  return shape
}

/** The file's tensor in the IR's layout, as float32. */
export const arranged = ({ shape, data }: Tensor, order: readonly number[]): Tensor => {
  const floats = { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) }
  if (order.every((axis, k) => axis === k)) return floats
  const strides = stridesOf(shape)
  return gather(
    floats,
    order.map(axis => shape[axis]),
    order.map(axis => strides[axis]),
    0,
  )
}
