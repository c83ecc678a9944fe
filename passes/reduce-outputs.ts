import { type Draft, type NodeId, shapeOf, type ValueReduction } from '../ir/index.ts'
import { factsOfKind } from './output-kinds.ts'
import type { PlacedOutput, PlacedSite } from './placed-plan.ts'
import { comparePlaces, type PlanReduction } from './plan.ts'
import { undone } from './spell-reduction.ts'

/** A branch as it was drawn: its site, and the axis of its variants. */
export interface DrawnSite extends PlacedSite {
  readonly axis: string
}

type UnaryName = 'affine' | 'exp' | 'log' | 'negate' | 'reciprocal' | 'rsqrt' | 'sigmoid' | 'square'

const unary = (d: Draft, fn: UnaryName, x: NodeId, alpha = 0, beta = 0): NodeId =>
  d.add('Unary', [x], { fn, alpha, beta })

const binary = (d: Draft, fn: 'add' | 'divide' | 'multiply' | 'subtract', a: NodeId, b: NodeId): NodeId =>
  d.add('Binary', [a, b], { fn })

const elementOf = ({ transforms }: PlacedSite, k: number) => {
  const transform = transforms[k]
  if (transform.kind !== 'd4') throw new Error('only elements of D4 are undone on maps')
  return transform.element
}

/** A map as it would be had no site moved anything: the last site is undone first. */
const still = (d: Draft, x: NodeId, sites: readonly DrawnSite[], pairs: PlacedOutput['pairs'] = []): NodeId =>
  sites
    .filter(({ transforms, axis }) => transforms.length === 1 || d.nodes[x].variants.some(({ name }) => name === axis))
    .toSorted(comparePlaces)
    .reduceRight((value, site) => {
      if (site.transforms.length === 1) return undone(d, elementOf(site, 0), pairs, value)
      const elements = site.transforms.map((_, k) => elementOf(site, k))
      return d.add('Undo', [value], { axis: site.axis, elements, pairs })
    }, x)

/** The scores that probabilities at a node come from. */
const scoresOf = (d: Draft, id: NodeId, probabilities: 'softmax' | 'sigmoid'): NodeId => {
  const node = d.nodes[id]
  if (probabilities === 'softmax')
    return node.tag === 'Softmax' && !node.attributes.log ? node.operands[0] : unary(d, 'log', id)
  if (node.tag === 'Unary' && node.attributes.fn === 'sigmoid') return node.operands[0]
  return binary(d, 'subtract', unary(d, 'log', id), unary(d, 'log', unary(d, 'affine', id, -1, 1)))
}

const ofValues = (d: Draft, x: NodeId, reduction: PlanReduction): NodeId => {
  const named: ValueReduction = `${reduction === 'geo' ? 'mean' : reduction}-of-values`
  return d.nodes[x].variants.length === 0 ? x : d.add('Reduce', [x], { reduction: named })
}

/** Of classes that exclude each other, in the domain of their probabilities. */
const classes = (d: Draft, scores: NodeId, reduction: PlanReduction, gives: PlacedOutput['gives']): NodeId => {
  const name = reduction === 'max' || reduction === 'geo' ? reduction : 'sum'
  const reduced = d.nodes[scores].variants.length === 0 ? scores : d.add('Reduce', [scores], { reduction: name })
  return gives === 'probabilities' ? d.add('Softmax', [reduced], { log: false }) : reduced
}

/** Of labels, each in the domain of `p` and `1 − p`: what holds is reduced, what does not is, and the two are normalized. */
const labels = (d: Draft, scores: NodeId, reduction: PlanReduction, gives: PlacedOutput['gives']): NodeId => {
  if (reduction === 'geo') {
    const mean = ofValues(d, scores, 'mean')
    return gives === 'probabilities' ? unary(d, 'sigmoid', mean) : mean
  }
  const statistic = reduction === 'sum' ? 'mean' : reduction
  const holds = ofValues(d, unary(d, 'sigmoid', scores), statistic)
  if (gives === 'probabilities' && statistic === 'mean') return holds
  const not = ofValues(d, unary(d, 'sigmoid', unary(d, 'negate', scores)), statistic)
  return gives === 'probabilities'
    ? binary(d, 'divide', holds, binary(d, 'add', holds, not))
    : binary(d, 'subtract', unary(d, 'log', holds), unary(d, 'log', not))
}

/** Below it a sum of squares is none: a direction of no length stays 0. */
const noLength = 1e-24

/** A vector of unit length in the same direction. */
const unitLength = (d: Draft, x: NodeId): NodeId => {
  const [length] = shapeOf(d.nodes[x].type)
  const mean = d.add('ChannelPool', [unary(d, 'square', x)], { reduction: 'mean' })
  const sum = unary(d, 'affine', mean, length)
  return binary(d, 'multiply', x, unary(d, 'rsqrt', sum, noLength))
}

/** An output with its variants reduced, by its kind: what moves with the image is undone before. */
export const reducedOutput = (
  d: Draft,
  id: NodeId,
  { kind, gives, pairs, reduction }: PlacedOutput,
  sites: readonly DrawnSite[],
): NodeId => {
  if (sites.length === 0) return id
  const { type, probabilities } = factsOfKind(kind)
  const moved = (x: NodeId): NodeId => (type === 'Map' ? still(d, x, sites, pairs) : x)
  if (reduction === null || d.nodes[id].variants.length === 0) return moved(id)
  if (probabilities !== undefined) {
    const scores = moved(gives === 'probabilities' ? scoresOf(d, id, probabilities) : id)
    return (probabilities === 'softmax' ? classes : labels)(d, scores, reduction, gives)
  }
  const reduced = ofValues(d, moved(id), reduction)
  return kind === 'embedding' ? unitLength(d, reduced) : reduced
}

/** The scores of classes that an output is, or that its probabilities come from. */
export const scoresOfClasses = (d: Draft, id: NodeId, { gives }: Pick<PlacedOutput, 'gives'>): NodeId =>
  gives === 'probabilities' ? scoresOf(d, id, 'softmax') : id
