import type * as t from 'io-ts'
import type { Mismatch } from './op.ts'

const shownAtMost = 60

/** Any value in a few words: hostile input is neither copied nor walked. */
export const show = (value: unknown): string => {
  if (typeof value === 'string')
    return JSON.stringify(value.length > shownAtMost ? `${value.slice(0, shownAtMost)}…` : value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return value === undefined ? 'nothing' : String(value)
}

/** What io-ts refused, with the path from the decoded value: `strides[0]`, empty for the value itself. */
export interface DecodeError extends Mismatch {
  readonly path: string
}

/** Members of unions and intersections stand in io-ts's context as numbered entries that the data does not have. */
const isSynthetic = ({ type }: t.ContextEntry): boolean => {
  const { _tag: tag, type: inner } = type as { readonly _tag?: string; readonly type?: { readonly _tag?: string } }
  const bare = tag === 'ExactType' || tag === 'ReadonlyType' ? inner?._tag : tag
  return bare === 'UnionType' || bare === 'IntersectionType'
}

const pathOf = (context: t.Context): string =>
  context.reduce((path, { key }, k) => {
    if (key === '' || isSynthetic(context[k - 1])) return path
    return /^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
  }, '')

/** What a codec refused: where, what was seen, what was expected. */
export const decodeErrors = (errors: t.Errors): readonly DecodeError[] =>
  errors.map(({ context, value, message }) => ({
    path: pathOf(context),
    seen: show(value),
    expected: message ?? context[context.length - 1].type.name,
  }))
