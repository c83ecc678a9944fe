import { type Graph, liveNodes, type Node, type NodeId, sameShape, shapeOf, useCounts } from '../../../ir/index.ts'
import { constantNodes } from '../constant-nodes.ts'
import { type Epilogue, noEpilogue } from './kernel.ts'

/** One kernel call: what node `head` computes, with what later nodes fused into it do, is the value of node `id`. */
export interface Step {
  readonly id: NodeId
  readonly head: NodeId
  readonly operands: readonly NodeId[]
  readonly epilogue: Epilogue
}

/** What depends on parameters alone and is computed once, what is computed at each call, and when values go. */
export interface Schedule {
  readonly live: Uint8Array
  /** 1 for each node whose value no input reaches. */
  readonly constant: Uint8Array
  readonly atLoad: readonly Step[]
  readonly atRun: readonly Step[]
  /** By position in `atRun`: nodes, inputs and steps alike, that nothing reads any more. */
  readonly released: readonly (readonly NodeId[])[]
}

/** The only reader of each node; −1 where there are several, or an output. */
const soleReaders = (graph: Graph): Int32Array => {
  const uses = useCounts(graph)
  const reader = new Int32Array(graph.nodes.length).fill(-1)
  graph.nodes.forEach((node, id) => {
    for (const operand of node.operands) if (uses[operand] === 1) reader[operand] = id
  })
  return reader
}

const isBias = (node: Node, channels: number): boolean =>
  node.type.kind === 'Shared' && sameShape(node.type.shape, [channels])

/** A convolution or normalization with the bias and the clamp that follow it, where nothing else reads what lies between. */
const fused = (graph: Graph, head: NodeId, reader: Int32Array): Step => {
  const { nodes } = graph
  const { tag, operands, type } = nodes[head]
  const channels = shapeOf(type).at(-1) as number
  const after = (id: NodeId): Node | undefined => nodes[reader[id]]
  let step: Step = { id: head, head, operands, epilogue: noEpilogue }
  const sum = after(head)
  if (tag === 'Conv2d' && sum?.tag === 'Binary' && sum.attributes.fn === 'add') {
    const bias = sum.operands[0] === head ? sum.operands[1] : sum.operands[0]
    if (isBias(nodes[bias], channels))
      step = { id: reader[head], head, operands: [...operands, bias], epilogue: { ...noEpilogue, bias: true } }
  }
  const clamp = after(step.id)
  if (clamp?.tag === 'Unary' && (clamp.attributes.fn === 'relu' || clamp.attributes.fn === 'relu6'))
    step = { ...step, id: reader[step.id], epilogue: { ...step.epilogue, activation: clamp.attributes.fn } }
  return step
}

/** One step a live node, or with `fuse` one a convolution or normalization and what follows it, in the graph's order. */
const stepsOf = (graph: Graph, live: Uint8Array, fuse: boolean): readonly Step[] => {
  const reader = soleReaders(graph)
  const steps: (Step | undefined)[] = graph.nodes.map((node, id) =>
    live[id] && node.tag !== 'Input' && node.tag !== 'Parameter'
      ? { id, head: id, operands: node.operands, epilogue: noEpilogue }
      : undefined,
  )
  if (fuse)
    graph.nodes.forEach((node, id) => {
      if (!live[id] || (node.tag !== 'Conv2d' && node.tag !== 'BatchNorm')) return
      const step = fused(graph, id, reader)
      for (let at = id; at !== step.id; at = reader[at]) steps[at] = undefined
      steps[step.id] = step
    })
  return steps.filter(step => step !== undefined)
}

export const schedule = (graph: Graph, fuse: boolean): Schedule => {
  const live = liveNodes(graph)
  const constant = constantNodes(graph)
  const steps = stepsOf(graph, live, fuse)
  const atRun = steps.filter(({ id }) => !constant[id])
  const last = new Int32Array(graph.nodes.length).fill(-1)
  atRun.forEach(({ operands }, at) => {
    for (const operand of operands) last[operand] = at
  })
  for (const { node } of graph.outputs) last[node] = -1
  const released: NodeId[][] = atRun.map(() => [])
  last.forEach((at, id) => {
    if (at >= 0 && !constant[id]) released[at].push(id)
  })
  return { live, constant, atLoad: steps.filter(({ id }) => constant[id]), atRun, released }
}
