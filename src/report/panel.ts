import { type Graph, isPerExample, type NodeId } from '../../ir/index.ts'
import { nodeMultiplyAdds } from '../../passes/index.ts'
import { count } from '../base/format.ts'
import type { Block } from './blocks.ts'
import {
  actsOn,
  attributesText,
  changeText,
  isReduction,
  isTransform,
  opText,
  sharedText,
  typeText,
  weightActs,
} from './describe.ts'
import { html, type Markup } from './markup.ts'
import { type Drawing, type Part, panelId, shareText } from './part.ts'

const operandText = (graph: Graph, { prefix }: Drawing, operand: NodeId): Markup => {
  if (isPerExample(graph.nodes[operand].type)) return html` <a href="#${prefix}n${operand}">%${operand}</a>`
  return html` <code class="${actsOn(graph, operand).length > 0 ? 'act' : ''}">${sharedText(graph, operand)}</code>`
}

const drawNode = (graph: Graph, drawing: Drawing, id: NodeId): Markup => {
  const node = graph.nodes[id]
  const cost = nodeMultiplyAdds(graph, node)
  const kind = isTransform(node)
    ? 'transform'
    : isReduction(node)
      ? 'reduction'
      : weightActs(graph, node).length > 0
        ? 'acted'
        : ''
  return html`
    <tr id="${drawing.prefix}n${id}" class="${kind}">
      <td>%${id}</td><td><b>${opText(graph, node)}</b></td><td>${node.name ?? ''}</td><td>${typeText(node.type)}</td>
      <td>${attributesText(node)}</td><td>${node.operands.map(operand => operandText(graph, drawing, operand))}</td>
      <td>${cost > 0 ? count(cost) : ''}</td><td>${cost > 0 ? shareText(drawing, cost) : ''}</td>
    </tr>`
}

/** The list of a block's nodes, which opens below the block. */
export const drawPanel = (graph: Graph, drawing: Drawing, part: Part, block: Block): Markup => html`
  <section class="panel" id="${panelId(drawing, block)}" hidden="until-found">
    <h4>${block.name}<span>${part.title}</span><span>${changeText(block.from, block.to)}</span></h4>
    <table>
      <thead><tr><th>node</th><th>op</th><th>name</th><th>type</th><th>attributes</th><th>reads</th><th>multiply-adds</th><th>share</th></tr></thead>
      <tbody>${block.nodes.map(id => drawNode(graph, drawing, id))}</tbody>
    </table>
  </section>`
