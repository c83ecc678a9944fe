import {
  type Draft,
  type Graph,
  type Node,
  type NodeId,
  type Pair,
  shapeOf,
  type ValueReduction,
  type VariantReduction,
  variantCoordinates,
  variantsOf,
} from '../ir/index.ts'
import { dataMask } from './data-masks.ts'
import { factsOfKind, type OutputKindFacts } from './output-kinds.ts'
import type { PlacedOutput, PlacedPlan, PlacedSite } from './placed-plan.ts'
import { comparePlaces, type PlanReduction } from './plan.ts'
import { undone } from './spell-reduction.ts'
import { pairwise, unary } from './spell-statistics.ts'

/** A branch as it was drawn: its site, and the axis of its variants. */
export interface DrawnSite extends PlacedSite {
  readonly axis: string
}

/** The variants of an output, and beside each where it has data: none where all have it everywhere. */
interface OutputVariants {
  readonly node: NodeId
  readonly masks: readonly NodeId[]
}

/** Ones and zeros, row-major: what shifts and scales leave is a product of rows and columns, few numbers for many pixels. */
const maskNode = (d: Draft, mask: readonly number[], [h, w]: Pair): NodeId => {
  const constant = (shape: readonly number[], values: readonly number[]) => d.add('Constant', [], { shape, values })
  const rows = new Array<number>(h).fill(0)
  const columns = new Array<number>(w).fill(0)
  mask.forEach((value, at) => {
    rows[Math.floor(at / w)] ||= value
    columns[at % w] ||= value
  })
  return mask.every((value, at) => value === rows[Math.floor(at / w)] * columns[at % w])
    ? pairwise(d, 'multiply', constant([h, 1, 1], rows), constant([1, w, 1], columns))
    : constant([h, w, 1], mask)
}

/** The mask of each variant that some sites made, which are undone on it. */
const masksOf = (d: Draft, x: NodeId, sites: readonly DrawnSite[]): readonly NodeId[] => {
  const node = d.nodes[x]
  const [h, w] = shapeOf(node.type)
  const masks = Array.from({ length: variantsOf(node) }, (_, at) => {
    const coordinates = variantCoordinates(at, node.variants)
    return dataMask(
      sites.map(({ transforms, axis }) => transforms[coordinates.get(axis) ?? 0]),
      [h, w],
    )
  })
  if (masks.every(mask => mask === null)) return []
  return masks.map(mask =>
    mask === null ? d.add('Constant', [], { shape: [1, 1, 1], values: [1] }) : maskNode(d, mask, [h, w]),
  )
}

/** A map as it would be had no site moved anything: the last site is undone first. */
const still = (d: Draft, x: NodeId, sites: readonly DrawnSite[], pairs: PlacedOutput['pairs'] = []): OutputVariants => {
  const own = sites
    .filter(({ transforms, axis }) => transforms.length === 1 || d.nodes[x].variants.some(({ name }) => name === axis))
    .toSorted(comparePlaces)
  const node = own.reduceRight(
    (value, { axis, transforms }) =>
      transforms.length === 1
        ? undone(d, transforms[0], pairs, value)
        : d.add('Undo', [value], { axis, transforms, pairs }),
    x,
  )
  return { node, masks: masksOf(d, node, own) }
}

const reduceBy = (d: Draft, { node, masks }: OutputVariants, reduction: VariantReduction): NodeId =>
  d.nodes[node].variants.length === 0 ? node : d.add('Reduce', [node, ...masks], { reduction })

type Probabilities = OutputKindFacts['probabilities']

/** The scores that a node makes probabilities of, where it does. */
const scoresBefore = (node: Node, probabilities: Probabilities): NodeId | undefined => {
  const ends =
    probabilities === 'softmax'
      ? node.tag === 'Softmax' && !node.attributes.log
      : node.tag === 'Unary' && node.attributes.fn === 'sigmoid'
  return ends ? node.operands[0] : undefined
}

/** The scores that probabilities at a node come from. */
const scoresOf = (d: Draft, id: NodeId, probabilities: Probabilities): NodeId => {
  const before = scoresBefore(d.nodes[id], probabilities)
  if (before !== undefined) return before
  return probabilities === 'softmax'
    ? unary(d, 'log', id)
    : pairwise(d, 'subtract', unary(d, 'log', id), unary(d, 'log', unary(d, 'affine', id, -1, 1)))
}

const ofValues = (d: Draft, variants: OutputVariants, reduction: PlanReduction): NodeId => {
  const named: ValueReduction = `${reduction === 'geo' ? 'mean' : reduction}-of-values`
  return reduceBy(d, variants, named)
}

/** Of classes that exclude each other, in the domain of their probabilities. */
const classes = (d: Draft, scores: OutputVariants, reduction: PlanReduction, gives: PlacedOutput['gives']): NodeId => {
  const name = reduction === 'max' || reduction === 'geo' ? reduction : 'sum'
  const reduced = reduceBy(d, scores, name)
  return gives === 'probabilities' ? d.add('Softmax', [reduced], { log: false }) : reduced
}

/** Of labels, each in the domain of `p` and `1 − p`: what holds is reduced, what does not is, and the two are normalized. */
const labels = (d: Draft, scores: OutputVariants, reduction: PlanReduction, gives: PlacedOutput['gives']): NodeId => {
  if (reduction === 'geo') {
    const mean = ofValues(d, scores, 'mean')
    return gives === 'probabilities' ? unary(d, 'sigmoid', mean) : mean
  }
  const statistic = reduction === 'sum' ? 'mean' : reduction
  const probabilities = (x: NodeId): NodeId =>
    ofValues(d, { node: unary(d, 'sigmoid', x), masks: scores.masks }, statistic)
  const holds = probabilities(scores.node)
  if (gives === 'probabilities' && statistic === 'mean') return holds
  const not = probabilities(unary(d, 'negate', scores.node))
  return gives === 'probabilities'
    ? pairwise(d, 'divide', holds, pairwise(d, 'add', holds, not))
    : pairwise(d, 'subtract', unary(d, 'log', holds), unary(d, 'log', not))
}

/** Below it a sum of squares is none: a direction of no length stays 0. */
const noLength = 1e-24

/** A vector of unit length in the same direction. */
export const unitLength = (d: Draft, x: NodeId): NodeId => {
  const [length] = shapeOf(d.nodes[x].type)
  const mean = d.add('ChannelPool', [unary(d, 'square', x)], { reduction: 'mean' })
  const sum = unary(d, 'affine', mean, length)
  return pairwise(d, 'multiply', x, unary(d, 'rsqrt', sum, noLength))
}

/**
 * An output with its variants reduced, by its kind: what moves with the image is undone before, and counts where it has data. Sites are as the output sees
 * them, in its own pixels.
 */
export const reducedOutput = (
  d: Draft,
  id: NodeId,
  { kind, gives, pairs, reduction }: PlacedOutput,
  sites: readonly DrawnSite[],
): NodeId => {
  if (sites.length === 0) return id
  const { type, probabilities } = factsOfKind(kind)
  const moved = (x: NodeId): OutputVariants => (type === 'Map' ? still(d, x, sites, pairs) : { node: x, masks: [] })
  if (reduction === null || d.nodes[id].variants.length === 0) return moved(id).node
  if (probabilities !== undefined) {
    const scores = moved(gives === 'probabilities' ? scoresOf(d, id, probabilities) : id)
    return (probabilities === 'softmax' ? classes : labels)(d, scores, reduction, gives)
  }
  const reduced = ofValues(d, moved(id), reduction)
  return kind === 'embedding' ? unitLength(d, reduced) : reduced
}

/** An output's scores, where it gives probabilities; else the output itself. */
export const scoresOfOutput = (d: Draft, id: NodeId, { kind, gives }: Pick<PlacedOutput, 'kind' | 'gives'>): NodeId =>
  gives === 'probabilities' ? scoresOf(d, id, factsOfKind(kind).probabilities) : id

/** A network without the softmaxes and sigmoids that end it, and the plan on it. */
export const endingInScores = (
  network: Graph,
  plan: PlacedPlan,
): { readonly network: Graph; readonly plan: PlacedPlan } => {
  const ends = network.outputs.map((output, k) => {
    const { gives, kind } = plan.outputs[k]
    const before =
      gives === 'probabilities' ? scoresBefore(network.nodes[output.node], factsOfKind(kind).probabilities) : undefined
    return before === undefined
      ? { output, placed: plan.outputs[k] }
      : { output: { ...output, node: before }, placed: { ...plan.outputs[k], gives: 'scores' as const } }
  })
  return {
    network: { ...network, outputs: ends.map(({ output }) => output) },
    plan: { ...plan, outputs: ends.map(({ placed }) => placed) },
  }
}
