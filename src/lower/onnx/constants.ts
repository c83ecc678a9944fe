import { either as E } from 'fp-ts'
import { EspalierError, evaluate, type Graph, type NodeId, type Tensor } from '../../../ir/index.ts'
import { withoutDeadNodes } from '../../../passes/rewrite.ts'

/** The values of shared nodes that depend on parameters alone. @throws EspalierError where a parameter is missing. */
export const constantValues = (
  graph: Graph,
  ids: Iterable<NodeId>,
  parameters: ReadonlyMap<string, Tensor>,
): ReadonlyMap<NodeId, Tensor> => {
  const outputs = [...ids].map(node => ({ name: String(node), node }))
  const values = evaluate(withoutDeadNodes({ ...graph, outputs }), { inputs: new Map(), parameters })
  if (E.isLeft(values)) throw new EspalierError(values.left)
  return new Map(outputs.map(({ name, node }) => [node, values.right.get(name) as Tensor]))
}
