import { count } from '../base/format.ts'
import { type Block, type Stage, stagesOf } from './blocks.ts'
import { changeText } from './describe.ts'
import { html, type Markup, nothing } from './markup.ts'
import type { Segment } from './strand.ts'

/** A box of the picture: a segment of the graph, folded. */
export interface Part extends Segment {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** What the parts of a picture have in common. */
export interface Drawing {
  /** Of the ids in the picture. */
  readonly prefix: string
  /** Whether blocks open lists of their nodes. */
  readonly lists: boolean
  /** Multiply-adds of the whole graph. */
  readonly total: number
  /** Of the costliest block: the darkest shade. */
  readonly costliest: number
  /** Whether any weights are flipped: then it is worth saying where they are not. */
  readonly acts: boolean
}

export const costOf = (blocks: readonly Block[]): number =>
  blocks.reduce((total, block) => total + block.multiplyAdds, 0)

/** `3.1%` of the graph's multiply-adds. */
export const shareText = ({ total }: Drawing, cost: number): string => {
  const percent = (100 * cost) / Math.max(1, total)
  return cost > 0 && percent < 0.05 ? '<0.1%' : `${percent.toFixed(1)}%`
}

/** `5 ops · 3.1%`. */
export const sizeText = (drawing: Drawing, ops: number, cost: number): string =>
  [ops === 1 ? '1 op' : `${ops} ops`, ...(cost > 0 ? [shareText(drawing, cost)] : [])].join(' · ')

/** The id of a block's list of nodes. */
export const panelId = ({ prefix }: Drawing, block: Block): string => `${prefix}block-${block.nodes[0]}`

const drawBlock = (drawing: Drawing, block: Block, label: string, alone: boolean): Markup => {
  const type = changeText(block.from, block.to)
  const size = sizeText(drawing, block.nodes.length, block.multiplyAdds)
  const tip = [
    block.name,
    type,
    size,
    `${count(block.multiplyAdds)} multiply-adds`,
    ...block.acts.map(act => `${act}(w)`),
  ]
  const shade = Math.round((100 * block.multiplyAdds) / drawing.costliest)
  const details = html`<span>${type}</span><span>${size}</span>`
  const look = html`class="block ${block.kind}${block.acts.length > 0 ? ' acted' : ''}" style="--cost:${shade}" title="${tip.join(', ')}"`
  const inside = html`<b>${label}</b>${alone ? details : nothing}`
  if (!drawing.lists) return html`<div ${look}>${inside}</div>`
  return html`
    <button type="button" ${look} aria-expanded="false" aria-controls="${panelId(drawing, block)}">${inside}</button>`
}

const drawStage = (drawing: Drawing, { name, blocks }: Stage): Markup => {
  if (blocks.length === 1) return drawBlock(drawing, blocks[0], blocks[0].name, true)
  const ops = blocks.reduce((total, block) => total + block.nodes.length, 0)
  const label = (block: Block): string => block.name.slice(name.length).replace(/^[._]/, '') || '·'
  return html`
    <div class="stage">
      <p><b>${name}</b><span>${changeText(blocks[0].from, blocks[blocks.length - 1].to)}</span><span>${sizeText(drawing, ops, costOf(blocks))}</span></p>
      <div class="strip">${blocks.map(block => drawBlock(drawing, block, label(block), false))}</div>
    </div>`
}

/** `flip(w)` or `w`: how a part reads its weights. */
const weightsText = ({ acts }: Drawing, { blocks, parent }: Part): string => {
  const found = [...new Set(blocks.flatMap(block => block.acts))]
  const reads = costOf(blocks) > 0 && parent !== null
  return found.length > 0 ? found.map(act => `${act}(w)`).join(' ') : acts && reads ? 'w' : ''
}

/** A box with its title and its blocks, stage by stage. */
export const drawPart = (drawing: Drawing, part: Part): Markup => {
  const weights = weightsText(drawing, part)
  return html`
    <section class="part">
      <h3>${part.title}<span>${sizeText(drawing, part.nodes.length, costOf(part.blocks))}</span>
        ${weights === '' ? nothing : html`<span class="${weights === 'w' ? 'plain' : 'act'}">${weights}</span>`}</h3>
      ${stagesOf(part.blocks).map(stage => drawStage(drawing, stage))}
    </section>`
}
