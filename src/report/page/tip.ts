import { html } from '../markup.ts'

type Row = readonly [name: string, value: string, interval?: readonly string[] | undefined]

/** What stands in the box beside the pointer: a heading and named numbers, escaped. */
export const tip = (heading: string, rows: readonly Row[]): string =>
  html`<b>${heading}</b>${rows.map(
    ([name, value, interval]) =>
      html`<br>${name} <b>${value.trim()}</b>${interval === undefined ? '' : ` (${interval.join(' to ')})`}`,
  )}`.markup
