import { addLike, draft, type Graph, type NodeId, type Output, variantCount } from '../../ir/index.ts'
import { softmaxRows } from '../base/softmax.ts'
import { sumOf } from '../base/statistics.ts'
import type { Numbers } from './gathering.ts'

/** Where the scores of one variant are: an output or an input of a graph, and how much it counts. */
export interface VariantScores {
  readonly name: string
  readonly weight: number
}

/** A graph out of which the scores of its variants come, too, where it ends by combining several. */
export interface OpenGraph {
  readonly graph: Graph
  readonly variants: readonly VariantScores[]
}

/** Adds the scores that the first output combines to the outputs of a graph. */
export const withVariants = (graph: Graph): OpenGraph => {
  const { nodes, outputs } = graph
  const combined = nodes[outputs[0].node]
  if (combined.tag !== 'Combine') return { graph, variants: [] }
  const d = draft(graph.dialect)
  for (const node of nodes) addLike(d, node, node.operands)
  const given = new Map(outputs.map(({ name, node }) => [node, name]))
  const parts = combined.operands.flatMap((operand): readonly NodeId[] => {
    const count = variantCount(nodes[operand].variants)
    if (count === 1) return [operand]
    return Array.from({ length: count }, (_, index) => d.add('Unstack', [operand], { index, count }))
  })
  const added: Output[] = []
  const { multiplicity } = combined.attributes
  const variants = parts.map((id, k) => {
    const node = d.nodes[id]
    const name = node.tag === 'Input' ? node.attributes.name : given.get(id)
    if (name !== undefined) return { name, weight: multiplicity[k] }
    const output = { name: `scores of variant ${k + 1}`, node: id }
    given.set(id, output.name)
    added.push(output)
    return { name: output.name, weight: multiplicity[k] }
  })
  return { graph: d.finish([...outputs, ...added]), variants }
}

/** The scores of all variants of a batch, each `[n, classes]`. */
export interface BatchVariants {
  readonly scores: readonly Numbers[]
  readonly weights: readonly number[]
}

const entropyOf = (probabilities: Float64Array): number =>
  probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0)

/**
 * How far the variants of one image disagree: the generalized Jensen-Shannon divergence of their probabilities, which is the entropy of their mean less the
 * mean of their entropies. In nats, from 0, where they are alike, to the logarithm of the number of classes. NaN of one variant alone.
 */
export const disagreementOf = ({ scores, weights }: BatchVariants, row: number, classes: number): number => {
  if (scores.length < 2) return Number.NaN
  const total = sumOf(weights)
  const mean = new Float64Array(classes)
  let entropies = 0
  scores.forEach((each, k) => {
    const own = softmaxRows(each.subarray(row * classes, (row + 1) * classes), classes)
    entropies += (weights[k] / total) * entropyOf(own)
    own.forEach((p, c) => {
      mean[c] += (weights[k] / total) * p
    })
  })
  return Math.max(0, entropyOf(mean) - entropies)
}
