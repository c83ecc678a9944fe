import { type Graph, isPerExample, liveNodes, type Node, nodeLabel, visible } from '../../ir/index.ts'
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

/** The graph in Graphviz's language: per-example nodes with their types, what acts on their weights, and no parameters. */
export const graphDot = (graph: Graph): string => {
  const { nodes, outputs } = graph
  const live = liveNodes(graph)
  const drawn = nodes.flatMap((node, id) => {
    if (!live[id] || !isPerExample(node.type)) return []
    const acts = weightActs(graph, node).map(act => ` ${act}(w)`)
    const lines = [`${opText(graph, node)}${acts.join('')}`, nodeLabel(id, node.name), typeText(node.type)]
    const border = acts.length > 0 ? ', color="#8e4ec6", penwidth=2' : ''
    return [
      `  n${id} [label="${lines.map(quoted).join('\\n')}", fillcolor="${colorOf(node)}"${border}]`,
      ...node.operands.filter(operand => isPerExample(nodes[operand].type)).map(operand => `  n${operand} -> n${id}`),
    ]
  })
  const ends = outputs.flatMap(({ name, node }, k) => [
    `  out${k} [label="${quoted(name)}", shape=plaintext, fillcolor=none]`,
    ...(isPerExample(nodes[node].type) ? [`  n${node} -> out${k}`] : []),
  ])
  return [
    'digraph espalier {',
    '  rankdir=TB',
    '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=10]',
    ...drawn,
    ...ends,
    '}',
    '',
  ].join('\n')
}
