import { either as E } from 'fp-ts'
import {
  addLike,
  type Draft,
  type Graph,
  type NodeId,
  type NodeOf,
  nodeLabel,
  nodesWithTag,
  problem,
  sharedType,
  type Type,
} from '../ir/index.ts'
import type { PassProblem } from './pass.ts'

type Norm = NodeOf<'BatchNorm'>

/** The names of a normalization's running mean and variance; fewer where they are expressions. */
const runningOf = ({ nodes }: Graph, norm: Norm): readonly string[] =>
  norm.operands.slice(3).flatMap(operand => {
    const node = nodes[operand]
    return node.tag === 'Parameter' ? [node.attributes.name] : []
  })

/** Whether a normalization keeps its running statistics, and is computed by them: where both stay as they are. */
const isKept = (graph: Graph, norm: Norm, fixed: ReadonlySet<string>): boolean =>
  runningOf(graph, norm).every(name => fixed.has(name))

/** The names of all running means and variances of a network that a step gives anew. */
export const runningStatistics = (
  graph: Graph,
  fixed: ReadonlySet<string>,
): E.Either<readonly PassProblem[], ReadonlySet<string>> => {
  const norms = nodesWithTag(graph, 'BatchNorm')
  const folded = norms.find(norm => runningOf(graph, norm).length < 2)
  return folded === undefined
    ? E.right(new Set(norms.flatMap(norm => (isKept(graph, norm, fixed) ? [] : runningOf(graph, norm)))))
    : E.left([
        problem(
          'not-trainable',
          `BatchNorm ${nodeLabel(graph.nodes.indexOf(folded), folded.name)}`,
          'statistics that are computed from others',
          'a running mean and a running variance, each a parameter',
        ),
      ])
}

const affine = (d: Draft, x: NodeId, alpha: number, beta = 0): NodeId =>
  d.add('Unary', [x], { fn: 'affine', alpha, beta })

/** `(1 − part)·before + part·now`. */
const blended = (d: Draft, before: NodeId, now: NodeId, part: number): NodeId =>
  d.add('Binary', [affine(d, before, 1 - part), affine(d, now, part)], { fn: 'add' })

/** A variance over N numbers as an estimate from them, N/(N − 1) times as large. */
const unbiased = (d: Draft, x: NodeId, variance: NodeId, to: Type): NodeId =>
  d.add('Binary', [variance, affine(d, d.add('InverseCount', [x], { to }), -1, 1)], { fn: 'divide' })

export interface Trained {
  /** By the old id. */
  readonly nodes: readonly NodeId[]
  /** By the name of a running mean or variance, its new value. */
  readonly running: ReadonlyMap<string, NodeId>
}

/**
 * Copies a network as it is trained: parameters become inputs of their names, but for those that stay as they are, and normalizations take the mean and
 * the variance of their batch, over all variants, of which running statistics take over a part (their `momentum` in PyTorch, which counts a batch's
 * variance with N − 1). Of one number there is no such variance: it is not finite. A normalization whose statistics stay is computed by these.
 */
export const copyForTraining = (d: Draft, graph: Graph, momentum: number, fixed: ReadonlySet<string>): Trained => {
  const nodes: NodeId[] = []
  const inputs = new Map<string, NodeId>()
  const running = new Map<string, NodeId>()
  graph.nodes.forEach((node, id) => {
    const operands = node.operands.map(operand => nodes[operand])
    if (node.tag === 'Parameter' && !fixed.has(node.attributes.name)) {
      const { name, shape } = node.attributes
      nodes[id] = inputs.get(name) ?? d.add('Input', [], { name, type: sharedType(shape) }, name)
      inputs.set(name, nodes[id])
    } else if (node.tag === 'BatchNorm' && !isKept(graph, node, fixed)) {
      const [x, scale, offset, ...before] = operands
      const to = d.nodes[scale].type
      const mean = d.add('ReduceTo', [x], { to, reduction: 'mean' })
      const variance = d.add('ReduceTo', [x], { to, reduction: 'variance' })
      nodes[id] = d.add('BatchNorm', [x, scale, offset, mean, variance], node.attributes, node.name)
      const now = [mean, unbiased(d, x, variance, to)]
      runningOf(graph, node).forEach((name, k) => {
        running.set(name, blended(d, running.get(name) ?? before[k], now[k], momentum))
      })
    } else nodes[id] = addLike(d, node, operands)
  })
  return { nodes, running }
}
