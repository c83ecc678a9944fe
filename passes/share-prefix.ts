import type { Graph, Node, NodeId } from '../ir/index.ts'
import { type AdmitHere, graphPass, type RewrittenGraph } from './pass.ts'

/** One text for equal attribute values, whatever the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, v) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))
      : v,
  )

/**
 * Nodes that compute the same from the same become one: what the variants have in common, from the image to
 * where they part, is computed once. Exact, and linear in the graph.
 */
export const shareEqualNodes = (
  graph: Graph,
  admit: AdmitHere = () => true,
): RewrittenGraph & {
  /** For each node, where it stood before. */
  readonly kept: readonly NodeId[]
} => {
  const known = new Map<string, NodeId>()
  const keys = new WeakMap<object, string>()
  const nodes: Node[] = []
  const kept: NodeId[] = []
  const renamed = new Int32Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    const operands = node.operands.map(operand => renamed[operand])
    let attributes = keys.get(node.attributes)
    if (attributes === undefined) {
      attributes = canonical(node.attributes)
      keys.set(node.attributes, attributes)
    }
    const key = `${node.tag} ${operands.join(',')} ${attributes}`
    const twin = known.get(key)
    if (
      twin !== undefined &&
      admit({ rewrite: 'share-equal-nodes', rule: null, op: node.tag, at: id, name: node.name })
    ) {
      renamed[id] = twin
      return
    }
    if (twin === undefined) known.set(key, nodes.length)
    renamed[id] = nodes.length
    nodes.push({ ...node, operands } as Node)
    kept.push(id)
  })
  return {
    graph: { ...graph, nodes, outputs: graph.outputs.map(output => ({ ...output, node: renamed[output.node] })) },
    rewrites: { 'share-equal-nodes': graph.nodes.length - nodes.length },
    kept,
  }
}

export const sharePrefix = graphPass('share-prefix', shareEqualNodes)
