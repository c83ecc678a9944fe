import type { AttributesOf, MapType, Type } from '../../../ir/index.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import type { Operand } from './operands.ts'
import type { Writer } from './writer.ts'

/** One node with what it reads; `name` is what its value should be called. */
export interface Place<T extends LoweredTag> {
  readonly attributes: AttributesOf<T>
  readonly operands: readonly Operand[]
  readonly result: Type
  readonly name: string | undefined
}

/** Writes what a node computes and gives the name of its value. */
export type Lowering<T extends LoweredTag> = (w: Writer, place: Place<T>) => string

/** Where the IR's axis of a value stands in ONNX: maps are `[n, c, h, w]`, vectors `[n, c]`. */
export const axisOf = (type: Type, axis: number): number => {
  switch (type.kind) {
    case 'Map':
      return [2, 3, 1][axis]
    case 'Vector':
      return 1
    case 'Shared':
      return axis
  }
}

/** @throws Error for another type: the graph's verifier has excluded it. */
export const mapOf = (type: Type): MapType => {
  if (type.kind !== 'Map') throw new Error(`a ${type.kind} for a map`)
  return type
}
