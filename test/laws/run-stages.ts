import { type Environment, sizeOf, type Tensor } from '../../ir/index.ts'
import type { Stage } from '../../passes/index.ts'
import { valuesOf } from './agreement.ts'

/** The rows of a value of examples that are named. */
export const rowsOf = ({ shape: [, ...each], data }: Tensor, rows: readonly number[]): Tensor => {
  const size = sizeOf(each)
  const chosen = new Float64Array(rows.length * size)
  rows.forEach((row, k) => {
    chosen.set(data.subarray(row * size, (row + 1) * size), k * size)
  })
  return { shape: [rows.length, ...each], data: chosen }
}

const withRows = (into: Tensor, rows: readonly number[], values: Tensor): Tensor => {
  const size = sizeOf(into.shape.slice(1))
  const data = Float64Array.from(into.data)
  rows.forEach((row, k) => {
    data.set(values.data.subarray(k * size, (k + 1) * size), row * size)
  })
  return { shape: into.shape, data }
}

/** Whether an input has a row for each example; the others are given whole. */
const isOfExamples = (stages: readonly Stage[], name: string): boolean =>
  stages.every(({ graph }) =>
    graph.nodes.every(
      ({ tag, attributes, type }) => tag !== 'Input' || attributes.name !== name || type.kind !== 'Shared',
    ),
  )

/** What stages give of a batch: each runs on the images that the one before sends on, whose answers it puts in place of the earlier ones. */
export const runStages = (
  [stage, ...later]: readonly Stage[],
  { inputs, parameters }: Environment,
): ReadonlyMap<string, Tensor> => {
  const values = valuesOf(stage.graph, { inputs, parameters })
  const { gate } = stage
  if (gate === undefined) return values
  const certainty = values.get(gate.certainty) as Tensor
  const onward = [...certainty.data.keys()].filter(row => certainty.data[row] < gate.below)
  const answers = later[later.length - 1].graph.outputs.map(({ name }) => [name, values.get(name) as Tensor] as const)
  if (onward.length === 0) return new Map(answers)
  const carried = gate.carried.flatMap(name => {
    const value = values.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const known = [...inputs, ...carried].map(
    ([name, value]) => [name, isOfExamples([stage, ...later], name) ? rowsOf(value, onward) : value] as const,
  )
  const deeper = runStages(later, { inputs: new Map(known), parameters })
  return new Map(answers.map(([name, kept]) => [name, withRows(kept, onward, deeper.get(name) as Tensor)]))
}
