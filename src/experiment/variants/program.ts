import { either as E } from 'fp-ts'
import {
  addLike,
  applyTransform,
  type Draft,
  draft,
  EspalierError,
  type Graph,
  isPerExample,
  type NodeId,
  type Output,
  printTransform,
  problem,
  type Transform,
} from '../../../ir/index.ts'
import {
  featureMaps,
  multiplyAdds,
  optimizations,
  type PassProblem,
  type PlacementProblem,
  type Program,
  runPasses,
} from '../../../passes/index.ts'
import type { Network } from '../../network/network.ts'
import { canonicalVariant, type Variant, variantKey } from './variant.ts'

/** One flat graph that computes the logits of many variants, with what they have in common computed once. */
export interface VariantProgram extends Program {
  /** The output that has a variant's logits, by its key; equal variants have one. */
  readonly outputs: ReadonlyMap<string, string>
  /** Of one image; `relative` to one forward of the network. */
  readonly multiplyAdds: { readonly total: number; readonly relative: number }
}

export type VariantProblem = PassProblem | PlacementProblem

/** Variants that are one up to some map, with the number of steps that each has behind it. */
interface Traveller {
  readonly variant: Variant
  readonly key: string
  readonly done: number
}

/** Travellers by the transform that is their next step. */
const byTransform = (travellers: readonly Traveller[]): readonly (readonly [Transform, readonly Traveller[]])[] => {
  const groups = new Map<string, [Transform, Traveller[]]>()
  for (const traveller of travellers) {
    const { transform } = traveller.variant[traveller.done]
    const key = printTransform(transform)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [transform, [traveller]])
    else group[1].push(traveller)
  }
  return [...groups.values()]
}

/** The values of the network as it is, and how to go from a value at one feature map to the same at the next. */
interface Road {
  readonly draft: Draft
  /** The value at a feature map that nothing changed. */
  readonly plain: (map: number) => NodeId
  /** What the network makes of a value at a map, at the next; after the last, its logits. */
  readonly onward: (map: number, value: NodeId) => NodeId
}

const roadOf = (graph: Graph): Road => {
  const d = draft('flat')
  const original = graph.nodes.map((_, id) => id)
  for (const node of graph.nodes) addLike(d, node, node.operands)
  const ends = [...featureMaps(graph).map(({ node }) => node), graph.outputs[0].node]
  /** The per-example nodes from one map to the next: nothing else of the network lies between. */
  const stretches = ends
    .slice(1)
    .map((end, map) => original.slice(ends[map] + 1, end + 1).filter(id => isPerExample(graph.nodes[id].type)))
  return {
    draft: d,
    plain: map => ends[map],
    onward: (map, value) => {
      if (value === ends[map]) return ends[map + 1]
      const copies = new Map<NodeId, NodeId>([[ends[map], value]])
      for (const id of stretches[map]) {
        const node = graph.nodes[id]
        copies.set(
          id,
          addLike(
            d,
            node,
            node.operands.map(operand => copies.get(operand) ?? operand),
          ),
        )
      }
      return copies.get(ends[map + 1]) as NodeId
    },
  }
}

/** Takes all variants from the image to their logits, together as long as they are one: as many nodes as the result has. */
const travel = ({ draft: d, plain, onward }: Road, maps: number, variants: readonly Variant[]): readonly Output[] => {
  const outputs: Output[] = []
  const go = (from: number, at: NodeId, travellers: readonly Traveller[]): void => {
    let value = at
    let together = travellers
    for (let map = from; map < maps && together.length > 0; map++) {
      const leaves = ({ variant, done }: Traveller): boolean => variant[done]?.map === map
      for (const [transform, group] of byTransform(together.filter(leaves)))
        go(
          map,
          applyTransform(d, transform, value),
          group.map(one => ({ ...one, done: one.done + 1 })),
        )
      together = together.filter(one => !leaves(one))
      if (together.length > 0) value = onward(map, value)
    }
    outputs.push(...together.map(({ key }) => ({ name: key, node: value })))
  }
  go(
    0,
    plain(0),
    variants.map(variant => ({ variant, key: variantKey(variant), done: 0 })),
  )
  return outputs
}

const checked = (
  { name, graph }: Network,
  variants: readonly Variant[],
): E.Either<readonly VariantProblem[], number> => {
  const maps = featureMaps(graph).length
  const wrong = variants.flatMap(variant =>
    variant.filter(({ map }) => map < 0 || map >= maps).map(({ map }) => ({ variant, map })),
  )
  return wrong.length === 0
    ? E.right(maps)
    : E.left(
        wrong.map(({ variant, map }) =>
          problem(
            'no-such-map',
            `variant ${variantKey(variant)} of ${name}`,
            `feature map ${map}`,
            maps === 0 ? 'a network with feature maps' : `a map of this network: 0 to ${maps - 1}`,
          ),
        ),
      )
}

/** The graph of all variants before anything but their prefixes is shared: an output for each, under its key. */
export const joinedVariants = (
  network: Network,
  variants: readonly Variant[],
): E.Either<readonly VariantProblem[], Graph> => {
  const canonical = variants.map(canonicalVariant)
  const maps = checked(network, canonical)
  if (E.isLeft(maps)) return maps
  try {
    const road = roadOf(network.graph)
    return E.right(road.draft.finish(travel(road, maps.right, canonical)))
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error
    return E.left(error.problems.map(p => ({ ...p, hint: 'quarter turns need square feature maps' }) as PassProblem))
  }
}

/** Outputs of one node are one: what runs the graph need not return the same numbers twice. */
const withoutTwins = (graph: Graph): Pick<VariantProgram, 'graph' | 'outputs'> => {
  const names = new Map<NodeId, string>()
  for (const { node } of graph.outputs) if (!names.has(node)) names.set(node, `variant${names.size}`)
  return {
    graph: { ...graph, outputs: [...names].map(([node, name]) => ({ name, node })) },
    outputs: new Map(graph.outputs.map(({ name, node }) => [name, names.get(node) as string])),
  }
}

/**
 * One graph over one input and one set of weights with the logits of every variant, ready to run. All positions of a
 * transform together cost about half a network each. Left: a map that the network does not have, or a quarter turn of a map
 * that is not square.
 */
export const variantProgram = (
  network: Network,
  variants: readonly Variant[],
): E.Either<readonly VariantProblem[], VariantProgram> => {
  const joined = joinedVariants(network, variants)
  if (E.isLeft(joined)) return joined
  const compiled = runPasses(optimizations('apart'), { graph: joined.right, parameters: network.parameters })
  if (E.isLeft(compiled)) return compiled
  const { graph, parameters } = compiled.right.program
  const total = multiplyAdds(graph)
  return E.right({
    ...withoutTwins(graph),
    parameters,
    multiplyAdds: { total, relative: total / multiplyAdds(network.graph) },
  })
}
