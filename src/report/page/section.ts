import type { Sourced } from '../../experiment/sourced.ts'
import type { Chart } from './chart.ts'

/** What a page consists of, as plain data. */

export interface TextSection {
  readonly kind: 'text'
  readonly heading?: string
  readonly paragraphs: readonly string[]
}

/** Numbers are set right, text left. */
export type Cell = string | { readonly number: string }

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** What stands below it. */
  readonly note?: string
}

export interface TableSection extends Table {
  readonly kind: 'table'
  readonly heading?: string
  readonly text?: string
  /** Closed at first; open on paper. */
  readonly folded?: boolean
}

/** A chart with its numbers in a table beside it. `id` names its SVG file. */
export interface ChartSection {
  readonly kind: 'chart'
  readonly id: string
  readonly heading: string
  readonly text?: string
  readonly chart: Chart
  /** Instead of what the chart shows, where there is more to say. */
  readonly table?: Table
}

/** Images with a line or two under each. */
export interface GallerySection {
  readonly kind: 'gallery'
  readonly heading: string
  readonly text?: string
  readonly images: readonly { readonly png: Uint8Array; readonly name: string; readonly lines: readonly string[] }[]
}

/** Numbers that the page opens with. */
export interface FactsSection {
  readonly kind: 'facts'
  readonly facts: readonly { readonly name: string; readonly value: string }[]
}

export type Section = TextSection | TableSection | ChartSection | GallerySection | FactsSection

export interface Page {
  /** The name of its files. */
  readonly name: string
  readonly title: string
  readonly subtitle: string
  readonly sections: readonly Section[]
  /** The whole result, to be read back and downloaded. */
  readonly result: Sourced
}
