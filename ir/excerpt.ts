/** Appends JSON of a value to `parts` until they are longer than `most`, so that no value is walked deeper than it is shown. */
const write = (value: unknown, parts: string[], most: number): number => {
  const put = (text: string, left: number): number => {
    parts.push(text)
    return left - text.length
  }
  const list = (open: string, items: Iterable<readonly [string, unknown]>, close: string): number => {
    let left = put(open, most)
    let first = true
    for (const [key, item] of items) {
      if (left < 0) return left
      left = put(first ? key : `,${key}`, left)
      if (left >= 0) left = write(item, parts, left)
      first = false
    }
    return left < 0 ? left : put(close, left)
  }
  if (Array.isArray(value)) return list('[', elementsOf(value), ']')
  if (typeof value === 'object' && value !== null) return list('{', entriesOf(value, most), '}')
  if (typeof value === 'string') return put(JSON.stringify(value.slice(0, most + 1)), most)
  return put(JSON.stringify(value) ?? 'null', most)
}

function* elementsOf(values: readonly unknown[]): Generator<readonly [string, unknown]> {
  for (const value of values) yield ['', value]
}

function* entriesOf(value: object, most: number): Generator<readonly [string, unknown]> {
  for (const key in value)
    if (Object.hasOwn(value, key)) yield [`${JSON.stringify(key.slice(0, most + 1))}:`, (value as never)[key]]
}

/** JSON of any value that came from a file, cut after so many letters: however deep or long it is, what it takes is bounded. */
export const excerpt = (value: unknown, most = 120): string => {
  if (value === undefined) return 'nothing'
  const parts: string[] = []
  write(value, parts, most)
  const text = parts.join('')
  return text.length > most ? `${text.slice(0, most)}…` : text
}
