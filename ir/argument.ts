import { EspalierError, type Problem, problem } from './error.ts'
import { excerpt } from './excerpt.ts'

const shownAtMost = 60

const nameOf = (value: object): string => value.constructor?.name || 'Object'
const withArticle = (noun: string): string => `${/^[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`

/** What a value is, in words: the kind that matters where another was expected. */
export const kindOf = (value: unknown): string => {
  if (value === undefined || value === null) return String(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'string') return excerpt(value, shownAtMost)
  if (typeof value !== 'object') return `the ${typeof value} ${String(value)}`
  if (value instanceof Promise) return 'a promise'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Map || value instanceof Set) return `a ${nameOf(value)} of ${value.size}`
  if (value instanceof ArrayBuffer) return `an ArrayBuffer of ${value.byteLength} bytes`
  if (ArrayBuffer.isView(value)) {
    const length = 'length' in value ? Number(value.length) : value.byteLength
    return `${withArticle(nameOf(value))} of ${length}`
  }
  const keys = Object.keys(value)
  if (keys.includes('_tag')) return 'an Either or Option'
  const shown = keys.slice(0, 4).join(', ') + (keys.length > 4 ? ', …' : '')
  const noun = nameOf(value) === 'Object' ? 'object' : nameOf(value)
  return keys.length === 0 ? `an empty ${noun}` : `${withArticle(noun)} with ${shown}`
}

/** Hints that fit whatever was expected. */
const generalHint = (value: unknown): string | undefined => {
  if (value instanceof Promise) return 'await it'
  const either = typeof value === 'object' && value !== null && '_tag' in value
  return either ? 'its right side, where it has one' : undefined
}

/** A problem of a function’s argument: what kind of value was given, and what was expected. */
export const argumentProblem = (
  where: string,
  value: unknown,
  expected: string,
  hint?: string,
): Problem<'bad-argument'> => problem('bad-argument', where, kindOf(value), expected, generalHint(value) ?? hint)

/** Refuses an argument of another kind than a function takes. @throws EspalierError */
export const checkArgument = (where: string, value: unknown, fits: boolean, expected: string, hint?: string): void => {
  if (!fits) throw new EspalierError([argumentProblem(where, value, expected, hint)])
}

/** Whether a value is an object with keys: no array, no view of bytes. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)

/** Whether a value looks like a graph. */
export const isGraph = (value: unknown): boolean =>
  isObject(value) && Array.isArray(value.nodes) && Array.isArray(value.outputs)

/** Refuses what is no graph. @throws EspalierError */
export const checkGraph = (where: string, value: unknown): void =>
  checkArgument(
    where,
    value,
    isGraph(value),
    'a graph',
    typeof value === 'string' ? 'parse(text)' : isObject(value) && isGraph(value.graph) ? 'its graph' : undefined,
  )
