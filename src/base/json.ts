/** A key as JSON has it: `errorPercent` is `error_percent`. */
type JsonKey<K> = K extends string
  ? string extends K
    ? K
    : K extends `${infer First}${infer Rest}`
      ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${JsonKey<Rest>}`
      : K
  : K

/** What a result is in JSON: the same with the keys of its objects in snake case. */
export type Json<T> = T extends readonly unknown[]
  ? { readonly [K in keyof T]: Json<T[K]> }
  : T extends object
    ? { readonly [K in keyof T as JsonKey<K>]: Json<T[K]> }
    : T

const jsonKey = (key: string): string => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

const jsonOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [jsonKey(key), jsonOf(each)]))
}

/** A result as JSON has it; the order of keys stays. */
export const json = <T>(value: T): Json<T> => jsonOf(value) as Json<T>
