import {
  type AttributesOf,
  addLike,
  applyTransform,
  type Draft,
  draft,
  type Graph,
  isPerExample,
  type NodeId,
  projected,
  Reduction,
  sameVariants,
  type VariantAxis,
  variantCoordinates,
  variantCount,
} from '../ir/index.ts'
import { graphPass } from './pass.ts'
import { spellReduction, undone } from './spell-reduction.ts'

/** Where a node's variants are: on one stack, row-major in the order of these axes. */
interface StackedVariants {
  readonly node: NodeId
  readonly axes: readonly VariantAxis[]
}

/** Adds variant `index` of a branch. */
export type TransformVariant = (d: Draft, branch: AttributesOf<'Branch'>, index: number, x: NodeId) => NodeId

const byTransform: TransformVariant = (d, { transforms }, index, x) => applyTransform(d, transforms[index], x)

/** A stack of some values, or the only one of them. */
const stackOf = (d: Draft, values: readonly NodeId[]): NodeId =>
  values.length === 1 ? values[0] : d.add('Stack', values, {})

/**
 * From branched to stacked graphs: what a branch makes is put side by side on the batch axis, so that all variants of a later op are one op. Meaning is kept,
 * and linear in the graph; a variant that meets one of fewer axes stands beside copies of it.
 */
export const stackBranchesIn = (graph: Graph, transformed: TransformVariant = byTransform): Graph => {
  const d = draft('stacked')
  const places: StackedVariants[] = []
  const known = new Map<string, NodeId>()

  /** A value with copies for the axes that it lacks, in their order. */
  const arranged = ({ node, axes }: StackedVariants, wanted: readonly VariantAxis[]): NodeId => {
    const key = `${node} ${JSON.stringify(wanted)}`
    const made = known.get(key)
    if (made !== undefined) return made
    const missing = wanted.length - axes.length
    const count = variantCount(axes)
    const repeats = sameVariants(wanted.slice(missing), axes)
    const values = repeats
      ? Array.from({ length: variantCount(wanted.slice(0, missing)) }, () => node)
      : Array.from({ length: variantCount(wanted) }, (_, at) =>
          d.add('Unstack', [node], { index: projected(at, wanted, axes), count }),
        )
    const stack = stackOf(d, values)
    known.set(key, stack)
    return stack
  }

  /** Every variant of a value on its own. */
  const each = ({ node, axes }: StackedVariants): readonly NodeId[] => {
    const count = variantCount(axes)
    return count === 1
      ? [node]
      : Array.from({ length: count }, (_, index) => d.add('Unstack', [node], { index, count }))
  }

  graph.nodes.forEach((node, id) => {
    const operands = node.operands.map(operand => places[operand])
    if (node.tag === 'Branch') {
      const [{ node: x, axes }] = operands
      const { axis, transforms } = node.attributes
      const variants = transforms.map((_, index) => transformed(d, node.attributes, index, x))
      places[id] = { node: stackOf(d, variants), axes: [{ name: axis, extent: transforms.length }, ...axes] }
      return
    }
    if (node.tag === 'Undo') {
      const [own] = operands
      const { axis, transforms, pairs } = node.attributes
      const values = each(own).map((x, at) =>
        undone(d, transforms[variantCoordinates(at, own.axes).get(axis) as number], pairs, x),
      )
      places[id] = { node: stackOf(d, values), axes: own.axes }
      return
    }
    if (node.tag === 'Reduce') {
      const [{ node: x, axes }, ...masks] = operands
      const { reduction } = node.attributes
      if (!Reduction.is(reduction) || masks.length > 0) {
        // Masks stand in the order of the graph's own axes.
        const { variants } = graph.nodes[node.operands[0]]
        const own = masks.map((_, at) => masks[projected(at, axes, variants)].node)
        places[id] = { node: spellReduction(d, each(operands[0]), reduction, own, node.name), axes: [] }
        return
      }
      const multiplicity = new Array<number>(variantCount(axes)).fill(1)
      places[id] = { node: d.add('Combine', [x], { reduction, multiplicity }, node.name), axes: [] }
      return
    }
    // Later branches vary slowest: what has fewer axes than another then mostly lacks the first ones.
    const all = operands.toReversed().flatMap(own => own.axes)
    const axes = all.filter(({ name }, k) => all.findIndex(other => other.name === name) === k)
    const longest = operands.find(own => own.axes.length === axes.length)?.axes ?? axes
    const given = operands.map((own, k) =>
      isPerExample(graph.nodes[node.operands[k]].type) ? arranged(own, longest) : own.node,
    )
    places[id] = { node: addLike(d, node, given), axes: isPerExample(node.type) ? longest : [] }
  })
  return d.finish(graph.outputs.map(output => ({ ...output, node: places[output.node].node })))
}

/** Runs all branches as one on the batch axis, for training. */
export const stackBranches = graphPass(
  'stack-branches',
  graph => ({
    graph: stackBranchesIn(graph),
    rewrites: { 'stack-branch': graph.nodes.filter(({ tag }) => tag === 'Branch').length },
  }),
  'both',
)
