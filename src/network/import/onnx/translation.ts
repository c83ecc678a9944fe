import type { Builder } from '../../../../ir/build.ts'
import { gather } from '../../../../ir/dihedral.ts'
import type { NodeId } from '../../../../ir/graph.ts'
import { sizeOf, stridesOf, type Tensor } from '../../../../ir/tensor.ts'
import { isPerExample, type MapType, printType, type VectorType } from '../../../../ir/type.ts'
import type { Constant, Scalar } from './constant.ts'
import type { Room } from './folds/room.ts'
import { type Lifted, type OnnxNode, valuesOf } from './node.ts'

/** What the rules for nodes write to. */
export interface Translation {
  readonly opset: number
  /** The extent of the batch axis where the file fixes it. */
  readonly batch: Scalar
  readonly build: Builder
  /** What the file may still ask for at import. */
  readonly room: Room
  /**
   * The parameter for a constant in one layout, added once: it has the constant's name, and a suffix where the same
   * constant is used in a second layout too.
   */
  readonly parameter: (constant: Constant, layout: string, convert: (constant: Constant) => Tensor) => NodeId
  /** A parameter that the file does not have, whose numbers follow from its shape and its key, by default its name: added once. */
  readonly table: (name: string, shape: readonly number[], numberAt: (at: number) => number, key?: string) => NodeId
}

/** The values of an op's outputs. */
export type Rule = (node: OnnxNode, translation: Translation) => readonly Lifted[]

export const exampleType = (t: Translation, node: NodeId): MapType | VectorType => {
  const type = t.build.typeOf(node)
  if (!isPerExample(type)) throw new Error(`a view of ${printType(type)}`)
  return type
}

const float32 = (constant: Constant): Float32Array =>
  constant.values instanceof Float32Array ? constant.values : new Float32Array(valuesOf(constant))

/** A constant in row-major order under `shape` (of as many values), its axes then put in the order of `permutation`. */
export const arranged = (
  constant: Constant,
  shape: readonly number[],
  permutation: readonly number[] = shape.map((_, axis) => axis),
): Tensor => {
  const data = float32(constant)
  const strides = stridesOf(shape)
  if (sizeOf(shape) !== data.length) throw new Error(`${data.length} values for [${shape}]`)
  const extents = permutation.map(axis => shape[axis])
  // One number all over is the same in any order.
  if (constant.fill !== undefined) return { shape: extents, data }
  return gather(
    { shape, data },
    extents,
    permutation.map(axis => strides[axis]),
    0,
  )
}

/** A parameter with a constant's values under another shape, axes permuted. */
export const arrangedParameter = (
  t: Translation,
  constant: Constant,
  shape: readonly number[],
  permutation?: readonly number[],
): NodeId => t.parameter(constant, `[${shape}]${permutation ?? ''}`, value => arranged(value, shape, permutation))

/** One number. */
export const numberNode = (t: Translation, value: number): NodeId =>
  t.build.draft.add('Constant', [], { shape: [1], values: [Math.fround(value)] })
