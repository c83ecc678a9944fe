import { html, type Markup, nothing } from '../markup.ts'
import { chartTable } from './chart-table.ts'
import type { Cell, Section, Table } from './section.ts'

/** Tables of charts that are longer are closed at first. */
const longest = 24

const drawCell = (cell: Cell): Markup =>
  typeof cell === 'string' ? html`<td>${cell}</td>` : html`<td class="number">${cell.number}</td>`

const isNumber = (rows: Table['rows'], column: number): boolean =>
  rows.length > 0 && typeof rows[0][column] !== 'string'

const drawTable = ({ head, rows, note }: Table): Markup => html`
  <div class="scroll"><table>
    <thead><tr>${head.map((name, k) => html`<th class="${isNumber(rows, k) ? 'number' : ''}">${name}</th>`)}</tr></thead>
    <tbody>${rows.map(row => html`<tr>${row.map(drawCell)}</tr>`)}</tbody>
  </table></div>${note === undefined ? nothing : html`<p class="note">${note}</p>`}`

const heading = (text: string | undefined): Markup => (text === undefined ? nothing : html`<h2>${text}</h2>`)
const paragraph = (text: string | undefined): Markup => (text === undefined ? nothing : html`<p>${text}</p>`)

const png = (bytes: Uint8Array): string => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`

/** A section as markup; `chart` is the number of the chart that it draws. */
export const drawSection = (section: Section, chart: number): Markup => {
  switch (section.kind) {
    case 'text':
      return html`<section>${heading(section.heading)}${section.paragraphs.map(paragraph)}</section>`
    case 'facts':
      return html`<dl class="facts">${section.facts.map(
        ({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
      )}</dl>`
    case 'table': {
      const table = html`${paragraph(section.text)}${section.rows.length === 0 ? nothing : drawTable(section)}`
      return section.folded === true
        ? html`<section><details><summary>${heading(section.heading)}</summary>${table}</details></section>`
        : html`<section>${heading(section.heading)}${table}</section>`
    }
    case 'chart': {
      const table = section.table ?? chartTable(section.chart)
      return html`
        <section class="figure">
          <div class="whole">
            ${heading(section.heading)}${paragraph(section.text)}
            <div class="chart" data-chart="${chart}" role="img" aria-label="${section.heading}"></div>
          </div>
          <details ${table.rows.length > longest ? nothing : html`open`}><summary>The numbers</summary>${drawTable(table)}</details>
        </section>`
    }
    case 'gallery':
      return html`
        <section>
          ${heading(section.heading)}${paragraph(section.text)}
          <div class="gallery">${section.images.map(
            image => html`
              <figure>
                <img src="${png(image.png)}" alt="${image.name}">
                <figcaption><b>${image.name}</b>${image.lines.map(line => html`<span>${line}</span>`)}</figcaption>
              </figure>`,
          )}</div>
        </section>`
  }
}
