import { visible } from '../../ir/index.ts'

/** Markup that is safe to put into a page: everything that was not markup has been escaped. */
export interface Markup {
  readonly markup: string
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as markup, for content and for attributes in quotes, with what cannot be seen in it as its code point. */
export const escapeText = (text: string): string => visible(text).replace(/[&<>"']/g, character => entities[character])

type Value = string | number | Markup | readonly Markup[]

const rendered = (value: Value): string => {
  if (typeof value === 'string') return escapeText(value)
  if (typeof value === 'number') return String(value)
  return 'markup' in value ? value.markup : value.map(part => part.markup).join('')
}

/** Line breaks of the source say nothing, but between attributes they part them. */
const unindented = (part: string): string => part.replace(/\n\s*(?=\w)/g, ' ').replace(/\n\s*/g, '')

/** A template whose interpolated text is escaped; lists of markup are joined. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Markup => ({
  markup: String.raw({ raw: parts.map(unindented) }, ...values.map(rendered)),
})

/** Markup of our own that is no template: a style sheet, a script. */
export const verbatim = (markup: string): Markup => ({ markup })

export const nothing: Markup = verbatim('')
