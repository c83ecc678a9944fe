import { type Node, type NodeId, type Reduction, sameType, type Tensor } from '../../../ir/index.ts'
import { behindReshapes, probabilitiesOf, sigmoidOf } from './behind.ts'

interface Term {
  readonly node: NodeId
  readonly weight: number
}

/** Several answers, of several forwards or heads, that are merged at the end of a graph. */
export interface Merge {
  /** What is merged: the logits of softmaxes, or of sigmoids where one score is all there is. */
  readonly logits: readonly NodeId[]
  readonly multiplicity: readonly number[]
  readonly reduction: Reduction
}

const tolerance = 1e-6
const multiplicityAtMost = 64
const leastAtMost = 8
/** A value added to itself over and over has exponentially many terms. */
const termsAtMost = 256

const scalarAt = (nodes: readonly Node[], parameters: ReadonlyMap<string, Tensor>, id: NodeId): number | null => {
  const node = nodes[id]
  if (node.tag !== 'Parameter' && node.tag !== 'Constant') return null
  const values = node.tag === 'Constant' ? node.attributes.values : parameters.get(node.attributes.name)?.data
  return values?.length === 1 ? values[0] : null
}

/** A sum of scaled vectors, taken apart; a vector that is no sum is one term. */
const termsOf = (nodes: readonly Node[], parameters: ReadonlyMap<string, Tensor>, root: NodeId): readonly Term[] => {
  const terms: Term[] = []
  const open: Term[] = [{ node: root, weight: 1 }]
  for (let next = open.pop(); next !== undefined && terms.length <= termsAtMost; next = open.pop()) {
    const { node: id, weight } = next
    const node = nodes[behindReshapes(nodes, id)]
    const perExample = (operand: NodeId): boolean => nodes[operand].type.kind !== 'Shared'
    if (node.tag === 'Binary' && node.attributes.fn === 'add' && node.operands.every(perExample)) {
      open.push(...node.operands.map(operand => ({ node: operand, weight })).reverse())
      continue
    }
    if (
      node.tag === 'Unary' &&
      node.attributes.fn === 'affine' &&
      node.attributes.alpha > 0 &&
      node.attributes.beta === 0
    ) {
      open.push({ node: node.operands[0], weight: weight * node.attributes.alpha })
      continue
    }
    if (node.tag === 'Binary' && (node.attributes.fn === 'multiply' || node.attributes.fn === 'divide')) {
      const [left, right] = node.operands
      const divides = node.attributes.fn === 'divide'
      const byRight = scalarAt(nodes, parameters, right)
      const byLeft = divides ? null : scalarAt(nodes, parameters, left)
      if (byRight !== null && byRight > 0) {
        open.push({ node: left, weight: divides ? weight / byRight : weight * byRight })
        continue
      }
      if (byLeft !== null && byLeft > 0) {
        open.push({ node: right, weight: weight * byLeft })
        continue
      }
    }
    terms.push(next)
  }
  return terms
}

/** The smallest whole numbers in the ratio of positive weights; null where they are large. */
export const countsOf = (weights: readonly number[], within: number): readonly number[] | null => {
  const least = Math.min(...weights)
  for (let unit = 1; unit <= leastAtMost; unit++) {
    const ratios = weights.map(weight => (weight / least) * unit)
    const counts = ratios.map(Math.round)
    if (counts.every((count, k) => count <= multiplicityAtMost && Math.abs(ratios[k] - count) < within * count))
      return counts
  }
  return null
}

/** The operands of a maximum of maxima. */
const largestOf = (nodes: readonly Node[], root: NodeId): readonly NodeId[] => {
  const found: NodeId[] = []
  const open = [root]
  for (let id = open.pop(); id !== undefined && found.length <= termsAtMost; id = open.pop()) {
    const node = nodes[behindReshapes(nodes, id)]
    if (node.tag === 'Binary' && node.attributes.fn === 'maximum') open.push(...[...node.operands].reverse())
    else found.push(id)
  }
  return found
}

/** What the terms are softmaxes of, or the sigmoids of one score; null where one of them is something else. */
const logitsOf = (nodes: readonly Node[], terms: readonly NodeId[]): readonly NodeId[] | null => {
  const of = (id: NodeId): NodeId | null => {
    const { type } = nodes[id]
    return type.kind === 'Vector' && type.c === 1 ? sigmoidOf(nodes, id) : probabilitiesOf(nodes, id)
  }
  const logits = terms.map(of)
  return logits.every(id => id !== null) ? logits : null
}

const weighted = (nodes: readonly Node[], parameters: ReadonlyMap<string, Tensor>, root: NodeId) => {
  const node = nodes[root]
  if (node.tag === 'Combine' && node.attributes.reduction === 'geo')
    return { terms: node.operands, multiplicity: node.attributes.multiplicity, total: 1 }
  const found = termsOf(nodes, parameters, root)
  const multiplicity = countsOf(
    found.map(term => term.weight),
    tolerance,
  )
  return multiplicity === null
    ? null
    : { terms: found.map(term => term.node), multiplicity, total: found.reduce((sum, term) => sum + term.weight, 0) }
}

/**
 * How several answers become one: the mean (or any positive multiple of the sum) of probabilities, the mean of logits, or the largest
 * probabilities; null for a network with one answer. Of one score that is a probability only the mean is an answer.
 */
export const mergeAt = (
  nodes: readonly Node[],
  parameters: ReadonlyMap<string, Tensor>,
  root: NodeId,
): Merge | null => {
  const { type } = nodes[root]
  if (type.kind !== 'Vector') return null
  const alike = (ids: readonly NodeId[]): boolean =>
    ids.length <= termsAtMost && ids.every(id => sameType(nodes[id].type, type))
  const largest = type.c === 1 ? [] : largestOf(nodes, root)
  const highest = largest.length > 1 && alike(largest) ? logitsOf(nodes, largest) : null
  if (highest !== null) return { logits: highest, multiplicity: highest.map(() => 1), reduction: 'max' }
  const sum = weighted(nodes, parameters, root)
  if (sum === null || !alike(sum.terms)) return null
  const { terms, multiplicity, total } = sum
  const isMean = Math.abs(total - 1) < tolerance
  const logits = type.c === 1 && !isMean ? null : logitsOf(nodes, terms)
  if (logits !== null) return { logits, multiplicity, reduction: 'sum' }
  return isMean && terms.length > 1 && nodes[root].tag !== 'Combine'
    ? { logits: terms, multiplicity, reduction: 'geo' }
    : null
}

/** Whether a vector is a sum of probabilities of the same classes, each with any positive weight. */
export const sumsProbabilities = (
  nodes: readonly Node[],
  parameters: ReadonlyMap<string, Tensor>,
  root: NodeId,
): boolean => {
  const terms = termsOf(nodes, parameters, root)
  return (
    terms.length <= termsAtMost &&
    terms.every(({ node }) => sameType(nodes[node].type, nodes[root].type) && probabilitiesOf(nodes, node) !== null)
  )
}
