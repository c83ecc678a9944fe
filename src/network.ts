import { either as E } from 'fp-ts'
import { type Graph, type Node, type NodeId, type Problem, printType, problem, type Tensor } from '../ir/index.ts'
import { unstacked } from '../passes/index.ts'

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
}

export type NetworkProblem = Problem<'not-a-classifier'>

/** The node behind trailing softmaxes: a softmax keeps the order of classes and its input is what reductions work on. */
const logitsOf = (nodes: readonly Node[], output: NodeId): NodeId => {
  let id = output
  while (nodes[id].tag === 'Softmax') id = nodes[id].operands[0]
  return id
}

/** A graph from a front end, checked to be a classifier; a trailing softmax is taken off, so that its input is the logits, and stacks are. */
export const classifier = (
  name: string,
  graph: Graph,
  parameters: ReadonlyMap<string, Tensor>,
): E.Either<readonly NetworkProblem[], Network> => {
  const refuse = (seen: string, expected: string, hint?: string): E.Either<readonly NetworkProblem[], never> =>
    E.left([problem('not-a-classifier', name, seen, expected, hint)])
  const inputs = graph.nodes.filter(node => node.tag === 'Input')
  if (inputs.length !== 1 || inputs[0].type.kind !== 'Map')
    return refuse(
      inputs.length === 0 ? 'no input' : `inputs ${inputs.map(node => printType(node.type)).join(', ')}`,
      'one input, an image Map[h,w,c]',
    )
  if (graph.outputs.length !== 1)
    return refuse(
      `outputs ${graph.outputs.map(output => output.name).join(', ') || 'none'}`,
      'one output, a score for each class',
    )
  const node = logitsOf(graph.nodes, graph.outputs[0].node)
  const { type } = graph.nodes[node]
  if (type.kind !== 'Vector')
    return refuse(
      `output ${graph.outputs[0].name} of type ${printType(type)}`,
      'a Vector with a score for each class',
      type.kind === 'Map'
        ? 'detectors and segmenters are not supported: cut the network at its class scores'
        : undefined,
    )
  return E.right({ name, graph: unstacked({ ...graph, outputs: [{ name: 'logits', node }] }), parameters })
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
