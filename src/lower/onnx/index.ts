import { type Graph, liveNodes, type NodeId, problem, type Tensor, type Type } from '../../../ir/index.ts'
import { constantName } from '../../../passes/evaluate-constants.ts'
import { legalized } from '../../../passes/legalize.ts'
import { constantNodes } from '../constant-nodes.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import { keepPadsApart } from './canvas.ts'
import { constantValues } from './constants.ts'
import { fail } from './error.ts'
import { forms } from './forms.ts'
import { loweringOf } from './lowerings.ts'
import { encodeModel, type ImageLayout, type Port } from './model.ts'
import { computedOperand, constantOperand, type Operand } from './operands.ts'
import { stepsOf } from './steps.ts'
import { type Writer, type WrittenNode, writer } from './writer.ts'

export type { OnnxProblem } from './error.ts'
export { type ImageLayout, imageLayouts } from './model.ts'

/** How a graph is exported. */
export interface LowerOnnxOptions {
  /** How maps come in and go out; by default `nhwc`, as every executor here takes them. */
  readonly layout?: ImageLayout
  /** The graph's name in the file. */
  readonly name?: string
}

const toChannelsFirst = { perm: [0, 3, 1, 2] }
const toChannelsLast = { perm: [0, 2, 3, 1] }

/** The inputs that some output depends on, by name, with all nodes that stand for each. */
const inputsOf = (graph: Graph, live: Uint8Array): ReadonlyMap<string, readonly NodeId[]> => {
  const inputs = new Map<string, NodeId[]>()
  graph.nodes.forEach((node, id) => {
    if (live[id] === 1 && node.tag === 'Input')
      inputs.set(node.attributes.name, [...(inputs.get(node.attributes.name) ?? []), id])
  })
  return inputs
}

/** ONNX has one name space for what goes in and what comes out. */
const checkNames = (inputs: Iterable<string>, graph: Graph): void => {
  const given = new Set(inputs)
  const problems = [
    ...[...given, ...graph.outputs.map(({ name }) => name)]
      .filter(name => name === '')
      .map(() => problem('name-clash' as const, 'inputs and outputs', 'an empty name', 'a name')),
    ...graph.outputs
      .filter(({ name }) => given.has(name))
      .map(({ name }) => problem('name-clash' as const, `output ${name}`, 'an input of that name', 'another name')),
  ]
  if (problems.length > 0) fail(problems)
}

/** Every shared value that is known now and read at a call, or given as an output. */
const readConstants = (
  graph: Graph,
  constant: Uint8Array,
  operands: readonly (readonly NodeId[])[],
): ReadonlySet<NodeId> =>
  new Set([...operands.flat(), ...graph.outputs.map(({ node }) => node)].filter(id => constant[id] === 1))

/** Names the values that come out as the graph does: the last node to compute each is renamed where it can be. */
const writeOutputs = (
  w: Writer,
  graph: Graph,
  layout: ImageLayout,
  operandOf: (id: NodeId) => Operand,
): readonly WrittenNode[] => {
  const produced = new Set(w.nodes.flatMap(node => node.outputs))
  const renamed = new Map<string, string>()
  const last: WrittenNode[] = []
  for (const { name, node } of graph.outputs) {
    const value = operandOf(node).value()
    const moved = graph.nodes[node].type.kind === 'Map' && layout === 'nhwc'
    if (!moved && produced.has(value) && !renamed.has(value)) renamed.set(value, name)
    else
      last.push({
        op: moved ? 'Transpose' : 'Identity',
        name,
        inputs: [value],
        outputs: [name],
        attributes: moved ? toChannelsLast : {},
      })
  }
  const named = (value: string): string => renamed.get(value) ?? value
  return [...keepPadsApart(w), ...last].map(node => ({
    ...node,
    inputs: node.inputs.map(named),
    outputs: node.outputs.map(named),
  }))
}

/**
 * The bytes of an ONNX file that computes a flat or stacked graph: its weights inside, the batch of any size, inputs and
 * outputs under their own names. Per-example values carry the batch first; maps are `[n, h, w, c]` or, under `nchw`,
 * `[n, c, h, w]`. Inputs that no output depends on are left out.
 * @throws EspalierError where the graph is branched, a parameter is missing, or the weights are over two gigabytes.
 */
export const lowerOnnx = (
  source: Graph,
  parameters: ReadonlyMap<string, Tensor>,
  { layout = 'nhwc', name = 'espalier' }: LowerOnnxOptions = {},
): Uint8Array => {
  if (source.dialect === 'branched')
    fail([problem('bad-dialect', 'graph', 'a branched graph', 'a flat or a stacked graph', 'unroll it first')])
  const graph = legalized(source, forms)
  const inputs = inputsOf(graph, liveNodes(graph))
  checkNames(inputs.keys(), graph)
  const constant = constantNodes(graph)
  const steps = stepsOf(graph, constant)
  const known = constantValues(
    graph,
    readConstants(
      graph,
      constant,
      steps.map(step => step.operands),
    ),
    parameters,
  )
  const w = writer([...inputs.keys(), ...graph.outputs.map(output => output.name)])
  const operands = new Map<NodeId, Operand>()
  for (const [id, value] of known) {
    const stem = constantName(graph, id)
    const { tag, type } = graph.nodes[id]
    operands.set(id, constantOperand(w, tag === 'Parameter' ? `parameter ${stem}` : `%${id}`, type, stem, value))
  }
  for (const [input, ids] of inputs) {
    const { type } = graph.nodes[ids[0]]
    const value = type.kind === 'Map' && layout === 'nhwc' ? w.add('Transpose', [input], toChannelsFirst) : input
    for (const id of ids) operands.set(id, computedOperand(w, id, type, value))
  }
  const operandOf = (id: NodeId): Operand => operands.get(id) as Operand
  for (const step of steps) {
    const head = graph.nodes[step.head]
    const value = loweringOf(head.tag as LoweredTag)(w, {
      attributes: head.attributes as never,
      operands: step.operands.map(operandOf),
      result: head.type,
      name: head.name || graph.nodes[step.id].name || undefined,
    })
    operands.set(step.id, computedOperand(w, step.id, head.type, value))
  }
  const nodes = writeOutputs(w, graph, layout, operandOf)
  const portOf = (name: string, id: NodeId): Port => ({ name, type: typeOf(graph, id) })
  return encodeModel({
    name,
    layout,
    nodes,
    initializers: w.initializers,
    inputs: [...inputs].map(([input, [id]]) => portOf(input, id)),
    outputs: graph.outputs.map(output => portOf(output.name, output.node)),
  })
}

const typeOf = (graph: Graph, id: NodeId): Type => graph.nodes[id].type
