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
  type Transform,
} from '../ir/index.ts'
import { type BranchPlace, branchPlaces } from './branch-places.ts'
import { multiplyAdds } from './cost.ts'
import { noSuchPlace, type PlacementProblem } from './find-places.ts'
import { type PassProblem, type Program, runPasses } from './pass.ts'
import { optimizations } from './pipeline.ts'
import { comparePlaces, type PlaceNumber } from './plan.ts'
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

/** What is alive at a place: what each value of the network is in one variant. */
type Alive = ReadonlyMap<NodeId, NodeId>

/** The values of the network as it is, and how to go from those at one place to the same at the next. */
interface Segments {
  readonly draft: Draft
  readonly places: readonly BranchPlace[]
  /** The values at a place that nothing changed. */
  readonly plain: (place: number) => Alive
  /** What the network makes of the values at a place, at the next; after the last, its logits. */
  readonly onward: (place: number, values: Alive) => Alive
}

/** The per-example nodes that values depend on, down to others. */
const between = (graph: Graph, from: readonly NodeId[], to: readonly NodeId[]): readonly NodeId[] => {
  const needed = new Set(to)
  const order: NodeId[] = []
  for (let id = Math.max(...to); id > Math.min(...from); id--) {
    if (!needed.has(id) || from.includes(id)) continue
    order.push(id)
    for (const operand of graph.nodes[id].operands) if (isPerExample(graph.nodes[operand].type)) needed.add(operand)
  }
  return order.reverse()
}

const segmentsOf = (graph: Graph, places: readonly BranchPlace[]): Segments => {
  const d = draft('flat')
  for (const node of graph.nodes) addLike(d, node, node.operands)
  const ends = [...places.map(({ values, still }) => [...values, ...still]), [graph.outputs[0].node]]
  const plain = ends.map((values): Alive => new Map(values.map(id => [id, id])))
  const segments = ends.slice(1).map((end, place) => between(graph, ends[place], end))
  return {
    draft: d,
    places,
    plain: place => plain[place],
    onward: (place, values) => {
      if ([...values].every(([id, value]) => id === value)) return plain[place + 1]
      const copies = new Map(values)
      for (const id of segments[place]) {
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
      return new Map(ends[place + 1].map(id => [id, copies.get(id) as NodeId]))
    },
  }
}

/** Takes all variants from the image to their logits, together as long as they are one: as many nodes as the result has. */
const unrollFrom = (
  { draft: d, places, plain, onward }: Segments,
  logits: NodeId,
  variants: readonly Variant[],
): readonly Output[] => {
  const outputs: Output[] = []
  const go = (from: number, at: Alive, pending: readonly PendingVariant[]): void => {
    let alive = at
    let together = pending
    for (let place = from; place < places.length && together.length > 0; place++) {
      const { values, ...here } = places[place]
      const leaves = ({ variant, done }: PendingVariant): boolean =>
        done < variant.length && comparePlaces(variant[done], here) === 0
      for (const [transform, group] of byTransform(together.filter(leaves)))
        go(
          place,
          new Map([...alive].map(([id, x]) => [id, values.includes(id) ? applyTransform(d, transform, x) : x])),
          group.map(one => ({ ...one, done: one.done + 1 })),
        )
      together = together.filter(one => !leaves(one))
      if (together.length > 0) alive = onward(place, alive)
    }
    outputs.push(...together.map(({ key }) => ({ name: key, node: alive.get(logits) as NodeId })))
  }
  go(
    0,
    plain(0),
    variants.map(variant => ({ variant, key: variantKey(variant), done: 0 })),
  )
  return outputs
}

/** The places that variants go through: all feature maps, and the cuts at which some step is. */
const placesOf = (
  { name, graph }: NamedProgram,
  variants: readonly Variant[],
): E.Either<readonly VariantProblem[], readonly BranchPlace[]> => {
  const all = branchPlaces(graph)
  const has = (places: readonly PlaceNumber[], step: PlaceNumber): boolean =>
    places.some(place => comparePlaces(place, step) === 0)
  const wrong = variants.flatMap(variant => variant.filter(step => !has(all, step)).map(step => ({ variant, step })))
  return wrong.length === 0
    ? E.right(all.filter(place => place.cut === undefined || variants.some(variant => has(variant, place))))
    : E.left(wrong.map(({ variant, step }) => noSuchPlace(`variant ${variantKey(variant)} of ${name}`, step, all)))
}

/** The graph of all variants before anything but their prefixes is shared: an output for each, under its key. */
export const unrollShared = (
  network: NamedProgram,
  variants: readonly Variant[],
): E.Either<readonly VariantProblem[], Graph> => {
  const canonical = variants.map(canonicalVariant)
  const places = placesOf(network, canonical)
  if (E.isLeft(places)) return places
  try {
    const segments = segmentsOf(network.graph, places.right)
    return E.right(segments.draft.finish(unrollFrom(segments, network.graph.outputs[0].node, canonical)))
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
