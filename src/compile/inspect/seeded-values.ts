import {
  type Environment,
  type Graph,
  isPerExample,
  nodesWithTag,
  shapeOf,
  sizeOf,
  type Tensor,
} from '../../../ir/index.ts'
import { type Random, random } from '../../base/random.ts'

const filled = (shape: readonly number[], value: () => number): Tensor => ({
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, value),
})

/** Filters and matrices keep the size of what they multiply; all else is positive, for it may be a variance. */
const parameterValue = (shape: readonly number[], draw: Random): Tensor => {
  if (shape.length < 2) return filled(shape, () => draw.between(0.5, 1.5))
  const scale = 1.7 / Math.sqrt(sizeOf(shape) / shape[shape.length - 1])
  return filled(shape, () => draw.between(-scale, scale))
}

/** Standard normal values for every input of a graph, `[batch, …]`: a function of the seed and each one's name. */
export const seededInputs = (graph: Graph, seed: number, batch: number): Environment['inputs'] =>
  new Map(
    nodesWithTag(graph, 'Input').map(({ attributes: { name, type } }) => {
      const shape = isPerExample(type) ? [batch, ...shapeOf(type)] : shapeOf(type)
      return [name, filled(shape, random(seed, `input ${name}`).normal)]
    }),
  )

/** Values for every parameter of a graph, none of which an identity hides: a function of the seed and each one's name. */
export const seededParameters = (graph: Graph, seed: number): Environment['parameters'] =>
  new Map(
    nodesWithTag(graph, 'Parameter').map(({ attributes: { name, shape } }) => [
      name,
      parameterValue(shape, random(seed, `parameter ${name}`)),
    ]),
  )
