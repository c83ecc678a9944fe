import { type Graph, sameShape, type Tensor } from '../../ir/index.ts'
import { fail, shapeProblem } from './error.ts'

/** @throws EspalierError where a parameter that some output depends on is missing or has another shape. */
export const checkParameters = (graph: Graph, live: Uint8Array, parameters: ReadonlyMap<string, Tensor>): void => {
  const problems = graph.nodes.flatMap((node, id) => {
    if (!live[id] || node.tag !== 'Parameter') return []
    const shape = parameters.get(node.attributes.name)?.shape
    return shape !== undefined && sameShape(shape, node.attributes.shape)
      ? []
      : [shapeProblem(`parameter ${node.attributes.name}`, shape, node.type)]
  })
  if (problems.length > 0) fail(problems)
}
