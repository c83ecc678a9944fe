import { graphPass } from './pass.ts'
import { withoutDeadNodes } from './rewrite.ts'

/** Drops the nodes that no output depends on. */
export const removeDeadNodes = graphPass(
  'remove-dead-nodes',
  graph => {
    const live = withoutDeadNodes(graph)
    return { graph: live, rewrites: { 'remove-node': graph.nodes.length - live.nodes.length } }
  },
  'both',
)
