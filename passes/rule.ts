import type { AttributesOf, NodeId, OpTag, Type } from '../ir/index.ts'

/**
 * Left-hand sides: what a rule matches. Data with three readers: the matcher, the printer of laws, and the generator
 * of graphs that it matches. A name that stands twice must bind equal things. `Bound` is what the right side gets by these names.
 */
export type Pattern<Bound = unknown> = (AnyPattern | OpPattern) & { readonly bound?: Bound }

interface AnyPattern {
  readonly kind: 'any'
  readonly name: string
  readonly type?: Type['kind']
}

interface OpPattern {
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
  /** From what a match bound. */
  readonly from: (match: Match) => A
}

/** Right-hand sides: what a match is replaced by. */
export type Template =
  | { readonly kind: 'ref'; readonly name: string }
  | {
      readonly kind: 'op'
      readonly tag: OpTag
      readonly attributes: Computed<unknown>
      readonly operands: readonly Template[] | Computed<readonly NodeId[]>
    }
  | Expansion

/** A right side whose form depends on the match; a template that stands in it several times is built once, and the whole takes the name of what it replaces. */
export interface Expansion {
  readonly kind: 'expansion'
  readonly template: Computed<Template>
}

/** What the left side bound, by name. */
export interface Match {
  /** Of the op of that name. */
  readonly attributes: <T extends OpTag>(tag: T, name: string) => AttributesOf<T>
  /** The values that a name stands for. */
  readonly nodes: (name: string) => readonly NodeId[]
  /** Of the value of that name. */
  readonly type: (name: string) => Type
  /** Whether the matched op of that name has one reader, so that rewriting it duplicates no work. */
  readonly usedOnce: (name: string) => boolean
}

/** Where a law holds: `inference` ones do not in a training graph, whose batch statistics see every copy. */
export type Mode = 'both' | 'inference'

/** A rewrite: a left side as data, and what it becomes. */
export interface Rule<M extends Mode = Mode> {
  readonly name: string
  /** `exact`: bit-equal where every sum is exact. `rounding`: equal within rounding. */
  readonly precision: 'exact' | 'rounding'
  readonly mode: M
  readonly lhs: Pattern
  readonly rhs: Template
  readonly when?: Computed<boolean>
}

/** A matched value: itself on the right side, and its type. */
export interface BoundValue {
  readonly kind: 'ref'
  readonly name: string
  readonly type: Computed<Type>
}

/** The values that one name stands for under {@link each}. */
export interface BoundList {
  readonly nodes: Computed<readonly NodeId[]>
}

/** A matched op: its attributes. */
export interface BoundOp<T extends OpTag> extends Computed<AttributesOf<T>> {
  readonly usedOnce: Computed<boolean>
}

type BoundBy<P> = P extends Pattern<infer B> ? B : never
type BoundByAll<Ps> = Ps extends readonly [infer P, ...infer Rest] ? BoundBy<P> & BoundByAll<Rest> : unknown
type Named<N extends string, B> = { readonly [K in N]: B }
type Listed<B> = { readonly [K in keyof B]: B[K] extends BoundValue ? BoundList : B[K] }

/** Matches any value, and names it. */
export const any = <const N extends string>(name: N, type?: Type['kind']): Pattern<Named<N, BoundValue>> => ({
  kind: 'any',
  name,
  type,
})

/** Matches an op with operands that match, and names it. */
export const op = <T extends OpTag, const N extends string, const Ps extends readonly Pattern[]>(
  tag: T,
  name: N,
  ...operands: Ps
): Pattern<Named<N, BoundOp<T>> & BoundByAll<Ps>> => ({ kind: 'op', tag, name, operands })

/** A variadic op all of whose operands match one pattern. */
export const each = <T extends OpTag, const N extends string, B>(
  tag: T,
  name: N,
  pattern: Pattern<B>,
): Pattern<Named<N, BoundOp<T>> & Listed<B>> => ({ kind: 'op', tag, name, operands: { each: pattern } })

/** Matches an act of the dihedral group, and names it. */
export const act = <const N extends string, B>(name: N, operand: Pattern<B>) => op('Act', name, operand)

/** A value that the left side named. */
export const ref = (name: string): Template => ({ kind: 'ref', name })

/** A value that a match is asked for by name: for parts that laws are made of; rules use {@link derive}. */
export const computed = <A>(text: string, from: (match: Match) => A): Computed<A> => ({ text, from })

type ValuesOf<Cs> = { readonly [K in keyof Cs]: Cs[K] extends Computed<infer A> ? A : never }

/** A value computed from others. */
export const derive = <const Cs extends readonly Computed<unknown>[], A>(
  text: string,
  parts: Cs,
  from: (...values: ValuesOf<Cs>) => A,
): Computed<A> => ({
  text,
  from: match => from(...(parts.map(part => part.from(match)) as unknown as ValuesOf<Cs>)),
})

/** Attributes that do not depend on the match. */
export const given = <A>(text: string, value: A): Computed<A> => computed(text, () => value)

/** An op that is made of values. */
export const make = <T extends OpTag>(
  tag: T,
  attributes: Computed<AttributesOf<T>>,
  ...operands: readonly Template[]
): Template => ({ kind: 'op', tag, attributes, operands })

/** An op that is made with attributes of one that the left side named. */
export const makeFrom = <T extends OpTag>(
  tag: T,
  attributes: Computed<AttributesOf<T>>,
  operands: Computed<readonly NodeId[]>,
): Template => ({ kind: 'op', tag, attributes, operands })

/** A right side that is worked out from what a match bound. */
export const expansion = (template: Computed<Template>): Template => ({ kind: 'expansion', template })

/** An op with attributes that are known: for expansions. */
export const node = <T extends OpTag>(
  tag: T,
  attributes: AttributesOf<T>,
  ...operands: readonly Template[]
): Template => make(tag, given('', attributes), ...operands)

/** What a left side hands to the right side and to the side condition, by name. */
const boundBy = (pattern: Pattern): Readonly<Record<string, unknown>> => {
  const { name } = pattern
  if (pattern.kind === 'any') {
    const type = computed(name, match => match.type(name))
    const nodes = computed(name, match => match.nodes(name))
    return { [name]: { kind: 'ref', name, type, nodes } }
  }
  const { tag, operands } = pattern
  const attributes = computed(name, match => match.attributes(tag, name))
  const usedOnce = computed(`${name} has one reader`, match => match.usedOnce(name))
  const inner = 'each' in operands ? [operands.each] : operands
  return Object.assign({ [name]: { ...attributes, usedOnce } }, ...inner.map(boundBy))
}

/** A rule whose right side and side condition are functions of what the left side binds: the types of these are read off the pattern. */
export const rule = <B, const M extends Mode>({
  lhs,
  rhs,
  when,
  ...facts
}: Pick<Rule<M>, 'name' | 'precision' | 'mode'> & {
  readonly lhs: Pattern<B>
  readonly rhs: (bound: B) => Template
  readonly when?: (bound: B) => Computed<boolean>
}): Rule<M> => {
  const bound = boundBy(lhs) as B
  return { ...facts, lhs, rhs: rhs(bound), when: when?.(bound) }
}
