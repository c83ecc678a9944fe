import { draft } from '../../../ir/draft.ts'
import { liveNodes, type Node, type NodeId } from '../../../ir/graph.ts'
import type { Tensor } from '../../../ir/tensor.ts'
import { sameType } from '../../../ir/type.ts'
import type { Reduction } from '../../../ir/variant.ts'
import type { Translated } from './translate.ts'

interface Term {
  readonly node: NodeId
  readonly weight: number
}

/** Several forwards whose answers are merged at the end of the graph. */
interface Merge {
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
  const value = node.tag === 'Parameter' ? parameters.get(node.attributes.name) : undefined
  return value !== undefined && value.data.length === 1 ? value.data[0] : null
}

/** A sum of scaled vectors, taken apart; a vector that is no sum is one term. */
const termsOf = (nodes: readonly Node[], parameters: ReadonlyMap<string, Tensor>, root: NodeId): readonly Term[] => {
  const terms: Term[] = []
  const open: Term[] = [{ node: root, weight: 1 }]
  for (let next = open.pop(); next !== undefined && terms.length <= termsAtMost; next = open.pop()) {
    const { node: id, weight } = next
    const node = nodes[id]
    const perExample = (operand: NodeId): boolean => nodes[operand].type.kind !== 'Shared'
    if (node.tag === 'Binary' && node.attributes.fn === 'add' && node.operands.every(perExample)) {
      open.push(...node.operands.map(operand => ({ node: operand, weight })).reverse())
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

const probabilities = (node: Node): boolean => node.tag === 'Softmax' && !node.attributes.log

/** The operands of a maximum of maxima. */
const largestOf = (nodes: readonly Node[], root: NodeId): readonly NodeId[] => {
  const found: NodeId[] = []
  const open = [root]
  for (let id = open.pop(); id !== undefined && found.length <= termsAtMost; id = open.pop()) {
    const node = nodes[id]
    if (node.tag === 'Binary' && node.attributes.fn === 'maximum') open.push(...[...node.operands].reverse())
    else found.push(id)
  }
  return found
}

/**
 * How the scores of several forwards become one: the mean (or any positive multiple of the sum) of probabilities, the
 * mean of logits, or the largest probabilities; null for a network with one answer.
 */
const mergeAt = ({ graph: { nodes }, parameters }: Translated, root: NodeId): Merge | null => {
  const { type } = nodes[root]
  if (type.kind !== 'Vector') return null
  const alike = (ids: readonly NodeId[]): boolean =>
    ids.length > 1 && ids.length <= termsAtMost && ids.every(id => sameType(nodes[id].type, type))
  const largest = largestOf(nodes, root)
  if (alike(largest) && largest.every(id => probabilities(nodes[id])))
    return { logits: largest.map(id => nodes[id].operands[0]), multiplicity: largest.map(() => 1), reduction: 'max' }
  const terms = termsOf(nodes, parameters, root)
  const multiplicity = countsOf(
    terms.map(term => term.weight),
    tolerance,
  )
  if (multiplicity === null || !alike(terms.map(term => term.node))) return null
  if (terms.every(term => probabilities(nodes[term.node])))
    return { logits: terms.map(term => nodes[term.node].operands[0]), multiplicity, reduction: 'sum' }
  const total = terms.reduce((sum, term) => sum + term.weight, 0)
  return Math.abs(total - 1) < tolerance
    ? { logits: terms.map(term => term.node), multiplicity, reduction: 'geo' }
    : null
}

/** Drops nodes and parameters that the outputs do not depend on. */
const pruned = ({ graph, parameters, channelsFirst }: Translated): Translated => {
  const live = liveNodes(graph)
  const places = new Map<NodeId, NodeId>()
  const d = draft(graph.dialect)
  graph.nodes.forEach((node, id) => {
    if (live[id] === 0) return
    const operands = node.operands.map(operand => places.get(operand) as NodeId)
    places.set(id, d.add(node.tag, operands, node.attributes as never, node.name))
  })
  const used = new Set(d.nodes.flatMap(node => (node.tag === 'Parameter' ? [node.attributes.name] : [])))
  return {
    graph: d.finish(graph.outputs.map(({ name, node }) => ({ name, node: places.get(node) as NodeId }))),
    parameters: new Map([...parameters].filter(([name]) => used.has(name))),
    channelsFirst,
  }
}

/**
 * Recognizes test-time augmentation that is written out in the file, where its forwards' answers meet: the graph then
 * ends in `Combine`, whose scores have the meaning of logits.
 */
export const recognizeMerge = (translated: Translated): Translated => {
  const { graph } = translated
  const nodes: Node[] = [...graph.nodes]
  const d = draft(graph.dialect)
  nodes.forEach(node => {
    d.add(node.tag, node.operands, node.attributes as never, node.name)
  })
  const outputs = graph.outputs.map(({ name, node }) => {
    const root = behindSoftmax(nodes, node)
    const merge = mergeAt(translated, root)
    if (merge === null) return { name, node }
    const { logits, multiplicity, reduction } = merge
    return { name, node: d.add('Combine', logits, { reduction, multiplicity }, name) }
  })
  return pruned({ ...translated, graph: d.finish(outputs) })
}

/** Scores before a last softmax: the merge of several answers may be under it. */
const behindSoftmax = (nodes: readonly Node[], id: NodeId): NodeId => {
  let at = id
  while (nodes[at].tag === 'Softmax') at = nodes[at].operands[0]
  return at
}
