import {
  addLike,
  draft,
  type Graph,
  type Node,
  type NodeId,
  type NodeOf,
  nodesWithTag,
  sameType,
} from '../../ir/index.ts'
import { graphPass, type Pass, type Stage } from '../../passes/index.ts'
import { carryingCut } from './stage-laws.ts'

/** A pass that only drops nodes, and changes choices on the way. */
const changed = (change: (graph: Graph) => Graph): Pass =>
  graphPass('remove-dead-nodes', graph => ({ graph: change(graph), rewrites: {} }))

const withChoices = (change: (select: NodeOf<'Select'>) => Node): Pass =>
  changed(graph => ({ ...graph, nodes: graph.nodes.map(node => (node.tag === 'Select' ? change(node) : node)) }))

/** The next larger number, for one from −2 to 2 that is not next to 0. */
const above = (x: number): number => (x === 0 ? Number.MIN_VALUE : x + Math.abs(x) * Number.EPSILON)

/** Every choice reads the certainty of what it goes on to. */
const byTheDeeper = (graph: Graph): Graph => {
  const d = draft(graph.dialect)
  const at: NodeId[] = []
  for (const node of graph.nodes) {
    const operands = node.operands.map(operand => at[operand])
    const certainty = graph.nodes[node.operands[0]]
    const isAnswer = node.tag === 'Select' && node.type.kind === 'Vector' && certainty.tag === 'Certainty'
    const read = isAnswer ? [d.add('Certainty', [operands[2]], certainty.attributes), ...operands.slice(1)] : operands
    at.push(addLike(d, node, read))
  }
  return d.finish(graph.outputs.map(({ name, node }) => ({ name, node: at[node] })))
}

/** Every choice goes on to a network of its own. */
const unshared = (graph: Graph): Graph => {
  const d = draft(graph.dialect)
  const [one, other]: NodeId[][] = [[], []]
  for (const node of graph.nodes) {
    const operands = (at: readonly NodeId[]) => node.operands.map(operand => at[operand])
    const isInput = node.tag === 'Input'
    const [certainty, kept] = operands(one)
    const deeper = operands(other)[2]
    one.push(addLike(d, node, node.tag === 'Select' ? [certainty, kept, deeper] : operands(one)))
    other.push(isInput ? one[one.length - 1] : addLike(d, node, operands(other)))
  }
  return d.finish(graph.outputs.map(({ name, node }) => ({ name, node: one[node] })))
}

/** What may be wrong with choices, as passes over graphs of stages. */
export const wrongStages: readonly (readonly [mistake: string, pass: Pass])[] = [
  [
    'who is as certain as the threshold goes on',
    withChoices(select => ({ ...select, attributes: { below: above(select.attributes.below) } })),
  ],
  [
    'who is certain goes on, and nobody else',
    withChoices(select => ({ ...select, operands: [0, 2, 1].map(k => select.operands[k]) })),
  ],
  ['the certainty is that of the next stage', changed(byTheDeeper)],
  ['a later stage shares nothing with an earlier one', changed(unshared)],
]

const cutWith = (change: (stage: Stage, stages: readonly Stage[], k: number) => Stage) => (graph: Graph) => {
  const stages = carryingCut(graph)
  return stages.map((stage, k) => change(stage, stages, k))
}

/** The carried values that a stage makes. */
const madeBy = ({ graph, gate }: Stage): readonly string[] =>
  (gate?.carried ?? []).filter(name => nodesWithTag(graph, 'Input').every(({ attributes }) => attributes.name !== name))

/** Cuts as somebody might get them wrong. */
export const wrongCuts: readonly (readonly [mistake: string, cut: (graph: Graph) => readonly Stage[]])[] = [
  [
    'a carried value is forgotten',
    cutWith(stage => {
      const [forgotten] = madeBy(stage)
      const { gate } = stage
      return gate === undefined
        ? stage
        : { ...stage, gate: { ...gate, carried: gate.carried.filter(name => name !== forgotten) } }
    }),
  ],
  [
    'a carried value is another of its type',
    cutWith(stage => {
      const { nodes, outputs } = stage.graph
      const made = madeBy(stage)
      const instead = (node: NodeId): NodeId => {
        const other = nodes.findLastIndex(({ type }, id) => id !== node && sameType(type, nodes[node].type))
        return other < 0 ? node : other
      }
      return {
        ...stage,
        graph: {
          ...stage.graph,
          outputs: outputs.map(({ name, node }) => ({ name, node: made.includes(name) ? instead(node) : node })),
        },
      }
    }),
  ],
  [
    'the threshold is that of another stage',
    cutWith((stage, stages, k) => {
      const other = stages[k + 1]?.gate ?? stages[k - 1]?.gate
      return stage.gate === undefined || other === undefined
        ? stage
        : { ...stage, gate: { ...stage.gate, below: other.below } }
    }),
  ],
]
