import { either as E } from 'fp-ts'
import {
  addLike,
  draft,
  EspalierError,
  type Graph,
  liveNodes,
  nodesWithTag,
  type Problem,
  printType,
  problem,
  type Tensor,
} from '../../ir/index.ts'
import { areOfClasses, classifierOutputs, factsOfKind, type NetworkOutput, unstacked } from '../../passes/index.ts'
import { type Claims, readOutputs } from './scores/read-outputs.ts'

/**
 * A flat graph from one image `Map[h, w, c]` to named outputs, with its trained values. Filters are `[r, s, i/groups, o]`, dense weights `[i, o]`.
 */
export interface Network {
  readonly name: string
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
  /** What the graph's outputs are, in its order. Absent of a classifier: one output named `logits`, `Vector[classes]`. */
  readonly outputs?: readonly NetworkOutput[]
  /** Parameters that are no weights: numbers that an importer worked out. Training leaves them as they are. */
  readonly fixed?: ReadonlySet<string>
  /** `nchw` where the file that it came from takes images channels first: exported again, it still does. */
  readonly layout?: 'nchw'
  /** What its file says of it beside the graph. */
  readonly metadata?: ReadonlyMap<string, string>
  /** What was taken for granted when it was opened, in sentences. */
  readonly notes?: readonly string[]
}

export type NetworkProblem = Problem<'not-a-network'>

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
): E.Either<readonly NetworkProblem[], never> => E.left([problem('not-a-network', name, seen, expected, hint)])

/** A graph from one image to some outputs, as a network's is; refused otherwise. */
export const fromImage = (name: string, graph: Graph): E.Either<readonly NetworkProblem[], Graph> => {
  const inputs = graph.nodes.filter(node => node.tag === 'Input')
  if (inputs.length !== 1 || inputs[0].type.kind !== 'Map')
    return refused(
      name,
      inputs.length === 0 ? 'no input' : `inputs ${inputs.map(node => printType(node.type)).join(', ')}`,
      'one input, an image Map[h,w,c]',
    )
  return graph.outputs.length > 0 ? E.right(graph) : refused(name, 'no outputs', 'an answer for each image')
}

/** Whether some runtime would lose something of that name: what objects have by birth, what is no text in UTF-8 or in C. */
const isLost = (name: string): boolean => ['', '__proto__'].includes(name) || /[\0\p{Surrogate}]/u.test(name)

const withUsableOutputs = (graph: Graph): Graph => {
  const names = new Set(graph.outputs.map(({ name }) => name))
  const outputs = graph.outputs.map(({ name, node }, k) => {
    const free = names.has('output') ? `output ${k + 1}` : 'output'
    return { name: isLost(name) ? free : name, node }
  })
  return { ...graph, outputs }
}

const withUsableInput = (graph: Graph): Graph => {
  const taken = new Set(graph.outputs.map(({ name }) => name))
  const free = taken.has('image') ? 'input image' : 'image'
  return {
    ...graph,
    nodes: graph.nodes.map(node =>
      node.tag === 'Input' && (isLost(node.attributes.name) || taken.has(node.attributes.name))
        ? { ...node, attributes: { ...node.attributes, name: free } }
        : node,
    ),
  }
}

/**
 * A network from a front end's graph and values, with what is known of its outputs: what each of them is, is known then
 * ({@link readOutputs}), and stacks are taken apart.
 */
export const networkOf = (
  name: string,
  graph: Graph,
  parameters: ReadonlyMap<string, Tensor>,
  claims: Claims = {},
): E.Either<readonly NetworkProblem[], Network> => {
  const checked = fromImage(name, pruned(graph))
  if (E.isLeft(checked)) return checked
  const known = readOutputs(withUsableOutputs(checked.right), parameters, claims)
  if (E.isLeft(known)) return refused(name, known.left.seen, known.left.expected, known.left.hint)
  const { graph: read, outputs, notes } = known.right
  const whole = withUsableInput(unstacked(pruned(read)))
  return E.right({
    name,
    graph: whole,
    parameters: valuesUsed(whole, parameters),
    ...(outputs === classifierOutputs ? {} : { outputs }),
    ...(notes.length === 0 ? {} : { notes }),
  })
}

/** What a network's outputs are, in the order of its graph. */
export const outputsOf = ({ outputs = classifierOutputs }: Pick<Network, 'outputs'>): readonly NetworkOutput[] =>
  outputs

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

/** Whether a network has one output, of classes: what data with labels, `train`, `search` and the like are for. */
export const isClassifier = ({ outputs = classifierOutputs }: Pick<Network, 'outputs'>): boolean =>
  areOfClasses(outputs)

/** Whether an output of a network is a map, which moves with the image. */
export const answersMaps = (network: Pick<Network, 'graph' | 'outputs'>): boolean =>
  outputsOf(network).some(({ kind }) => factsOfKind(kind).type === 'Map')

/** How many classes a classifier has. @throws EspalierError where a network is none */
export const classCount = ({ graph, outputs = classifierOutputs }: Pick<Network, 'graph' | 'outputs'>): number => {
  const { type } = graph.nodes[graph.outputs[0].node]
  if (isClassifier({ outputs }) && type.kind === 'Vector') return type.c
  throw new EspalierError([
    problem(
      'not-a-classifier',
      `${outputs.length === 1 ? 'output' : 'outputs'} ${outputs.map(({ name }) => name).join(', ')}`,
      outputs.map(({ kind }) => kind).join(', '),
      'one output, of classes',
      'this is for classes; run measures answers of all kinds, compile and predict take them, train --recipe distill teaches them',
    ),
  ])
}
