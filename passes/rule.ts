import type { AttributesOf, Element, NodeId, OpTag, Type } from '../ir/index.ts'

/**
 * Left-hand sides: what a rule matches. Data with three readers: the matcher, the printer of laws, and the generator
 * of graphs that it matches. A name that stands twice must bind equal things.
 */
export type Pattern =
  | { readonly kind: 'any'; readonly name: string; readonly type?: Type['kind'] }
  | {
      readonly kind: 'op'
      readonly tag: OpTag
      /** Binds the attributes. */
      readonly name: string
      /** One pattern an operand, or one that every operand of a variadic op matches, its names bound to lists. */
      readonly operands: readonly Pattern[] | { readonly each: Pattern }
    }

/** A value computed from what the left side bound, with the text that stands for it in the law. */
export interface Computed<A> {
  readonly text: string
  readonly from: (match: Match) => A
}

/** Right-hand sides: what a match is replaced by. */
export type Template =
  | { readonly kind: 'ref'; readonly name: string }
  | {
      readonly kind: 'op'
      readonly tag: OpTag
      readonly attributes: Computed<object>
      readonly operands: readonly Template[] | Computed<readonly NodeId[]>
    }

/** What the left side bound. */
export interface Match {
  readonly attributes: <T extends OpTag>(tag: T, name: string) => AttributesOf<T>
  readonly element: (name: string) => Element
  readonly nodes: (name: string) => readonly NodeId[]
  readonly type: (name: string) => Type
  /** Whether the matched op of that name has one reader, so that rewriting it duplicates no work. */
  readonly usedOnce: (name: string) => boolean
}

export interface Rule {
  readonly name: string
  /** `exact`: bit-equal where every sum is exact. `rounding`: equal within rounding. */
  readonly precision: 'exact' | 'rounding'
  /** Where the law holds: a training graph's batch statistics see every copy. */
  readonly mode: 'both' | 'inference'
  readonly lhs: Pattern
  readonly rhs: Template
  readonly when?: Computed<boolean>
}

export const any = (name: string, type?: Type['kind']): Pattern => ({
  kind: 'any',
  name,
  ...(type === undefined ? {} : { type }),
})

export const op = (tag: OpTag, name: string, ...operands: readonly Pattern[]): Pattern => ({
  kind: 'op',
  tag,
  name,
  operands,
})

/** A variadic op all of whose operands match one pattern. */
export const each = (tag: OpTag, name: string, pattern: Pattern): Pattern => ({
  kind: 'op',
  tag,
  name,
  operands: { each: pattern },
})

export const act = (name: string, operand: Pattern): Pattern => op('Act', name, operand)

export const ref = (name: string): Template => ({ kind: 'ref', name })

export const computed = <A>(text: string, from: (match: Match) => A): Computed<A> => ({ text, from })

/** Attributes taken over as they were matched. */
export const same = (tag: OpTag, name: string): Computed<object> => computed(name, match => match.attributes(tag, name))

export const make = (tag: OpTag, attributes: Computed<object>, ...operands: readonly Template[]): Template => ({
  kind: 'op',
  tag,
  attributes,
  operands,
})

export const makeFrom = (
  tag: OpTag,
  attributes: Computed<object>,
  operands: Computed<readonly NodeId[]>,
): Template => ({
  kind: 'op',
  tag,
  attributes,
  operands,
})

const printPattern = (p: Pattern): string => {
  if (p.kind === 'any') return p.name
  if ('each' in p.operands) return `${p.tag}(${printPattern(p.operands.each)}, …; ${p.name})`
  const operands = p.operands.map(printPattern)
  return p.tag === 'Act' ? `${p.name}·${operands[0]}` : `${p.tag}(${operands.join(', ')}; ${p.name})`
}

const printTemplate = (t: Template): string => {
  if (t.kind === 'ref') return t.name
  const operands = 'text' in t.operands ? [t.operands.text] : t.operands.map(printTemplate)
  return t.tag === 'Act'
    ? `${t.attributes.text}·${operands[0]}`
    : `${t.tag}(${operands.join(', ')}${t.attributes.text === '' ? '' : `; ${t.attributes.text}`})`
}

/** The rule as a law: `Conv2d(g·x, w; conv) = g·Conv2d(x, g⁻¹·w; mirror(g, conv))`, then its side condition. */
export const printLaw = (rule: Rule): string =>
  `${printPattern(rule.lhs)} = ${printTemplate(rule.rhs)}${rule.when === undefined ? '' : `  when ${rule.when.text}`}`
