import { type Graph, liveNodes, type NodeId, sameShape, shapeOf, useCounts } from '../../../ir/index.ts'

/** What node `head` computes, with the bias that a later node adds where there is one, is the value of node `id`. */
export interface Step {
  readonly id: NodeId
  readonly head: NodeId
  /** The head's operands, a bias `[c]` last. */
  readonly operands: readonly NodeId[]
}

/** The convolution or product that this sum adds a bias to, where nothing else reads what lies between. */
const biased = ({ nodes }: Graph, id: NodeId, uses: Int32Array): Step | undefined => {
  const sum = nodes[id]
  if (sum.tag !== 'Binary' || sum.attributes.fn !== 'add') return undefined
  const [left, right] = sum.operands
  for (const [head, bias] of [
    [left, right],
    [right, left],
  ]) {
    const { tag, operands, type } = nodes[head]
    const c = shapeOf(type).at(-1) as number
    const added = nodes[bias].type
    if (
      (tag === 'Conv2d' || tag === 'Dense') &&
      uses[head] === 1 &&
      added.kind === 'Shared' &&
      sameShape(added.shape, [c])
    )
      return { id, head, operands: [...operands, bias] }
  }
  return undefined
}

/** What is computed at each call, in the graph's order: of live nodes, those that some input reaches. */
export const stepsOf = (graph: Graph, constant: Uint8Array): readonly Step[] => {
  const live = liveNodes(graph)
  const uses = useCounts(graph)
  const steps: (Step | undefined)[] = []
  graph.nodes.forEach(({ tag, operands }, id) => {
    if (live[id] === 0 || constant[id] === 1 || tag === 'Input') return
    const step = biased(graph, id, uses)
    if (step !== undefined) steps[step.head] = undefined
    steps[id] = step ?? { id, head: id, operands }
  })
  return steps.filter(step => step !== undefined)
}
