import { either as E } from 'fp-ts'
import {
  addLike,
  type Draft,
  draft,
  type Graph,
  type Node,
  type NodeId,
  nodeLabel,
  type Tensor,
} from '../../../ir/index.ts'
import { behindReshapes, logProbabilitiesOf, probabilitiesOf, sigmoidOf } from './behind.ts'
import { type Merge, mergeAt, sumsProbabilities } from './merge.ts'
import { squashedNodes } from './squashed.ts'

/** Why an output is no classes' scores. */
export interface Refused {
  readonly seen: string
  readonly expected: string
  readonly hint?: string
}

export interface ClassScores {
  /** The graph whose one output is the scores of classes that exclude each other: their softmax is what the file answers. */
  readonly graph: Graph
  /** What was taken for granted. */
  readonly notes: readonly string[]
}

interface Reading {
  readonly node: NodeId
  readonly notes?: readonly string[]
}

type Read = E.Either<Refused, Reading>

const expected = 'logits, or probabilities of classes that exclude each other'

/** An op as people are told of it: `sigmoid %12 (head)`. */
export const named = (nodes: readonly Node[], id: NodeId): string => {
  const { tag, attributes, name } = nodes[id]
  const what = 'fn' in attributes ? `${attributes.fn}` : tag.toLowerCase()
  return `${what} ${nodeLabel(id, name)}`
}

const asVector = (d: Draft, id: NodeId): NodeId =>
  d.nodes[id].type.kind === 'Map' ? d.add('Flatten', [id], { order: 'hwc' }) : id

const affine = (d: Draft, x: NodeId, alpha: number): NodeId => d.add('Unary', [x], { fn: 'affine', alpha, beta: 0 })

/** Two classes from the logit of one: `softmax([0, z]) = [1 − p, p]`, where p is the sigmoid of z. */
const twoClasses = (d: Draft, logit: NodeId): NodeId => {
  const z = asVector(d, logit)
  return d.add('Concat', [affine(d, z, 0), z], { axis: 0 })
}

const linear: ReadonlySet<string> = new Set(['affine', 'negate', 'add', 'subtract', 'multiply', 'divide'])

/** The function that bounds or bends what comes out at a node: no weights and no bias follow it. */
const bentBy = (nodes: readonly Node[], id: NodeId): NodeId | null => {
  for (let at = id; ; at = nodes[at].operands[0]) {
    const node = nodes[at]
    if (node.operands.length === 0 || ['Conv2d', 'Dense', 'BatchNorm', 'Combine'].includes(node.tag)) return null
    if (node.tag === 'Softmax') return at
    if (node.tag !== 'Unary' && node.tag !== 'Binary') continue
    if (!linear.has(node.attributes.fn)) return at
    if (node.tag === 'Binary') return null
  }
}

const certain: Refused = {
  seen: 'one score behind a softmax, which is 1 for every image',
  expected: 'a sigmoid of one score, or two scores',
  hint: 'export the network with a sigmoid in place of the softmax',
}

/** One score means two classes: p, from a sigmoid or a logit without one, and 1 − p. */
const oneScore = (d: Draft, root: NodeId, squashed: NodeId, parameters: ReadonlyMap<string, Tensor>): Read => {
  const { nodes } = d
  const id = behindReshapes(nodes, root)
  if (nodes[id].tag === 'Softmax') return E.left(certain)
  const logit = sigmoidOf(nodes, id)
  if (logit !== null) return E.right({ node: twoClasses(d, logit) })
  const merge = mergeAt(nodes, parameters, root)
  if (merge?.reduction === 'sum')
    return E.right({ node: combined(d, { ...merge, logits: merge.logits.map(each => twoClasses(d, each)) }) })
  const bent = squashed >= 0 ? squashed : bentBy(nodes, id)
  if (bent !== null)
    return E.left({
      seen: `one score that ends in ${named(nodes, bent)}${bent === id ? '' : ' and what follows it'}`,
      expected: 'a sigmoid at the end, or the logit of one',
      hint: 'export the network up to its last weights: one score then means p and 1 − p of two classes',
    })
  const note =
    'One score and no sigmoid: taken for the logit of class 1 against class 0. Of a regression, that is no answer.'
  return E.right({ node: twoClasses(d, root), notes: [note] })
}

const combined = (d: Draft, { logits, reduction, multiplicity }: Merge): NodeId =>
  d.add('Combine', logits, { reduction, multiplicity })

/** Scores as they are, without the softmax that they end in: exactly one, for two are no one. */
const underSoftmax = (d: Draft, of: NodeId, squashed: Int32Array, parameters: ReadonlyMap<string, Tensor>): NodeId => {
  const { nodes } = d
  const inner = logProbabilitiesOf(nodes, of)
  // A logarithm of a softmax is those scores less a number, which no softmax sees.
  if (inner !== null) return underSoftmax(d, inner, squashed, parameters)
  if (squashed[of] >= 0) return d.add('Softmax', [of], { log: true })
  const merge = mergeAt(nodes, parameters, of)
  return merge?.reduction === 'geo' ? combined(d, merge) : of
}

const independent = (nodes: readonly Node[], squash: NodeId, classes: number): Refused => ({
  seen: `${classes} scores with ${named(nodes, squash)} behind them: one answer each, which need not add to 1`,
  expected,
  hint: 'export the network up to its sigmoids, which are labels then; or --answers values for the numbers as they are',
})

const changed = (nodes: readonly Node[], root: NodeId, squash: NodeId): Refused => ({
  seen: `${named(nodes, squash)} and, behind it, ${named(nodes, root)}`,
  expected,
  hint: 'export the network up to that softmax',
})

/** The least that a clip leaves of a probability: above 0 its logarithm is a number. */
const isClipped = (node: Node): boolean =>
  node.tag === 'Unary' && node.attributes.fn === 'clip' && node.attributes.alpha > 0 && node.attributes.beta >= 1

const bounded = (node: Node): readonly string[] =>
  node.tag === 'Unary' && node.attributes.fn === 'tanh'
    ? ['The scores end in a tanh: probabilities are the softmax of numbers from -1 to 1, and so hardly differ.']
    : []

const severalScores = (d: Draft, root: NodeId, squashed: Int32Array, parameters: ReadonlyMap<string, Tensor>): Read => {
  const { nodes } = d
  const id = behindReshapes(nodes, root)
  const of = probabilitiesOf(nodes, id) ?? logProbabilitiesOf(nodes, id)
  if (of !== null) return E.right({ node: underSoftmax(d, of, squashed, parameters) })
  const merge = mergeAt(nodes, parameters, root)
  if (merge !== null && (merge.reduction !== 'geo' || squashed[id] < 0))
    return E.right({
      node: merge.logits.length === 1 ? underSoftmax(d, merge.logits[0], squashed, parameters) : combined(d, merge),
    })
  if (squashed[id] < 0) return E.right({ node: root, notes: bounded(nodes[id]) })
  const clipped = isClipped(nodes[id]) && probabilitiesOf(nodes, nodes[id].operands[0]) !== null
  if (clipped || sumsProbabilities(nodes, parameters, root))
    return E.right({ node: d.add('Unary', [root], { fn: 'log', alpha: 0, beta: 0 }) })
  const { type } = nodes[root]
  const classes = type.kind === 'Vector' ? type.c : 0
  return E.left(
    nodes[squashed[id]].tag === 'Softmax'
      ? changed(nodes, id, squashed[id])
      : independent(nodes, squashed[id], classes),
  )
}

/**
 * What a network's output says of classes, as logits: a softmax at its end is taken off, a sigmoid of one score becomes two classes, answers
 * that are averaged there become `Combine`. Refused where it ends in probabilities of another kind.
 */
export const classScores = (graph: Graph, parameters: ReadonlyMap<string, Tensor>): E.Either<Refused, ClassScores> => {
  const [output] = graph.outputs
  const d = draft(graph.dialect)
  for (const node of graph.nodes) addLike(d, node, node.operands)
  const squashed = squashedNodes(graph)
  const { type } = graph.nodes[output.node]
  const read =
    type.kind === 'Vector' && type.c === 1
      ? oneScore(d, output.node, squashed[output.node], parameters)
      : severalScores(d, output.node, squashed, parameters)
  return E.map(({ node, notes = [] }: Reading): ClassScores => {
    const outputs = [{ ...output, node }]
    return { graph: d.nodes.length === graph.nodes.length ? { ...graph, outputs } : d.finish(outputs), notes }
  })(read)
}
