import { either as E } from 'fp-ts'
import {
  type AttributesOf,
  draft,
  evaluate,
  inferNode,
  type NodeId,
  type OpTag,
  printType,
  shapeOf,
  type Tensor,
  type Type,
  tensor,
} from '../../ir/index.ts'
import { orThrow } from '../../src/base/error.ts'

/** Numbers in row-major order; per-example operands have their batch in front. */
export interface Operand {
  readonly type: Type
  readonly value: Tensor
}

export const operand = (type: Type, data: readonly number[]): Operand => {
  const shape = type.kind === 'Shared' ? type.shape : [data.length / size(shapeOf(type)), ...shapeOf(type)]
  return { type, value: tensor(shape, Float64Array.from(data)) }
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Small whole numbers without a pattern, `batch` examples of them (or one shared tensor). */
export const integers = (type: Type, seed = 1, batch = 1): Operand =>
  operand(
    type,
    Array.from({ length: size(shapeOf(type)) * (type.kind === 'Shared' ? 1 : batch) }, (_, i) => {
      const hash = Math.imul((i + 1) ^ (seed * 0x9e3779b1), 0x85ebca6b)
      return (((hash ^ (hash >>> 13)) >>> 0) % 19) - 9
    }),
  )

/** The op on these operands, through a graph and the evaluator. */
export const apply = <T extends OpTag>(
  tag: T,
  attributes: AttributesOf<T>,
  ...operands: readonly Operand[]
): Tensor => {
  const d = draft('flat')
  const ids: readonly NodeId[] = operands.map(({ type }, k) => d.add('Input', [], { name: `x${k}`, type }))
  const graph = d.finish([{ name: 'y', node: d.add(tag, ids, attributes) }])
  const inputs = new Map(operands.map(({ value }, k) => [`x${k}`, value]))
  return orThrow(evaluate(graph, { inputs, parameters: new Map() })).get('y') as Tensor
}

export const numbers = (value: Tensor): readonly number[] => [...value.data]

/** The inferred type in text, or `null` where the op refuses. */
export const typing = <T extends OpTag>(
  tag: T,
  attributes: AttributesOf<T>,
  ...types: readonly Type[]
): string | null => {
  const inferred = inferNode(
    tag,
    attributes as AttributesOf<OpTag>,
    types.map(type => ({ type, variants: [] })),
  )
  return E.isRight(inferred) ? printType(inferred.right.type) : null
}
