import type { Dialect } from './op.ts'
import type { AttributesOf, OpTag } from './ops/index.ts'
import type { Type, VariantAxis } from './type.ts'

/** The position of a node in its graph. */
export type NodeId = number

/** One op applied to earlier nodes, with the type that follows. */
export interface NodeOf<T extends OpTag> {
  readonly tag: T
  readonly operands: readonly NodeId[]
  readonly attributes: AttributesOf<T>
  readonly type: Type
  /** Empty in flat graphs. */
  readonly variants: readonly VariantAxis[]
  /** Where the node comes from, for people: a layer's path, an ONNX node. No pass depends on it. */
  readonly name?: string
}

/** A node: an op with its attributes, operands, type and variants. */
export type Node = { readonly [T in OpTag]: NodeOf<T> }[OpTag]

/** A node that a graph gives under a name. */
export interface Output {
  readonly name: string
  readonly node: NodeId
}

/** An immutable list of nodes in topological order; the batch axis is implicit. */
export interface Graph {
  readonly dialect: Dialect
  readonly nodes: readonly Node[]
  readonly outputs: readonly Output[]
}

/** How many operands and outputs read each node. */
export const useCounts = (graph: Graph): Int32Array => {
  const uses = new Int32Array(graph.nodes.length)
  for (const node of graph.nodes) for (const operand of node.operands) uses[operand]++
  for (const output of graph.outputs) uses[output.node]++
  return uses
}

/** 1 for each node that some output depends on, 0 for the dead. */
export const liveNodes = (graph: Graph): Uint8Array => {
  const live = new Uint8Array(graph.nodes.length)
  for (const output of graph.outputs) live[output.node] = 1
  for (let id = graph.nodes.length - 1; id >= 0; id--)
    if (live[id]) for (const operand of graph.nodes[id].operands) live[operand] = 1
  return live
}

/** The nodes of one op, in their order. */
export const nodesWithTag = <T extends OpTag>(graph: Graph, tag: T): readonly NodeOf<T>[] =>
  graph.nodes.filter(node => node.tag === tag) as unknown as readonly NodeOf<T>[]

/** `%12 (layer1.0.conv1)`. */
export const nodeLabel = (id: NodeId, name: string | undefined): string =>
  name === undefined ? `%${id}` : `%${id} (${name})`
