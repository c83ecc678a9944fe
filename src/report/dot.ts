import { type Graph, isPerExample, liveNodes, type Node, nodeLabel, visible } from '../../ir/index.ts'
import { cutStages, type Stage } from '../../passes/index.ts'
import { count } from '../base/format.ts'
import type { CompiledStage } from '../compile/compiled-stages.ts'
import { isReduction, isTransform, opText, typeText, weightActs } from './describe.ts'

/** The inside of a string in quotes: nothing in it ends the string or is an escape of Graphviz's, and all can be seen. */
const quoted = (text: string): string => visible(text).replace(/[\\"]/g, '\\$&')

const colorOf = (node: Node): string =>
  isTransform(node)
    ? '#f9d5b8'
    : isReduction(node)
      ? '#d7edc9'
      : node.tag === 'Conv2d' || node.tag === 'Dense'
        ? '#cfe3f7'
        : '#f4f4f4'

/** The per-example nodes of a graph and what they read of each other; `id` names them. */
const drawNodes = (graph: Graph, id: (node: number) => string): readonly string[] => {
  const { nodes } = graph
  const live = liveNodes(graph)
  return nodes.flatMap((node, k) => {
    if (!live[k] || !isPerExample(node.type)) return []
    const acts = weightActs(graph, node).map(act => ` ${act}(w)`)
    const lines = [`${opText(graph, node)}${acts.join('')}`, nodeLabel(k, node.name), typeText(node.type)]
    const border = acts.length > 0 ? ', color="#8e4ec6", penwidth=2' : ''
    return [
      `${id(k)} [label="${lines.map(quoted).join('\\n')}", fillcolor="${colorOf(node)}"${border}]`,
      ...node.operands
        .filter(operand => isPerExample(nodes[operand].type))
        .map(operand => `${id(operand)} -> ${id(k)}`),
    ]
  })
}

/** The outputs of these names, and where they come from. */
const drawEnds = (
  { nodes, outputs }: Graph,
  names: readonly string[],
  id: (node: number) => string,
): readonly string[] =>
  outputs
    .filter(({ name }) => names.includes(name))
    .flatMap(({ name, node }, k) => {
      const end = `out${k}_${id(node)}`
      return [
        `${end} [label="${quoted(name)}", shape=plaintext, fillcolor=none]`,
        ...(isPerExample(nodes[node].type) ? [`${id(node)} -> ${end}`] : []),
      ]
    })

/** The node of a stage that is carried on under a name: one of its outputs, or one of its own inputs. */
const givenBy = ({ nodes, outputs }: Graph, wanted: string): number =>
  outputs.find(({ name }) => name === wanted)?.node ??
  nodes.findIndex(({ tag, attributes }) => tag === 'Input' && attributes.name === wanted)

const indented = (lines: readonly string[]): readonly string[] => lines.map(line => `  ${line}`)

/** A stage in a box that says who comes to it, and what it takes of stages before it. */
const drawStage = (
  cut: readonly Stage[],
  stages: readonly CompiledStage[],
  answers: readonly string[],
  at: number,
): readonly string[] => {
  const { graph } = cut[at]
  const idIn = (stage: number) => (node: number) => `s${stage + 1}n${node}`
  const { plan, multiplyAdds } = stages[at]
  const gate = stages[at - 1]?.gate
  const who = gate === undefined ? '' : `\\nwhere the ${gate.measure} is below ${gate.below}`
  const taken = graph.nodes.flatMap((node, id) => {
    if (node.tag !== 'Input') return []
    const { name } = node.attributes
    const from = cut
      .slice(0, at)
      .findLastIndex(earlier => earlier.gate?.carried.includes(name) && givenBy(earlier.graph, name) >= 0)
    return from < 0 ? [] : [`${idIn(from)(givenBy(cut[from].graph, name))} -> ${idIn(at)(id)} [style=dashed]`]
  })
  return [
    `subgraph cluster_${at + 1} {`,
    ...indented([
      `label="${quoted(`Stage ${at + 1}: ${plan}, ${count(multiplyAdds.total)} multiply-adds`)}${who}"`,
      ...drawNodes(graph, idIn(at)),
      ...drawEnds(graph, answers, idIn(at)),
    ]),
    '}',
    ...taken,
  ]
}

/**
 * The graph in Graphviz's language: per-example nodes with their types, what acts on their weights, and no parameters; of an
 * adaptive plan a box a stage.
 */
export const graphDot = (graph: Graph, stages?: readonly CompiledStage[]): string => {
  const cut = cutStages(graph)
  const answers = graph.outputs.map(({ name }) => name)
  const id = (node: number): string => `n${node}`
  return [
    'digraph espalier {',
    ...indented([
      'rankdir=TB',
      'node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=10]',
      ...(stages === undefined || cut.length !== stages.length
        ? [...drawNodes(graph, id), ...drawEnds(graph, answers, id)]
        : cut.flatMap((_, at) => drawStage(cut, stages, answers, at))),
    ]),
    '}',
    '',
  ].join('\n')
}
