import { type Graph, isPerExample } from '../../ir/index.ts'
import { multiplyAdds } from '../../passes/index.ts'
import { blockNamer } from './block-names.ts'
import { blocksOf } from './blocks.ts'
import { html, type Markup, nothing } from './markup.ts'
import { drawPanel } from './panel.ts'
import { drawPart, type Part, type Scale } from './part.ts'
import type { Segment, Strands } from './strands.ts'

/** `variants 1–8`, `variant 3 (counted 2×)`. */
const titleOf = (graph: Graph, { columns, ends, answer }: Strands, { nodes, column, span }: Segment): string => {
  if (nodes === answer) return 'the answer'
  if (columns === 1) return 'the network'
  if (span === columns) return `shared by ${columns} variants`
  if (span > 1) return `variants ${column + 1}–${column + span}`
  const reduction = answer.map(id => graph.nodes[id]).find(node => node.tag === 'Combine')
  const times =
    reduction === undefined ? 1 : reduction.attributes.multiplicity[reduction.operands.indexOf(ends[column])]
  return times > 1 ? `variant ${column + 1} (counted ${times}×)` : `variant ${column + 1}`
}

type Columns = Pick<Segment, 'column' | 'span'>

/** Lines from the middle of all columns of a span to the middles of narrower ones below it, or (`joins`) above it. */
const drawFork = (row: number, { column, span }: Columns, narrower: readonly Columns[], joins: boolean): Markup => {
  const middles = narrower.map(part => 2 * (part.column - column) + part.span)
  const stem = joins ? 'V20' : 'V0'
  const twigs = middles.map(x => `M${x} 10${joins ? 'V0' : 'V20'}`)
  return html`
    <svg class="fork" style="grid-area:${row}/${column + 1}/auto/span ${span}" viewBox="0 0 ${2 * span} 20" preserveAspectRatio="none" aria-hidden="true">
      <path d="M${span} 10${stem}M${Math.min(...middles)} 10H${Math.max(...middles)}${twigs.join('')}"/>
    </svg>`
}

/** Each rank has three rows of the grid: forks, boxes, and the lists of nodes that are open. */
const rowOf = (rank: number): number => 3 * rank + 1

/** The graph from the image down: what variants share as wide as they are many, side by side where they part, and where they meet again. */
export const drawPicture = (graph: Graph, strands: Strands): Markup => {
  const { columns, segments, answer, ends } = strands
  const blockName = blockNamer(
    graph.nodes.flatMap(({ name, type }) => (name !== undefined && isPerExample(type) ? [name] : [])),
  )
  const last = 1 + Math.max(...segments.map(({ rank }) => rank))
  const meeting: Segment = { nodes: answer, column: 0, span: columns, rank: last, parent: null }
  const parts = [...segments, ...(answer.length === 0 ? [] : [meeting])].map(
    (segment): Part => ({
      ...segment,
      title: titleOf(graph, strands, segment),
      blocks: blocksOf(graph, blockName, segment.nodes),
    }),
  )
  const blocks = parts.flatMap(part => part.blocks)
  const scale: Scale = {
    total: multiplyAdds(graph),
    costliest: Math.max(1, ...blocks.map(block => block.multiplyAdds)),
    acts: blocks.some(block => block.acts.length > 0),
  }
  const draw = (part: Part, index: number): readonly Markup[] => {
    const { column, span, rank } = part
    const children = parts.filter(({ parent }) => parent === index)
    const columns = `${column + 1}/span ${span}`
    const row = rowOf(rank) + 1
    const goesOn = children.length > 0 || (answer.length > 0 && rank < last)
    return [
      ...(goesOn
        ? [
            html`<div class="stem" style="grid-row:${row}/${rowOf(children.length > 0 ? rank + 1 : last)};grid-column:${columns}"></div>`,
          ]
        : []),
      html`<div class="cell" style="grid-row:${row};grid-column:${columns}">${drawPart(scale, part)}</div>`,
      ...(children.length > 0 ? [drawFork(rowOf(rank + 1), part, children, false)] : []),
    ]
  }
  const drawPanels = (rank: number): Markup => html`
    <div class="panels" style="grid-row:${rowOf(rank) + 2}">
      ${parts
        .filter(part => part.rank === rank)
        .flatMap(part => part.blocks.map(block => drawPanel(graph, scale, part, block)))}
    </div>`
  return html`
    <div class="picture" style="--columns:${columns}">
      ${parts.flatMap(draw)}
      ${
        answer.length === 0
          ? nothing
          : drawFork(
              rowOf(last),
              meeting,
              ends.map((_, column) => ({ column, span: 1 })),
              true,
            )
      }
      ${Array.from({ length: last + 1 }, (_, rank) => drawPanels(rank))}
    </div>`
}
