import { type Graph, isPerExample } from '../../ir/index.ts'
import { multiplyAdds } from '../../passes/index.ts'
import { blockNamer } from './block-names.ts'
import { blocksOf, foldedBlock, stagesOf } from './blocks.ts'
import { type Columns, drawCrossing, drawFork, drawStem } from './forks.ts'
import { html, type Markup, nothing } from './markup.ts'
import { drawPanel } from './panel.ts'
import { type Drawing, drawPart, type Part } from './part.ts'
import type { Segment, Strands } from './strand.ts'
import { strandsOf } from './strands.ts'
import { titleOf } from './titles.ts'

export interface PictureOptions {
  /** Of the ids in this picture, where a page has several. */
  readonly prefix: string
  /** Whether blocks that differ by their number alone are one box, and blocks have no lists of their nodes. */
  readonly folded: boolean
}

/** Each rank has three rows of the grid: forks, boxes, and the lists of nodes that are open. */
const rowOf = (rank: number): number => 3 * rank + 1

/** What stands at the top and at the end of a band: its first and its last segments, and the columns of variants that it has nothing for. */
interface Edges {
  readonly first: number
  readonly next: number
  readonly tops: readonly Columns[]
  readonly ends: readonly Columns[]
  readonly passing: readonly Columns[]
}

const edgesOf = ({ columns, bands, segments }: Strands, last: number): readonly Edges[] => {
  const parents = new Set(segments.map(({ parent }) => parent))
  const childless = new Set(segments.filter((_, index) => !parents.has(index)))
  return bands.map(({ rank: first }, band) => {
    const next = bands[band + 1]?.rank ?? last
    const inside = segments.filter(({ rank }) => rank >= first && rank < next)
    const roots = inside.filter(({ parent }) => parent === null)
    const taken = new Set(roots.flatMap(({ column, span }) => Array.from({ length: span }, (_, k) => column + k)))
    const passing = Array.from({ length: columns }, (_, column) => ({ column, span: 1 })).filter(
      ({ column }) => !taken.has(column),
    )
    const ends = inside.filter(segment => childless.has(segment))
    return { first, next, tops: [...roots, ...passing], ends: [...ends, ...passing], passing }
  })
}

const over = (found: readonly Columns[], column: number): Columns =>
  found.find(part => column >= part.column && column < part.column + part.span) ?? { column, span: 1 }

const partsOf = (graph: Graph, strands: Strands, last: number, folded: boolean): readonly Part[] => {
  const { columns, segments, answer } = strands
  const blockName = blockNamer(
    graph.nodes.flatMap(({ name, type }) => (name !== undefined && isPerExample(type) ? [name] : [])),
  )
  const meeting: Segment = { nodes: answer, column: 0, span: columns, rank: last, parent: null, values: 1 }
  return [...segments, ...(answer.length === 0 ? [] : [meeting])].map((segment): Part => {
    const blocks = blocksOf(graph, blockName, segment.nodes)
    return {
      ...segment,
      title: titleOf(graph, strands, segment),
      blocks: folded ? stagesOf(blocks).map(foldedBlock) : blocks,
    }
  })
}

/** The graph from the image down: what variants share as wide as they are many, side by side where they part, and where they meet again. */
export const drawPicture = (graph: Graph, { prefix, folded }: PictureOptions): Markup => {
  const strands = strandsOf(graph)
  const { columns, segments, bands, answer } = strands
  const last = 1 + Math.max(...segments.map(({ rank }) => rank))
  const parts = partsOf(graph, strands, last, folded)
  const blocks = parts.flatMap(part => part.blocks)
  const drawing: Drawing = {
    prefix,
    lists: !folded,
    total: multiplyAdds(graph),
    costliest: Math.max(1, ...blocks.map(block => block.multiplyAdds)),
    acts: blocks.some(block => block.acts.length > 0),
  }
  const edges = edgesOf(strands, last)
  const childrenOf = segments.map((_, index) => parts.filter(({ parent }) => parent === index))
  const draw = (part: Part, index: number): readonly Markup[] => {
    const { column, span, rank } = part
    const children = childrenOf[index] ?? []
    const at = `${column + 1}/span ${span}`
    const row = rowOf(rank) + 1
    const below = children.length > 0 ? rank + 1 : (bands.find(band => band.rank > rank)?.rank ?? last)
    const goesOn = below < last || (answer.length > 0 && rank < last)
    return [
      ...(goesOn ? [drawStem(row, rowOf(below), part)] : []),
      html`<div class="cell" style="grid-row:${row};grid-column:${at}">${drawPart(drawing, part)}</div>`,
      ...(children.length > 0 ? [drawFork(rowOf(rank + 1), part, children, false)] : []),
    ]
  }
  const drawPanels = (rank: number): Markup => html`
    <div class="panels" style="grid-row:${rowOf(rank) + 2}">
      ${parts
        .filter(part => part.rank === rank)
        .flatMap(part => part.blocks.map(block => drawPanel(graph, drawing, part, block)))}
    </div>`
  return html`
    <div class="picture" style="--columns:${columns}">
      ${parts.flatMap(draw)}
      ${edges.flatMap(({ first, next, passing }) => passing.map(part => drawStem(rowOf(first) + 1, rowOf(next), part)))}
      ${edges.slice(1).map(({ first, tops }, k) =>
        drawCrossing(
          rowOf(first),
          columns,
          bands[k].order.map((variant, column) => ({
            from: over(edges[k].ends, column),
            to: over(tops, bands[k + 1].order.indexOf(variant)),
          })),
        ),
      )}
      ${answer.length === 0 ? nothing : drawFork(rowOf(last), { column: 0, span: columns }, edges[edges.length - 1].ends, true)}
      ${folded ? nothing : Array.from({ length: last + 1 }, (_, rank) => drawPanels(rank))}
    </div>`
}
