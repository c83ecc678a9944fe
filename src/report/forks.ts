import { html, type Markup } from './markup.ts'
import type { Segment } from './strand.ts'

export type Columns = Pick<Segment, 'column' | 'span'>

const middle = ({ column, span }: Columns): number => 2 * column + span

/** A line from one row to another, in the middle of some columns. */
export const drawStem = (from: number, to: number, { column, span }: Columns): Markup =>
  html`<div class="stem" style="grid-row:${from}/${to};grid-column:${column + 1}/span ${span}"></div>`

/** Lines from the middle of all columns of a span to the middles of narrower ones below it, or (`joins`) above it. */
export const drawFork = (
  row: number,
  { column, span }: Columns,
  narrower: readonly Columns[],
  joins: boolean,
): Markup => {
  const middles = narrower.map(part => middle(part) - 2 * column)
  const stem = joins ? 'V20' : 'V0'
  const twigs = middles.map(x => `M${x} 10${joins ? 'V0' : 'V20'}`)
  const ends = [...middles, span]
  return html`
    <svg class="fork" style="grid-area:${row}/${column + 1}/auto/span ${span}" viewBox="0 0 ${2 * span} 20" preserveAspectRatio="none" aria-hidden="true">
      <path d="M${span} 10${stem}M${Math.min(...ends)} 10H${Math.max(...ends)}${twigs.join('')}"/>
    </svg>`
}

/** Lines across all columns, from the middles of those above to the middles of those below. */
export const drawCrossing = (
  row: number,
  columns: number,
  wires: readonly { readonly from: Columns; readonly to: Columns }[],
): Markup => {
  const paths = new Set(
    wires.map(({ from, to }) => `M${middle(from)} 0C${middle(from)} 12 ${middle(to)} 8 ${middle(to)} 20`),
  )
  return html`
    <svg class="fork" style="grid-area:${row}/1/auto/span ${columns}" viewBox="0 0 ${2 * columns} 20" preserveAspectRatio="none" aria-hidden="true">
      <path d="${[...paths].join('')}"/>
    </svg>`
}
