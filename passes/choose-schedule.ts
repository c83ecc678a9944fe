import { either as E, function as F } from 'fp-ts'
import { addLike, draft, type Graph, isPerExample, type NodeId, useCounts } from '../ir/index.ts'
import { type ConvolutionGroup, convolutionGroups } from './convolution-groups.ts'
import type { Predict } from './cost-model.ts'
import { dropSymmetricActs } from './drop-symmetric-acts.ts'
import { type Merging, type MergingOf, mergeConvolutionsIn } from './merge-convolutions.ts'
import { mergeVariants } from './merge-variants.ts'
import { admitAll, type Compiled, graphPass, type Pass, type PassReport, type Program, runPasses } from './pass.ts'
import { shareEqualNodes, sharePrefix } from './share-prefix.ts'
import { sinkTransforms } from './sink-transforms.ts'
import { stackVariantsIn } from './stack-variants.ts'

/** The convolutions of a group as a graph of their own, each with the bias and the clamp that alone read it. */
const groupAlone = (graph: Graph, group: ConvolutionGroup, soleReaders: ReadonlyMap<NodeId, NodeId>): Graph => {
  const { nodes } = graph
  const d = draft('flat')
  const copies = new Map<NodeId, NodeId>()
  const copy = (id: NodeId): NodeId => {
    const known = copies.get(id)
    if (known !== undefined) return known
    const node = nodes[id]
    const made = addLike(d, node, node.operands.map(copy))
    copies.set(id, made)
    return made
  }
  const [source] = nodes[group[0]].operands
  copies.set(source, d.add('Input', [], { name: 'x', type: nodes[source].type }))
  const follows = (id: NodeId): NodeId | null => {
    const next = soleReaders.get(id)
    if (next === undefined) return null
    const { tag, operands } = nodes[next]
    const own = operands.every(operand => operand === id || !isPerExample(nodes[operand].type))
    return own && (tag === 'Unary' || tag === 'Binary') ? next : null
  }
  const ends = group.map(id => {
    let end = id
    for (let next = follows(end); next !== null; next = follows(end)) end = next
    return copy(end)
  })
  return d.finish(ends.map((node, k) => ({ name: `y${k}`, node })))
}

/** For each node that has one reader, that reader. */
const soleReadersOf = (graph: Graph): ReadonlyMap<NodeId, NodeId> => {
  const uses = useCounts(graph)
  return new Map(
    graph.nodes.flatMap(({ operands }, id) =>
      operands.flatMap(operand => (uses[operand] === 1 ? [[operand, id] as const] : [])),
    ),
  )
}

const mergings: readonly Merging[] = ['apart', 'joined', 'split']

/** Merge only if the predicted time falls by 2 %: cost models are no more accurate, and merging reorders sums and may store filters twice. */
export const worthwhile = 0.98

/** The option of the least cost; the first unless another is {@link worthwhile}. */
const cheapest = <A>(options: readonly A[], costOf: (option: A) => number): A => {
  const costs = options.map(costOf)
  const least = Math.min(...costs)
  return least < worthwhile * costs[0] ? options[costs.indexOf(least)] : options[0]
}

/** For each group on its own, the merging that is predicted to be the cheapest. */
const groupwise = (graph: Graph, predict: Predict): MergingOf => {
  const soleReaders = soleReadersOf(graph)
  const known = new Map<NodeId, Merging>()
  const chosen = (group: ConvolutionGroup): Merging => {
    const alone = groupAlone(graph, group, soleReaders)
    return cheapest(mergings, merging => predict(mergeConvolutionsIn(alone, () => merging).graph))
  }
  return (_, group) => {
    const merging = known.get(group[0]) ?? chosen(group)
    known.set(group[0], merging)
    return merging
  }
}

/** Whether the graph is predicted to be cheaper with its variants stacked: what it computes and stores is the same. */
const stackingPays = (graph: Graph, predict: Predict): boolean => predict(stackVariantsIn(graph).graph) < predict(graph)

/** The cost of a graph after {@link stackWherePaid}. */
const settledCost = (graph: Graph, predict: Predict): number =>
  Math.min(predict(graph), predict(stackVariantsIn(graph).graph))

/** The cheapest of four: all groups `apart`, all `joined`, all `split`, or each as is cheapest for it alone. */
const cheapestMerging = (graph: Graph, predict: Predict): MergingOf => {
  const apart: MergingOf = () => 'apart'
  if (convolutionGroups(graph).length === 0) return apart
  const all: readonly MergingOf[] = [...mergings.slice(1).map(merging => () => merging), groupwise(graph, predict)]
  const options = all
    .map(mergingOf => ({ mergingOf, merged: mergeConvolutionsIn(graph, mergingOf).graph }))
    .filter(({ merged }) => merged !== graph)
  return cheapest([{ mergingOf: apart, merged: graph }, ...options], ({ merged }) => settledCost(merged, predict))
    .mergingOf
}

/** The cost of a graph after {@link mergeWherePaid} and {@link stackWherePaid}. */
const mergedCost = (graph: Graph, predict: Predict): number =>
  settledCost(mergeConvolutionsIn(graph, cheapestMerging(graph, predict)).graph, predict)

const settling = [dropSymmetricActs, sharePrefix, mergeVariants]

/** Sinks transforms only if the predicted cost after the passes that follow does not rise. */
export const sinkWherePaid = (predict: Predict): Pass<'inference'> => {
  const settled = (program: Program) => E.map(({ program: { graph } }: Compiled) => graph)(runPasses(settling, program))
  const pays = (sunk: Graph, unsunk: Graph): boolean => {
    const most = predict(unsunk)
    return settledCost(sunk, predict) <= most || mergedCost(sunk, predict) <= most
  }
  return {
    name: sinkTransforms.name,
    mode: 'inference',
    run: (program, admit = admitAll) =>
      F.pipe(
        E.Do,
        E.bind('sunk', () => sinkTransforms.run(program)),
        E.bind('after', ({ sunk }) => settled(sunk.program)),
        E.bind('before', () => settled(program)),
        E.flatMap(({ sunk, after, before }): ReturnType<Pass['run']> => {
          if (!pays(after, before)) return E.right({ program, rewrites: {} })
          return admit === admitAll ? E.right(sunk) : sinkTransforms.run(program, admit)
        }),
      ),
  }
}

/** Merges convolutions of one map where that, with or without {@link stackWherePaid} after it, is predicted to be the cheapest. */
export const mergeWherePaid = (predict: Predict): Pass<'inference'> =>
  graphPass('merge-convolutions', (source, admit) => {
    const { graph } = shareEqualNodes(source)
    return mergeConvolutionsIn(source, cheapestMerging(graph, predict), admit)
  })

/** Stacks variants where that is predicted to be cheaper. */
export const stackWherePaid = (predict: Predict): Pass<'inference'> =>
  graphPass('stack-variants', (graph, admit) =>
    stackingPays(graph, predict) ? stackVariantsIn(graph, admit) : { graph, rewrites: {} },
  )

/** The schedule that passes made, in words: `apart`, `joined`, `joined+split+stacked`. */
export const scheduleOf = (reports: readonly PassReport[]): string => {
  const fired = (rule: string): boolean => reports.some(({ rewrites }) => (rewrites[rule] ?? 0) > 0)
  const parts = [
    ...(fired('join-outputs') ? ['joined'] : []),
    ...(fired('split-even-odd') ? ['split'] : []),
    ...(fired('stack-values') ? ['stacked'] : []),
  ]
  return parts.length === 0 ? 'apart' : parts.join('+')
}
