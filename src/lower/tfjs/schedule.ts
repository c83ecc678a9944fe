import { type Graph, liveNodes, type NodeId } from '../../../ir/index.ts'
import { epiloguesOf } from '../../../passes/epilogue.ts'
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

/** One step a live node, or with `fuse` one a convolution or normalization and what follows it, in the graph's order. */
const stepsOf = (graph: Graph, live: Uint8Array, fuse: boolean): readonly Step[] => {
  const epilogueOf = epiloguesOf(graph)
  const steps: (Step | undefined)[] = graph.nodes.map(({ tag, operands }, id) =>
    live[id] && tag !== 'Input' && tag !== 'Parameter' ? { id, head: id, operands, epilogue: noEpilogue } : undefined,
  )
  if (fuse)
    graph.nodes.forEach(({ tag, operands }, head) => {
      if (!live[head] || (tag !== 'Conv2d' && tag !== 'BatchNorm')) return
      const { sum, clamp } = epilogueOf(head)
      const parts = [head, ...(sum === undefined ? [] : [sum.id]), ...(clamp === undefined ? [] : [clamp.id])]
      for (const part of parts) steps[part] = undefined
      const id = parts.at(-1) as NodeId
      steps[id] = {
        id,
        head,
        operands: sum === undefined ? operands : [...operands, sum.bias],
        epilogue: { bias: sum !== undefined, activation: clamp?.fn ?? 'linear' },
      }
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
