import { either as E } from 'fp-ts'
import {
  addLike,
  draft,
  type Graph,
  liveNodes,
  nodesWithTag,
  type Problem,
  printType,
  problem,
  type Tensor,
} from '../../ir/index.ts'
import { unstacked } from '../../passes/index.ts'
import { classScores } from './scores/class-scores.ts'

/**
 * A classifier: a flat graph from one image `Map[h, w, c]` to one output named `logits`, `Vector[classes]`, with its trained values.
 * Filters are `[r, s, i/groups, o]`, dense weights `[i, o]`.
 */
export interface Network {
  readonly name: string
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
  /** `nchw` where the file that it came from takes images channels first: exported again, it still does. */
  readonly layout?: 'nchw'
  /** What was taken for granted when it was opened, in sentences. */
  readonly notes?: readonly string[]
}

export type NetworkProblem = Problem<'not-a-classifier'>

/** The graph without what its outputs do not depend on. */
const pruned = (graph: Graph): Graph => {
  const live = liveNodes(graph)
  if (live.every(Boolean)) return graph
  const places = new Int32Array(graph.nodes.length)
  const d = draft(graph.dialect)
  graph.nodes.forEach((node, id) => {
    if (live[id] === 1)
      places[id] = addLike(
        d,
        node,
        node.operands.map(operand => places[operand]),
      )
  })
  return d.finish(graph.outputs.map(({ name, node }) => ({ name, node: places[node] })))
}

const valuesUsed = (graph: Graph, parameters: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> => {
  const used = new Set(nodesWithTag(graph, 'Parameter').map(({ attributes }) => attributes.name))
  return parameters.size === used.size ? parameters : new Map([...parameters].filter(([name]) => used.has(name)))
}

const refused = (
  name: string,
  seen: string,
  expected: string,
  hint?: string,
): E.Either<readonly NetworkProblem[], never> => E.left([problem('not-a-classifier', name, seen, expected, hint)])

/** A graph from one image to one vector, as a network's is; refused otherwise. */
export const fromImageToVector = (name: string, graph: Graph): E.Either<readonly NetworkProblem[], Graph> => {
  const inputs = graph.nodes.filter(node => node.tag === 'Input')
  if (inputs.length !== 1 || inputs[0].type.kind !== 'Map')
    return refused(
      name,
      inputs.length === 0 ? 'no input' : `inputs ${inputs.map(node => printType(node.type)).join(', ')}`,
      'one input, an image Map[h,w,c]',
    )
  if (graph.outputs.length !== 1)
    return refused(
      name,
      `outputs ${graph.outputs.map(output => output.name).join(', ') || 'none'}`,
      'one output, a score for each class',
    )
  const [output] = graph.outputs
  const { type } = graph.nodes[output.node]
  return type.kind === 'Vector'
    ? E.right(graph)
    : refused(
        name,
        `output ${output.name} of type ${printType(type)}`,
        'a Vector with a score for each class',
        type.kind === 'Map'
          ? 'detectors and segmenters are not supported: cut the network at its class scores'
          : undefined,
      )
}

/** Whether some runtime would lose an input of that name: the output's, what objects have by birth, what is no text in UTF-8 or in C. */
const isLost = (name: string): boolean => ['', 'logits', '__proto__'].includes(name) || /[\0\p{Surrogate}]/u.test(name)

const withUsableInput = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map(node =>
    node.tag === 'Input' && isLost(node.attributes.name)
      ? { ...node, attributes: { ...node.attributes, name: 'image' } }
      : node,
  ),
})

/**
 * A network from a front end's graph and values, checked to be a classifier: its output is made logits, whatever the file ends in
 * ({@link classScores}), and stacks are taken apart.
 */
export const classifier = (
  name: string,
  graph: Graph,
  parameters: ReadonlyMap<string, Tensor>,
): E.Either<readonly NetworkProblem[], Network> => {
  const checked = fromImageToVector(name, pruned(graph))
  if (E.isLeft(checked)) return checked
  const scores = classScores(checked.right, parameters)
  if (E.isLeft(scores)) return refused(name, scores.left.seen, scores.left.expected, scores.left.hint)
  const { graph: scored, notes } = scores.right
  const { outputs, ...whole } = pruned(scored)
  const logits = withUsableInput(unstacked({ ...whole, outputs: [{ name: 'logits', node: outputs[0].node }] }))
  return E.right({
    name,
    graph: logits,
    parameters: valuesUsed(logits, parameters),
    ...(notes.length === 0 ? {} : { notes }),
  })
}

/** The image a network takes. */
export const imageType = ({
  graph,
}: Pick<Network, 'graph'>): { readonly name: string; readonly h: number; readonly w: number; readonly c: number } => {
  const input = graph.nodes.find(node => node.tag === 'Input')
  if (input === undefined || input.tag !== 'Input' || input.type.kind !== 'Map')
    throw new Error('a network has one image input')
  const { h, w, c } = input.type
  return { name: input.attributes.name, h, w, c }
}

export const classCount = ({ graph }: Pick<Network, 'graph'>): number => {
  const { type } = graph.nodes[graph.outputs[0].node]
  if (type.kind !== 'Vector') throw new Error('a network has one vector of logits')
  return type.c
}
