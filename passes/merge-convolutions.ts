import {
  type AttributesOf,
  compose,
  type Draft,
  draft,
  type Graph,
  isPerExample,
  type NodeId,
  type NodeOf,
  shapeOf,
} from '../ir/index.ts'
import { graphPass, type Pass, type Rewrites } from './pass.ts'
import { withoutDeadNodes } from './rewrite.ts'
import { type Axis, canSplit, evenAndOdd } from './split-convolution.ts'

/** What becomes of convolutions that read one map with different filters. */
export type Merging = 'joined' | 'split'

type Convolution = NodeOf<'Conv2d'>

/** A filter as an act on another one: `g·w`. */
const factored = (
  { nodes }: Pick<Graph, 'nodes'>,
  filter: NodeId,
): { readonly base: NodeId; readonly element: AttributesOf<'Act'>['element'] } => {
  const node = nodes[filter]
  return node.tag === 'Act' && node.attributes.axes[0] === 0 && node.attributes.axes[1] === 1
    ? { base: node.operands[0], element: node.attributes.element }
    : { base: filter, element: 'id' }
}

/** The axis along which one filter is the mirror image of the other. */
const mirrorAxis = (graph: Graph, a: NodeId, b: NodeId): Axis | null => {
  const [first, second] = [factored(graph, a), factored(graph, b)]
  if (first.base !== second.base) return null
  if (compose('flip', first.element) === second.element) return 1
  return compose('flipv', first.element) === second.element ? 0 : null
}

/** Ungrouped convolutions by what they read and how they slide; those that read one map alike may be merged. */
const alike = (graph: Graph): readonly (readonly NodeId[])[] => {
  const groups = new Map<string, NodeId[]>()
  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Conv2d' || node.attributes.groups !== 1) return
    const { strides, dilations, padding } = node.attributes
    const filter = shapeOf(graph.nodes[node.operands[1]].type)
    const key = JSON.stringify([node.operands[0], strides, dilations, padding, filter.slice(0, 2)])
    groups.set(key, [...(groups.get(key) ?? []), id])
  })
  return [...groups.values()].filter(group => group.length > 1)
}

/** What a group becomes: pairs of mirror images to split, and the rest to join. */
interface Planned {
  readonly pairs: readonly { readonly first: NodeId; readonly second: NodeId; readonly axis: Axis }[]
  readonly joined: readonly NodeId[]
}

const pairUp = (graph: Graph, group: readonly NodeId[]): Planned => {
  const left = [...group]
  const pairs: Planned['pairs'][number][] = []
  const rest: NodeId[] = []
  while (left.length > 0) {
    const first = left.shift() as NodeId
    const node = graph.nodes[first] as Convolution
    const partner = left.findIndex(other => {
      const axis = mirrorAxis(graph, node.operands[1], graph.nodes[other].operands[1])
      return axis !== null && canSplit(graph, node, axis)
    })
    if (partner < 0) rest.push(first)
    else {
      const second = left[partner]
      left.splice(partner, 1)
      pairs.push({ first, second, axis: mirrorAxis(graph, node.operands[1], graph.nodes[second].operands[1]) as Axis })
    }
  }
  return { pairs, joined: rest.length > 1 ? rest : [] }
}

const plan = (graph: Graph, group: readonly NodeId[], merging: Merging): Planned =>
  merging === 'split' ? { ...pairUp(graph, group), joined: [] } : { pairs: [], joined: group }

/** One convolution with all the output channels, and the slices that the several ones gave. */
const join = (
  d: Draft,
  graph: Graph,
  group: readonly NodeId[],
  at: (id: NodeId) => NodeId,
): ReadonlyMap<NodeId, NodeId> => {
  const nodes = group.map(id => graph.nodes[id] as Convolution)
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

/** Merges convolutions of one map: `joined` into one with all their output channels, or pairs of mirror images `split` into an even and an odd half. */
export const mergeConvolutionsIn = (
  graph: Graph,
  merging: Merging,
): { readonly graph: Graph; readonly rewrites: Rewrites } => {
  const groups = alike(graph).map(group => plan(graph, group, merging))
  const d = draft(graph.dialect)
  const renamed = new Int32Array(graph.nodes.length)
  const at = (id: NodeId): NodeId => renamed[id]
  const merged = new Map<NodeId, () => ReadonlyMap<NodeId, NodeId>>()
  for (const { pairs, joined } of groups) {
    for (const { first, second, axis } of pairs) merged.set(first, () => evenAndOdd(d, graph, first, second, axis, at))
    if (joined.length > 0) merged.set(joined[0], () => join(d, graph, joined, at))
  }
  const done = new Map<NodeId, NodeId>()
  const copy = (id: NodeId): void => {
    const node = graph.nodes[id]
    for (const [of, value] of merged.get(id)?.() ?? []) done.set(of, value)
    renamed[id] =
      done.get(id) ??
      d.add(node.tag, node.operands.map(at), node.attributes as AttributesOf<typeof node.tag>, node.name)
  }
  // Filters first: a merged convolution stands where its first part stood, before the filters of the others.
  graph.nodes.forEach((node, id) => {
    if (!isPerExample(node.type)) copy(id)
  })
  graph.nodes.forEach((node, id) => {
    if (isPerExample(node.type)) copy(id)
  })
  const result = withoutDeadNodes(d.finish(graph.outputs.map(output => ({ ...output, node: at(output.node) }))))
  const split = groups.reduce((n, { pairs }) => n + pairs.length, 0)
  const joins = groups.reduce((n, { joined }) => n + (joined.length > 0 ? 1 : 0), 0)
  return { graph: result, rewrites: { 'split-even-odd': split, 'join-outputs': joins } }
}

/** Convolutions that read one map with different filters, as a branch leaves them, become fewer. Rounding. */
export const mergeConvolutions = (merging: Merging): Pass =>
  graphPass('merge-convolutions', graph => mergeConvolutionsIn(graph, merging))
