import type { PassReport } from '../../passes/index.ts'
import { count } from '../base/format.ts'
import { html, type Markup } from './markup.ts'

/** `1007`, or `6789 → 1007`. */
export const changed = (before: number, after: number, text: (n: number) => string): Markup =>
  before === after ? html`${text(after)}` : html`${text(before)} → <b>${text(after)}</b>`

/** `share-node 5580`: how often each rule fired. */
export const rewritesText = ({ rewrites }: PassReport): readonly Markup[] =>
  Object.entries(rewrites)
    .filter(([, times]) => times > 0)
    .map(([rule, times]) => html`<span class="rule">${rule} <b>${times}</b></span>`)

const drawPass = (pass: PassReport, most: number): Markup => html`
    <tr>
      <td>${pass.name}</td>
      <td>${rewritesText(pass)}</td>
      <td>${changed(pass.nodes_before, pass.nodes_after, String)}</td>
      <td>${changed(pass.multiply_adds_before, pass.multiply_adds_after, count)}</td>
      <td><span class="bar" style="width:${((100 * pass.multiply_adds_after) / most).toFixed(1)}%"></span></td>
    </tr>`

/** What each pass did, in order; times are left out, so that equal compilations give equal pages. */
export const drawPasses = (passes: readonly PassReport[]): Markup => html`
  <table class="passes">
    <thead><tr><th>pass</th><th>rewrites</th><th>nodes</th><th>multiply-adds</th><th></th></tr></thead>
    <tbody>${passes.map(pass => drawPass(pass, Math.max(1, ...passes.map(p => p.multiply_adds_after))))}</tbody>
  </table>`
