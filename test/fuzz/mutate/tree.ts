import type { Random } from '../../../src/base/random.ts'
import { mutateBytes } from './bytes.ts'
import { changes, oddNumbers, oddTexts, otherNumber, pick, weighted } from './draw.ts'

/** Text that {@link printJson} prints as it is. */
const raw = (text: string): string => `\u0001${text}`
/** So many brackets, one in another. */
const nested = (depth: number, [open, close]: readonly [string, string] = ['[', ']']): string =>
  raw(`nest ${depth} ${open} ${close}`)

const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  '',
  0,
  -1,
  1e308,
  raw('1e999'),
  raw('-0'),
  raw('{"__proto__": {"a": 1}}'),
  nested(100),
  nested(100_000),
  nested(20_000, ['{"a":', '}']),
]

/** JSON of a tree, which may be deeper than the stack. */
export const printJson = (tree: unknown): string =>
  (JSON.stringify(tree) ?? 'null').replace(/"\\u0001((?:[^"\\]|\\.)*)"/g, (_, text: string) => {
    const own = JSON.parse(`"${text}"`) as string
    const [word, depth, open, close] = own.split(' ')
    return word === 'nest' ? open.repeat(Number(depth)) + (open === '[' ? '' : '0') + close.repeat(Number(depth)) : own
  })

type Container = Record<string | number, unknown>

interface Spot {
  readonly parent: Container
  readonly key: string | number
}

const isContainer = (value: unknown): value is Container =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

/** Every place of a tree but its root; of long lists of numbers a few. */
const spots = (tree: unknown): readonly Spot[] => {
  const found: Spot[] = []
  const waiting: unknown[] = [tree]
  while (waiting.length > 0 && found.length < 20_000) {
    const parent = waiting.pop()
    if (!isContainer(parent)) continue
    const keys = Array.isArray(parent) ? [...parent.keys()] : Object.keys(parent)
    for (const key of keys.length > 64 && typeof parent[keys[0]] === 'number' ? keys.slice(0, 8) : keys) {
      found.push({ parent, key })
      waiting.push(parent[key])
    }
  }
  return found
}

const sameKind = (a: unknown, b: unknown): boolean =>
  typeof a === typeof b &&
  Array.isArray(a) === Array.isArray(b) &&
  (a === null) === (b === null) &&
  a instanceof Uint8Array === b instanceof Uint8Array

const put = ({ parent, key }: Spot, value: unknown): void => {
  // Not by assignment: a key may be `__proto__`.
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
}

const remove = ({ parent, key }: Spot): void => {
  if (Array.isArray(parent)) parent.splice(key as number, 1)
  else delete parent[key]
}

const copy = <A>(value: A): A => structuredClone(value)

const otherScalar = (value: unknown, random: Random, all: readonly unknown[], words: readonly string[]): unknown => {
  if (typeof value === 'number')
    return otherNumber(
      random,
      value,
      all.filter(other => typeof other === 'number'),
    )
  if (typeof value === 'boolean') return !value
  if (value instanceof Uint8Array) return mutateBytes(value, random)
  if (typeof value !== 'string') return pick(random, oddValues)
  return weighted(random, [
    [5, () => pick(random, [value, ...all.filter(other => typeof other === 'string')])],
    [words.length === 0 ? 0 : 5, () => pick(random, words)],
    [1, () => pick(random, oddTexts)],
    [1, () => `${value}${pick(random, ['_', '1', ' ', '\0', '/x', ':1'])}`],
  ])()
}

const change = (root: { tree: unknown }, random: Random, words: readonly string[]): void => {
  const all = spots(root)
  if (all.length === 0) {
    root.tree = pick(random, oddValues)
    return
  }
  const scalars = all.filter(({ parent, key }) => !isContainer(parent[key]))
  const spot = pick(random, random.below(3) > 0 && scalars.length > 0 ? scalars : all)
  const value = spot.parent[spot.key]
  const siblings = Array.isArray(spot.parent) ? spot.parent.length : 0
  weighted(random, [
    [
      isContainer(value) ? 0 : 10,
      () =>
        put(
          spot,
          otherScalar(
            value,
            random,
            scalars.map(({ parent, key }) => parent[key]),
            words,
          ),
        ),
    ],
    [
      4,
      () => {
        const alike = all.filter(({ parent, key }) => sameKind(parent[key], value))
        const { parent, key } = pick(random, alike)
        put(spot, copy(parent[key]))
      },
    ],
    [2, () => remove(spot)],
    [
      siblings > 0 ? 3 : 0,
      () => (spot.parent as unknown as unknown[]).splice(random.below(siblings + 1), 0, copy(value)),
    ],
    [
      siblings > 1 ? 3 : 0,
      () => {
        const other = random.below(siblings)
        const kept = spot.parent[other]
        put({ parent: spot.parent, key: other }, value)
        put(spot, kept)
      },
    ],
    [
      siblings > 0 ? 0.2 : 0,
      () => {
        const times = pick(random, [10, 1000, 20_000])
        const list = spot.parent as unknown as unknown[]
        for (let n = isContainer(value) ? Math.min(times, 1000) : times; n > 0; n--) list.push(copy(value))
      },
    ],
    [1, () => put(spot, pick(random, oddValues))],
    [0.5, () => put(spot, random.below(2) === 0 ? [value] : { value })],
    [
      siblings === 0 ? 1 : 0,
      () => {
        remove(spot)
        put({ parent: spot.parent, key: pick(random, [`${spot.key}s`, ...oddTexts, ...words]) }, value)
      },
    ],
    [0.5, () => put(spot, pick(random, oddNumbers))],
  ])()
}

/** A tree of JSON values and bytes with a few of its parts changed, mostly for others of their kind. */
export const mutateTree = (tree: unknown, random: Random, words: readonly string[] = []): unknown => {
  const root = { tree: copy(tree) }
  for (let n = changes(random); n > 0; n--) change(root, random, words)
  return root.tree
}

/** Trees with one part left out, the largest first. */
export function* smallerTrees(tree: unknown): Iterable<unknown> {
  const count = spots(tree).length
  const size = ({ parent, key }: Spot): number => spots(parent[key]).length
  const order = spots(tree)
    .map((spot, k) => [size(spot), k] as const)
    .sort(([a], [b]) => b - a)
  for (const [, k] of order.slice(0, Math.min(count, 400))) {
    const smaller = copy(tree)
    remove(spots(smaller)[k])
    yield smaller
  }
}
