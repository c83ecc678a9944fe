import { type Graph, isPerExample, type Node, type NodeId, type Type } from '../../ir/index.ts'
import { nodeMultiplyAdds } from '../../passes/index.ts'
import { isReduction, isTransform, opText, weightActs } from './describe.ts'

/** A run of nodes with one block of the network in their names: `layer3.17`. */
export interface Block {
  readonly name: string
  readonly kind: 'layers' | 'transform' | 'reduction'
  readonly nodes: readonly NodeId[]
  /** What the first node reads (an input is its own) and what the last one gives. */
  readonly from: Type
  readonly to: Type
  readonly multiplyAdds: number
  /** D4 elements that act on the block's weights. */
  readonly acts: readonly string[]
}

/** Blocks that differ by their number alone: `layer3`. */
export interface Stage {
  readonly name: string
  readonly blocks: readonly Block[]
}

const isPointwise = ({ nodes }: Graph, node: Node): boolean =>
  node.tag === 'Unary' ||
  node.tag === 'BatchNorm' ||
  (node.tag === 'Binary' && node.operands.filter(operand => isPerExample(nodes[operand].type)).length === 1)

const blockOf = (graph: Graph, name: string, kind: Block['kind'], nodes: readonly NodeId[]): Block => {
  const first = graph.nodes[nodes[0]]
  const read = first.operands.find(operand => isPerExample(graph.nodes[operand].type))
  return {
    name,
    kind,
    nodes,
    from: read === undefined ? first.type : graph.nodes[read].type,
    to: graph.nodes[nodes[nodes.length - 1]].type,
    multiplyAdds: nodes.reduce((total, id) => total + nodeMultiplyAdds(graph, graph.nodes[id]), 0),
    acts: [...new Set(nodes.flatMap(id => weightActs(graph, graph.nodes[id])))],
  }
}

/** Folds nodes in topological order into blocks by their names; transforms and reductions stand alone, nodes without a name of use go with those before them. */
export const blocksOf = (
  graph: Graph,
  blockName: (name: string) => string | null,
  nodes: readonly NodeId[],
): readonly Block[] => {
  const runs: { readonly name: string; readonly kind: Block['kind']; readonly nodes: NodeId[] }[] = []
  for (const id of nodes) {
    const node = graph.nodes[id]
    const kind = isTransform(node) ? 'transform' : isReduction(node) ? 'reduction' : 'layers'
    const last = runs.at(-1)
    const open = kind === 'layers' && last?.kind === 'layers' && graph.nodes[last.nodes[0]].tag !== 'Input'
    const named = node.name === undefined ? null : blockName(node.name)
    const name = kind === 'layers' ? (named ?? node.name ?? node.tag) : opText(graph, node)
    const goesOn = node.name === undefined || (named === null && isPointwise(graph, node)) || last?.name === name
    if (last !== undefined && open && goesOn) last.nodes.push(id)
    else runs.push({ name, kind, nodes: [id] })
  }
  return runs.map(run => blockOf(graph, run.name, run.kind, run.nodes))
}

const stageName = ({ name, kind }: Block): string => (kind === 'layers' ? name.replace(/[._]?\d+$/, '') : name)

/** Neighbours that differ by their number alone, together. */
export const stagesOf = (blocks: readonly Block[]): readonly Stage[] => {
  const stages: { readonly name: string; readonly blocks: Block[] }[] = []
  for (const block of blocks) {
    const name = stageName(block)
    const last = stages.at(-1)
    if (last?.name === name && last.blocks[0].kind === block.kind) last.blocks.push(block)
    else stages.push({ name, blocks: [block] })
  }
  return stages
}

/** The blocks of a stage as one: `layer3 ×18`. */
export const foldedBlock = ({ name, blocks }: Stage): Block => {
  const [first] = blocks
  return {
    name: blocks.length === 1 ? first.name : `${name} ×${blocks.length}`,
    kind: first.kind,
    nodes: blocks.flatMap(block => block.nodes),
    from: first.from,
    to: blocks[blocks.length - 1].to,
    multiplyAdds: blocks.reduce((total, block) => total + block.multiplyAdds, 0),
    acts: [...new Set(blocks.flatMap(block => block.acts))],
  }
}
