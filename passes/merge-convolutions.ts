import { addLike, type Draft, draft, type Graph, isPerExample, type NodeId, type NodeOf, shapeOf } from '../ir/index.ts'
import { type ConvolutionGroup, convolutionGroups, mirrorPairs } from './convolution-groups.ts'
import { type AdmitHere, graphPass, type Pass, type RewrittenGraph } from './pass.ts'
import { withoutDeadNodes } from './rewrite.ts'
import { shareEqualNodes } from './share-prefix.ts'
import { evenAndOdd } from './split-convolution.ts'

/** What becomes of convolutions that read one map with different filters. */
export type Merging = 'apart' | 'joined' | 'split'

/** What becomes of each group. */
export type MergingOf = (graph: Graph, group: ConvolutionGroup) => Merging

type Renaming = (id: NodeId) => NodeId

/** One convolution with all the output channels, and the slices that the several ones gave. */
const join = (d: Draft, graph: Graph, group: ConvolutionGroup, at: Renaming): ReadonlyMap<NodeId, NodeId> => {
  const nodes = group.map(id => graph.nodes[id] as NodeOf<'Conv2d'>)
  const filters = nodes.map(node => at(node.operands[1]))
  const joined = d.add('Concat', filters, { axis: 3 })
  const y = d.add('Conv2d', [at(nodes[0].operands[0]), joined], nodes[0].attributes, nodes[0].name)
  let begin = 0
  return new Map(
    group.map((id, k) => {
      const size = shapeOf(d.nodes[filters[k]].type)[3]
      const part = d.add('Slice', [y], { axis: 2, begin, size })
      begin += size
      return [id, part] as const
    }),
  )
}

/**
 * Merges convolutions of one map: `joined` into one with all their output channels, or pairs of mirror images `split` into an even and an odd half.
 * Equal nodes are shared, before so that every map is one node, and after for the filters of the results: what comes out has nothing more to merge.
 */
export const mergeConvolutionsIn = (
  source: Graph,
  mergingOf: MergingOf,
  admit: AdmitHere = () => true,
): RewrittenGraph => {
  const { graph, kept } = shareEqualNodes(source)
  const admitted = (rewrite: string, at: NodeId): boolean =>
    admit({ rewrite, rule: null, op: 'Conv2d', at: kept[at], name: graph.nodes[at].name })
  const d = draft(graph.dialect)
  const renamed = new Int32Array(graph.nodes.length)
  const at: Renaming = id => renamed[id]
  /** By the first node of each merge: what stands for its nodes. */
  const merges = new Map<NodeId, () => ReadonlyMap<NodeId, NodeId>>()
  let [joins, splits] = [0, 0]
  for (const group of convolutionGroups(graph)) {
    const merging = mergingOf(graph, group)
    if (merging === 'joined' && admitted('join-outputs', group[0])) {
      merges.set(Math.min(...group), () => join(d, graph, group, at))
      joins++
    } else if (merging === 'split')
      for (const { first, second, axis } of mirrorPairs(graph, group)) {
        if (!admitted('split-even-odd', first)) continue
        merges.set(Math.min(first, second), () => evenAndOdd(d, graph, first, second, axis, at))
        splits++
      }
  }
  const rewrites = { 'split-even-odd': splits, 'join-outputs': joins }
  if (merges.size === 0) return { graph: source, rewrites }
  const done = new Map<NodeId, NodeId>()
  const copy = (id: NodeId): void => {
    const node = graph.nodes[id]
    for (const [of, value] of merges.get(id)?.() ?? []) done.set(of, value)
    renamed[id] = done.get(id) ?? addLike(d, node, node.operands.map(at))
  }
  // Filters first: a merged convolution stands where its first part stood, before the filters of the others.
  graph.nodes.forEach((node, id) => {
    if (!isPerExample(node.type)) copy(id)
  })
  graph.nodes.forEach((node, id) => {
    if (isPerExample(node.type)) copy(id)
  })
  const merged = d.finish(graph.outputs.map(output => ({ ...output, node: at(output.node) })))
  return { graph: shareEqualNodes(withoutDeadNodes(merged)).graph, rewrites }
}

/** Convolutions that read one map with different filters, as a branch leaves them, become fewer. Rounding. */
export const mergeConvolutions = (merging: Merging): Pass<'inference'> =>
  graphPass('merge-convolutions', (graph, admit) => mergeConvolutionsIn(graph, () => merging, admit))
