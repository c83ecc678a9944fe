import type { NodeId } from '../../../../ir/graph.ts'
import type { Pair } from '../../../../ir/op.ts'
import { type Partition, windowAtMost } from '../../../../ir/ops/attention.ts'
import { sizeOf } from '../../../../ir/tensor.ts'
import { asMap } from './arrange.ts'
import type { Constant } from './constant.ts'
import { digitsOf, type Operand, orderOf, withChannels } from './heads.ts'
import { piece, together } from './pieces.ts'
import { refuse } from './refuse.ts'
import { cutTable, readScores, sumOfScores, unbiased, type Windows } from './relative-bias.ts'
import { merged } from './reshape.ts'
import { exampleType, type Translation } from './translation.ts'
import { type Atom, extentOf, sameAtoms, type View } from './view.ts'

/** Queries, keys and values, each a map whose channels are in heads. */
type Maps = readonly [queries: NodeId, keys: NodeId, values: NodeId]

/** Windows side by side of as many rows, or columns. */
interface Run {
  readonly begin: number
  readonly size: number
  readonly count: number
}

const runsOf = (sizes: readonly number[]): readonly Run[] => {
  const out: Run[] = []
  let begin = 0
  for (const size of sizes) {
    const last = out.at(-1)
    if (last?.size === size) out[out.length - 1] = { ...last, count: last.count + 1 }
    else out.push({ begin, size, count: 1 })
    begin += size
  }
  return out
}

const cut = (t: Translation, map: NodeId, of: 'h' | 'w', { begin, size, count }: Run): NodeId =>
  piece(t, map, of, begin, size * count)

/** How attention in windows is written: how many windows along rows and columns, of how many pixels, and what is added to their scores. */
interface InWindows {
  readonly count: Pair
  readonly window: Pair
  readonly heads: number
  readonly partition: Partition
  readonly scale: number
  readonly added: readonly Constant[]
}

const read = (t: Translation, { count, window, heads, added }: InWindows): Windows => {
  if (added.length === 0) return unbiased(count, window, heads)
  const scores = { windows: sizeOf(count), heads, pixels: sizeOf(window) }
  return readScores(sumOfScores(t, added, scores), count, window)
}

/** The biases of windows of some size. */
const biasOf = (t: Translation, { added, window, heads }: InWindows, { table }: Windows, size: Pair): NodeId => {
  const { shape, at } = cutTable(table, window, size, heads)
  const [first] = added
  if (first === undefined) return t.table('no bias', shape, at)
  return t.parameter(first, `biases ${added.map(({ name }) => name)} ${shape}`, () => ({
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, (_, k) => at(k)),
  }))
}

/** Attention of maps in windows: one op, or one for each size that windows have. @throws Refusal where what is added to scores is neither a bias by offset nor a mask */
const inWindowsOf = (t: Translation, maps: Maps, how: InWindows, name: string): NodeId => {
  const windows = read(t, how)
  const { scale, partition } = how
  const attended = (own: readonly NodeId[], size: Pair): NodeId =>
    t.build.draft.add('WindowAttention', [...own, biasOf(t, how, windows, size)], { scale, partition }, name)
  const [rows, columns] = windows.sizes.map(runsOf)
  if (rows.length * columns.length > 1 && partition === 'grid')
    return refuse('unsupported-shape', 'masks between pixels of a grid', 'masks of windows')
  const inRows = rows.map(row => {
    const strips = maps.map(map => cut(t, map, 'h', row))
    const parts = columns.map(column => {
      const own = strips.map(strip => cut(t, strip, 'w', column))
      return attended(own, [row.size, column.size])
    })
    return together(t, parts, 'w')
  })
  return together(t, inRows, 'h')
}

/** Rows and columns that some atoms are. */
const extentsOf = (atoms: readonly Atom[]): Pair => [
  extentOf(atoms.filter(({ of }) => of === 'h')),
  extentOf(atoms.filter(({ of }) => of === 'w')),
]

/** How a map is divided where these atoms say which window a pixel is in; null where they are of neither way. */
const partitionOf = (windows: readonly Atom[], pixels: readonly Atom[]): Partition | null => {
  const across = (inner: readonly Atom[], outer: readonly Atom[]): boolean =>
    outer.every(({ of, stride }) => stride === extentOf(inner.filter(atom => atom.of === of))) &&
    inner.every(({ stride }) => stride === 1)
  if (across(pixels, windows)) return 'blocks'
  return across(windows, pixels) ? 'grid' : null
}

const isRowMajor = (atoms: readonly Atom[]): boolean => ['', 'h', 'w', 'h,w'].includes(orderOf(atoms))

/**
 * What each pixel of the queries finds in its window, or in the map, where numbers known at import are added to scores; null where pixels are not those of windows row by
 * row. @throws Refusal where what is added is neither a bias by offset nor a mask
 */
export const attendInWindows = (
  t: Translation,
  { scale, added, name }: Pick<InWindows, 'scale' | 'added'> & { readonly name: string },
  [q, ...memory]: readonly Operand[],
): View | null => {
  const { pixels } = q
  const spatial = q.lead.filter(({ of }) => of !== 'c')
  const window = extentsOf(pixels)
  const partition = partitionOf(spatial, pixels)
  const channelsOf = ({ lead, channels }: Operand): readonly Atom[] => [...lead.slice(spatial.length), ...channels]
  const isAlike = [q, ...memory].every(
    operand =>
      sameAtoms(operand.pixels, pixels) &&
      sameAtoms(operand.lead.slice(0, spatial.length), spatial) &&
      channelsOf(operand).every(({ of }) => of === 'c'),
  )
  const isRead = isAlike && isRowMajor(pixels) && isRowMajor(spatial) && sizeOf(window) <= windowAtMost
  if (memory.length !== 2 || partition === null || !isRead) return null
  const places = partition === 'blocks' ? [...spatial, ...pixels] : [...pixels, ...spatial]
  const along = (axis: 'h' | 'w'): readonly Atom[] => merged(places.filter(({ of }) => of === axis))
  const [queries, keys, values] = [q, ...memory].map(operand =>
    asMap(t, operand.view.node, { h: along('h'), w: along('w'), c: channelsOf(operand) }),
  )
  const heads = q.lead.slice(spatial.length)
  const how = { count: extentsOf(spatial), window, heads: extentOf(heads), partition, scale, added }
  const found = inWindowsOf(t, [queries, keys, values], how, name)
  const { c } = exampleType(t, found)
  const channels = digitsOf([...heads.map(({ extent }) => extent), c / extentOf(heads)])
  return { kind: 'view', node: found, axes: withChannels(q.view, pixels, channels) }
}
