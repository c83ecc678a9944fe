import fc from 'fast-check'
import { certaintyMeasures, type Graph, type NodeId, print, reductions, sameType, variantsOf } from '../../ir/index.ts'
import { type Block, blocks, transformed } from './blocks.ts'
import { arbitraryChoices, chooser } from './choose.ts'
import { drawHead } from './heads.ts'
import { type Arithmetic, drawMap } from './ops.ts'
import { type Site, site } from './site.ts'
import { drawTransforms } from './transforms.ts'

export interface GraphOptions {
  /** `exact`: only ops under which integers stay exact, for laws that are tested bit by bit. */
  readonly arithmetic?: Arithmetic
  /** How many blocks there are at most between the image and the head. */
  readonly blocks?: number
}

/** Blocks stop here; the last one and the head add at most some thirty nodes more. */
const roomForBlocks = 40
const mostVariants = 8

/** The numbers behind a graph: one list for each block, so that what shrinks first is the number of blocks. */
interface Recipe {
  readonly image: readonly number[]
  readonly blocks: readonly (readonly number[])[]
  readonly head: readonly number[]
}

const arbitraryRecipe = (most: number): fc.Arbitrary<Recipe> =>
  fc.record({
    image: arbitraryChoices(4),
    blocks: fc.noBias(fc.array(arbitraryChoices(48), { minLength: 1, maxLength: most, size: 'max' })),
    head: arbitraryChoices(24),
  })

type WeightedBlocks = readonly (readonly [weight: number, block: Block])[]

/** The trunk: an image and what blocks make of it. */
const grow = (s: Site, recipe: Recipe, options: WeightedBlocks): NodeId => {
  let x = s.b.input('image', drawMap(chooser(recipe.image)))
  s.trunk.push(x)
  for (const choices of recipe.blocks) {
    if (s.b.draft.nodes.length > roomForBlocks) break
    const choose = chooser(choices)
    x = choose.weighted(options)(s, choose, x)
    s.trunk.push(x)
  }
  return x
}

/** Shows a graph in its text form where fast-check reports it. */
const readable = (graph: Graph): Graph => Object.defineProperty(graph, fc.toStringMethod, { value: () => print(graph) })

const graphs = ({ blocks: most = 9 }: GraphOptions, build: (recipe: Recipe) => Graph): fc.Arbitrary<Graph> =>
  arbitraryRecipe(most).map(recipe => readable(build(recipe)))

/** Logits of one head, or now and then of two heads of their own weights, which the network itself averages or puts side by side. */
const answer = (s: Site, head: readonly number[], x: NodeId): NodeId => {
  const choose = chooser(head)
  const logits = drawHead(s, choose, x)
  if (!choose.oneIn(5)) return logits
  const other = drawHead(s, chooser(head), x)
  const reduction = s.arithmetic === 'exact' ? 'geo' : choose.pick(reductions)
  return choose.oneIn(4)
    ? s.b.concat([logits, other])
    : s.b.combine(
        [logits, other],
        reduction,
        choose.pick([
          [1, 1],
          [3, 1],
        ]),
      )
}

/** A classifier: a flat graph without transforms from one input `image` to one output `logits`, cuts between its blocks. */
export const arbitraryNetwork = (options: GraphOptions = {}): fc.Arbitrary<Graph> =>
  graphs(options, recipe => {
    const s = site('flat', options.arithmetic ?? 'any')
    return s.b.finish({ logits: answer(s, recipe.head, grow(s, recipe, blocks)) })
  })

/** One output of numbers of each pixel, `map`, and one vector, `scores`, of a trunk without global pooling: what networks of all kinds end in. */
export const arbitraryNetworkOfKinds = (options: GraphOptions = {}): fc.Arbitrary<Graph> =>
  graphs(options, recipe => {
    const s = site('flat', options.arithmetic ?? 'any')
    const map = grow(s, recipe, blocks)
    return s.b.finish({ map, scores: drawHead(s, chooser(recipe.head), map) })
  })

const withTransforms: WeightedBlocks = [...blocks, [28, transformed]]

/** A flat graph with acts, shifts, rotations and scales among its maps, several outputs, now and then `Combine` and nodes that nothing reads. */
export const arbitraryFlatGraph = (options: GraphOptions = {}): fc.Arbitrary<Graph> =>
  graphs({ blocks: 14, ...options }, recipe => {
    const s = site('flat', options.arithmetic ?? 'any')
    const last = grow(s, recipe, withTransforms)
    const choose = chooser(recipe.head)
    const logits = drawHead(s, choose, last)
    const answer = choose.oneIn(3)
      ? s.b.combine(
          choose.oneIn(2) ? [logits, logits] : [logits, s.b.unary('negate', logits), logits],
          choose.pick(reductions),
        )
      : logits
    if (choose.oneIn(4)) drawHead(s, choose, choose.pick(s.trunk))
    const seen: Readonly<Record<string, NodeId>> = choose.oneIn(2) ? { features: choose.pick(s.trunk) } : {}
    return s.b.finish({ logits: answer, ...(choose.oneIn(3) ? { last } : {}), ...seen })
  })

/** A branch at the trunk, as wide as the variants that there are already allow. */
const branch: Block = (s, choose, x) => {
  const room = Math.floor(mostVariants / variantsOf(s.b.draft.nodes[x]))
  if (room < 2) return x
  const { h, w } = s.mapOf(x)
  const branches = s.b.draft.nodes.filter(node => node.tag === 'Branch').length
  return s.b.branch(x, `b${branches}`, drawTransforms(choose, [h, w], Math.min(room, 4), s.arithmetic === 'exact'))
}

/** A branch that meets the map it came from: an axis that one operand lacks is broadcast to it. */
const rejoin: Block = (s, choose, x) => {
  const branched = branch(s, choose, x)
  if (!sameType(s.typeOf(branched), s.typeOf(x))) return branched
  return choose.oneIn(2) ? s.b.add(branched, x) : s.b.binary('maximum', x, branched)
}

const withBranches: WeightedBlocks = [...blocks, [24, branch], [8, rejoin]]

/** A branched graph: at least one branch, at most eight variants, reduced at the end to `logits`. */
export const arbitraryBranchedGraph = (options: GraphOptions = {}): fc.Arbitrary<Graph> =>
  graphs({ blocks: 12, ...options }, recipe => {
    const s = site('branched', options.arithmetic ?? 'any')
    const grown = grow(s, recipe, withBranches)
    const choose = chooser(recipe.head)
    const last = variantsOf(s.b.draft.nodes[grown]) > 1 ? grown : branch(s, choose, grown)
    return s.b.finish({ logits: s.b.reduce(drawHead(s, choose, last), choose.pick(reductions)) })
  })

/** Thresholds: some that many images pass, both ends, and where nobody or everybody goes on. */
export const thresholds = [0.5, 0, 1, 0.1, 0.9, 0.02, 0.7] as const

/**
 * A flat graph of one to three stages: heads at any maps of the trunk, each answer but the last chosen by its own certainty or, now and then, that of another.
 * A second output is chosen alike or, now and then, by a threshold of its own, where the graph cannot be cut.
 */
export const arbitraryStagedGraph = (options: GraphOptions = {}): fc.Arbitrary<Graph> =>
  graphs({ blocks: 8, ...options }, recipe => {
    const s = site('flat', options.arithmetic ?? 'any')
    grow(s, recipe, withTransforms)
    const choose = chooser([...recipe.head, ...recipe.blocks.flat()])
    const stages = choose.pick([2, 3, 3, 1])
    const [two, alike, classes] = [choose.oneIn(3), !choose.oneIn(6), choose.pick([3, 2, 1, 4])]
    const gates = Array.from({ length: stages - 1 }, () => ({
      measure: choose.pick(certaintyMeasures),
      below: choose.pick([...thresholds, -0.5, 1.5]),
      of: choose.oneIn(6) ? choose.below(stages) : undefined,
    }))
    const answers = Array.from({ length: stages }, () => drawHead(s, choose, choose.pick(s.trunk), classes))
    const chosenOf = (of: (answer: NodeId) => NodeId, closer: number): NodeId =>
      gates.reduceRight(
        (deeper, gate, k) =>
          s.b.select(s.b.certainty(answers[gate.of ?? k], gate.measure), gate.below - closer, of(answers[k]), deeper),
        of(answers[stages - 1]),
      )
    const logits = chosenOf(x => x, 0)
    return s.b.finish(two ? { logits, scores: chosenOf(x => s.b.unary('negate', x), alike ? 0 : 0.25) } : { logits })
  })
