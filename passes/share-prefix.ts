import type { Graph, Node, NodeId } from '../ir/index.ts'
import { type AdmitHere, graphPass, type RewrittenGraph } from './pass.ts'

/** One text for equal attribute values, whatever the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, v) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))
      : v,
  )

/** One number for equal attributes; each object is written out once. */
const numbering = (): ((attributes: object) => number) => {
  const byObject = new Map<object, number>()
  const byText = new Map<string, number>()
  return attributes => {
    const known = byObject.get(attributes)
    if (known !== undefined) return known
    const text = canonical(attributes)
    const number = byText.get(text) ?? byText.size
    byText.set(text, number)
    byObject.set(attributes, number)
    return number
  }
}

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
  const attributesOf = numbering()
  const nodes: Node[] = []
  const kept: NodeId[] = []
  const renamed = new Int32Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    const operands = node.operands.map(operand => renamed[operand])
    const key = `${node.tag} ${operands.join()} ${attributesOf(node.attributes)}`
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

/** Computes equal nodes once. */
export const sharePrefix = graphPass('share-prefix', shareEqualNodes, 'both')
