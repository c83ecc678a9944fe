import { type Graph, liveNodes, type NodeId } from '../../../ir/index.ts'
import { epiloguesOf } from '../../../passes/epilogue.ts'

/** What node `head` computes, with the bias that a later node adds where there is one, is the value of node `id`. */
export interface Step {
  readonly id: NodeId
  readonly head: NodeId
  /** The head's operands, a bias `[c]` last. */
  readonly operands: readonly NodeId[]
}

/** What is computed at each call, in the graph's order: of live nodes, those that some input reaches. */
export const stepsOf = (graph: Graph, constant: Uint8Array): readonly Step[] => {
  const live = liveNodes(graph)
  const epilogueOf = epiloguesOf(graph)
  const steps: (Step | undefined)[] = graph.nodes.map(({ tag, operands }, id) =>
    live[id] === 0 || constant[id] === 1 || tag === 'Input' ? undefined : { id, head: id, operands },
  )
  graph.nodes.forEach(({ operands }, head) => {
    const { sum } = epilogueOf(head)
    if (sum === undefined || steps[head] === undefined) return
    steps[head] = undefined
    steps[sum.id] = { id: sum.id, head, operands: [...operands, sum.bias] }
  })
  return steps.filter(step => step !== undefined)
}
