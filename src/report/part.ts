import { count } from '../cli/format.ts'
import { type Block, type Stage, stagesOf } from './blocks.ts'
import { changeText } from './describe.ts'
import { html, type Markup, nothing } from './markup.ts'
import type { Segment } from './strands.ts'

/** A box of the picture: a segment of the graph, folded. */
export interface Part extends Segment {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** What a part is measured against. */
export interface Scale {
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
export const shareText = ({ total }: Scale, cost: number): string => {
  const percent = (100 * cost) / Math.max(1, total)
  return cost > 0 && percent < 0.05 ? '<0.1%' : `${percent.toFixed(1)}%`
}

/** `5 ops · 3.1%`. */
export const sizeText = (scale: Scale, ops: number, cost: number): string =>
  [ops === 1 ? '1 op' : `${ops} ops`, ...(cost > 0 ? [shareText(scale, cost)] : [])].join(' · ')

/** The id of a block's list of nodes. */
export const panelId = (block: Block): string => `block-${block.nodes[0]}`

const drawBlock = (scale: Scale, block: Block, label: string, alone: boolean): Markup => {
  const type = changeText(block.from, block.to)
  const size = sizeText(scale, block.nodes.length, block.multiplyAdds)
  const tip = [
    block.name,
    type,
    size,
    `${count(block.multiplyAdds)} multiply-adds`,
    ...block.acts.map(act => `${act}(w)`),
  ]
  const shade = Math.round((100 * block.multiplyAdds) / scale.costliest)
  const details = html`<span>${type}</span><span>${size}</span>`
  return html`
    <button type="button" class="block ${block.kind}${block.acts.length > 0 ? ' acted' : ''}" style="--cost:${shade}"
      title="${tip.join(', ')}" aria-expanded="false" aria-controls="${panelId(block)}">
      <b>${label}</b>${alone ? details : nothing}
    </button>`
}

const drawStage = (scale: Scale, { name, blocks }: Stage): Markup => {
  if (blocks.length === 1) return drawBlock(scale, blocks[0], blocks[0].name, true)
  const ops = blocks.reduce((total, block) => total + block.nodes.length, 0)
  const label = (block: Block): string => block.name.slice(name.length).replace(/^[._]/, '') || '·'
  return html`
    <div class="stage">
      <p><b>${name}</b><span>${changeText(blocks[0].from, blocks[blocks.length - 1].to)}</span><span>${sizeText(scale, ops, costOf(blocks))}</span></p>
      <div class="strip">${blocks.map(block => drawBlock(scale, block, label(block), false))}</div>
    </div>`
}

/** `flip(w)` or `w`: how a part reads its weights. */
const weightsText = ({ acts }: Scale, { blocks, parent }: Part): string => {
  const found = [...new Set(blocks.flatMap(block => block.acts))]
  const reads = costOf(blocks) > 0 && parent !== null
  return found.length > 0 ? found.map(act => `${act}(w)`).join(' ') : acts && reads ? 'w' : ''
}

/** A box with its title and its blocks, stage by stage. */
export const drawPart = (scale: Scale, part: Part): Markup => {
  const weights = weightsText(scale, part)
  return html`
    <section class="part">
      <h3>${part.title}<span>${sizeText(scale, part.nodes.length, costOf(part.blocks))}</span>
        ${weights === '' ? nothing : html`<span class="${weights === 'w' ? 'plain' : 'act'}">${weights}</span>`}</h3>
      ${stagesOf(part.blocks).map(stage => drawStage(scale, stage))}
    </section>`
}
