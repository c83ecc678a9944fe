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
} from '../ir/index.ts'
import { multiplyAdds } from './cost.ts'
import { featureMaps } from './feature-maps.ts'
import { type PassProblem, type Program, runPasses } from './pass.ts'
import { optimizations } from './pipeline.ts'
import type { PlacementProblem } from './place-plan.ts'
import { canonicalVariant, type Variant, variantKey } from './variant.ts'

/** One flat graph that computes the logits of many variants, with what they have in common computed once. */
export interface VariantProgram extends Program {
  /** The output that has a variant's logits, by its key; equal variants have one. */
  readonly outputs: ReadonlyMap<string, string>
  /** Of one image; `relative` to one forward of the network. */
  readonly multiplyAdds: { readonly total: number; readonly relative: number }
}

/** Problems of variants on a network. */
export type VariantProblem = PassProblem | PlacementProblem

/** A network, by what it computes. */
interface NamedProgram extends Program {
  readonly name: string
}

/** A variant on its way through the network, with the number of steps that it has behind it. */
interface PendingVariant {
  readonly variant: Variant
  readonly key: string
  readonly done: number
}

/** Variants by the transform that is their next step. */
const byTransform = (
  pending: readonly PendingVariant[],
): readonly (readonly [Transform, readonly PendingVariant[]])[] => {
  const groups = new Map<string, [Transform, PendingVariant[]]>()
  for (const one of pending) {
    const { transform } = one.variant[one.done]
    const key = printTransform(transform)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [transform, [one]])
    else group[1].push(one)
  }
  return [...groups.values()]
}

/** The values of the network as it is, and how to go from a value at one feature map to the same at the next. */
interface Segments {
  readonly draft: Draft
  /** The value at a feature map that nothing changed. */
  readonly plain: (map: number) => NodeId
  /** What the network makes of a value at a map, at the next; after the last, its logits. */
  readonly onward: (map: number, value: NodeId) => NodeId
}

const segmentsOf = (graph: Graph): Segments => {
  const d = draft('flat')
  const original = graph.nodes.map((_, id) => id)
  for (const node of graph.nodes) addLike(d, node, node.operands)
  const ends = [...featureMaps(graph).map(({ node }) => node), graph.outputs[0].node]
  /** The per-example nodes from one map to the next: nothing else of the network lies between. */
  const segments = ends
    .slice(1)
    .map((end, map) => original.slice(ends[map] + 1, end + 1).filter(id => isPerExample(graph.nodes[id].type)))
  return {
    draft: d,
    plain: map => ends[map],
    onward: (map, value) => {
      if (value === ends[map]) return ends[map + 1]
      const copies = new Map<NodeId, NodeId>([[ends[map], value]])
      for (const id of segments[map]) {
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
const unrollFrom = (
  { draft: d, plain, onward }: Segments,
  maps: number,
  variants: readonly Variant[],
): readonly Output[] => {
  const outputs: Output[] = []
  const go = (from: number, at: NodeId, pending: readonly PendingVariant[]): void => {
    let value = at
    let together = pending
    for (let map = from; map < maps && together.length > 0; map++) {
      const leaves = ({ variant, done }: PendingVariant): boolean => variant[done]?.map === map
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
  { name, graph }: NamedProgram,
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
export const unrollShared = (
  network: NamedProgram,
  variants: readonly Variant[],
): E.Either<readonly VariantProblem[], Graph> => {
  const canonical = variants.map(canonicalVariant)
  const maps = checked(network, canonical)
  if (E.isLeft(maps)) return maps
  try {
    const segments = segmentsOf(network.graph)
    return E.right(segments.draft.finish(unrollFrom(segments, maps.right, canonical)))
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

/** Some of the variants of a graph that {@link unrollShared} made, ready to run. */
export const compileVariants = (
  network: NamedProgram,
  unrolled: Graph,
  variants: readonly Variant[],
): E.Either<readonly PassProblem[], VariantProgram> => {
  const keys = new Set(variants.map(variantKey))
  const graph = { ...unrolled, outputs: unrolled.outputs.filter(({ name }) => keys.has(name)) }
  return E.map(({ program }: { readonly program: Program }): VariantProgram => {
    const total = multiplyAdds(program.graph)
    return {
      ...withoutTwins(program.graph),
      parameters: program.parameters,
      multiplyAdds: { total, relative: total / multiplyAdds(network.graph) },
    }
  })(runPasses(optimizations('apart'), { graph, parameters: network.parameters }))
}

/**
 * One graph over one input and one set of weights with the logits of every variant, ready to run. All positions of a
 * transform together cost about half a network each. Left: a map that the network does not have, or a quarter turn of a map
 * that is not square.
 */
export const variantProgram = (
  network: NamedProgram,
  variants: readonly Variant[],
): E.Either<readonly VariantProblem[], VariantProgram> =>
  E.flatMap((unrolled: Graph) => compileVariants(network, unrolled, variants))(unrollShared(network, variants))
