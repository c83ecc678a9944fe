import {
  addLike,
  applyTransform,
  draft,
  type Graph,
  isPerExample,
  type NodeId,
  variantCoordinates,
  variantCount,
} from '../ir/index.ts'
import { graphPass } from './pass.ts'
import { withoutDeadNodes } from './rewrite.ts'
import { spellReduction, undone } from './spell-reduction.ts'

/**
 * From the branched to the flat dialect: every `Reduce` becomes one over a full copy of the network for each variant, from the image on,
 * as libraries for test-time augmentation run it. Parameters are not copied. The size of the result is the number of variants times that of the graph.
 */
export const unrollVariants = (graph: Graph): Graph => {
  const d = draft('flat')
  const once = new Map<NodeId, NodeId>()
  /** What is copied already for a variant, which several outputs may read. */
  const copiesAt = new Map<string, Map<NodeId, NodeId>>()

  /** Copies what `root` depends on for one variant; what is shared by all variants is copied once. */
  const copy = (root: NodeId, order: readonly NodeId[], coordinates: ReadonlyMap<string, number>): NodeId => {
    const key = [...coordinates].join(';')
    const copies = copiesAt.get(key) ?? new Map<NodeId, NodeId>()
    copiesAt.set(key, copies)
    const copied = (id: NodeId): NodeId => (copies.get(id) ?? once.get(id)) as NodeId
    for (const id of order) {
      const node = graph.nodes[id]
      if (once.has(id) || copies.has(id)) continue
      const operands = node.operands.map(copied)
      if (node.tag === 'Branch') {
        const { axis, transforms } = node.attributes
        copies.set(id, applyTransform(d, transforms[coordinates.get(axis) as number], operands[0]))
        continue
      }
      if (node.tag === 'Undo') {
        const { axis, transforms, pairs } = node.attributes
        copies.set(id, undone(d, transforms[coordinates.get(axis) as number], pairs, operands[0]))
        continue
      }
      const target = node.tag === 'Input' || !isPerExample(node.type) ? once : copies
      target.set(id, addLike(d, node, operands))
    }
    return copied(root)
  }

  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Reduce') return
    const [reduced, ...masks] = node.operands
    const axes = graph.nodes[reduced].variants
    const order = ancestors(graph, [reduced])
    const variants = Array.from({ length: variantCount(axes) }, (_, at) =>
      copy(reduced, order, variantCoordinates(at, axes)),
    )
    const own = masks.map(mask => copy(mask, ancestors(graph, [mask]), new Map()))
    once.set(id, spellReduction(d, variants, node.attributes.reduction, own, node.name))
  })
  const order = ancestors(
    graph,
    graph.outputs.map(({ node }) => node),
  )
  const outputs = graph.outputs.map(output => ({ ...output, node: copy(output.node, order, new Map()) }))
  // What has data everywhere needs its mask under some reductions alone.
  return withoutDeadNodes(d.finish(outputs))
}

/** What nodes depend on, themselves included, in topological order; nothing above a `Reduce`, which is copied by then. */
const ancestors = (graph: Graph, roots: readonly NodeId[]): readonly NodeId[] => {
  const needed = new Set<NodeId>(roots)
  const order: NodeId[] = []
  for (let id = Math.max(-1, ...roots); id >= 0; id--) {
    if (!needed.has(id)) continue
    order.push(id)
    if (graph.nodes[id].tag !== 'Reduce') for (const operand of graph.nodes[id].operands) needed.add(operand)
  }
  return order.reverse()
}

/** Copies the network for each variant, as libraries for test-time augmentation run it: from the branched to the flat dialect. */
export const unroll = graphPass('unroll', graph => ({
  graph: unrollVariants(graph),
  rewrites: {
    'copy-variant': graph.nodes.reduce(
      (n, node) => (node.tag === 'Reduce' ? n + variantCount(graph.nodes[node.operands[0]].variants) : n),
      0,
    ),
  },
}))
