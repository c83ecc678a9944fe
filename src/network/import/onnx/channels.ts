import { channelRuns } from '../../../../ir/channel-runs.ts'
import type { NodeId } from '../../../../ir/graph.ts'
import { refuse } from './refuse.ts'
import { exampleType, type Translation } from './translation.ts'
import { type Atom, extentOf } from './view.ts'

const runsAtMost = 512
/** Channels are permuted one by one. */
export const permutedAtMost = 1 << 16

/** @throws Refusal */
export const inexpressible = (what: string): never =>
  refuse('unsupported-shape', what, 'axes that are whole heights, widths or channels', 'keep images as [n, c, h, w]')

/** The most channels that are put in another order by a product. */
const shuffledAtMost = 4096

/** A table of numbers by channel, then by channel of the result. */
interface ChannelTable {
  readonly name: string
  readonly outputs: number
  readonly numberAt: (from: number, to: number) => number
  /** What tells it from others of its shape; by default its name. */
  readonly key?: string
}

/** Channels times a table: dense for a vector, a 1×1 convolution for a map. */
export const timesTable = (t: Translation, node: NodeId, table: ChannelTable, name?: string): NodeId => {
  const { kind, c } = exampleType(t, node)
  const { outputs, numberAt } = table
  const under = (shape: readonly number[]): NodeId =>
    t.table(table.name, shape, at => numberAt(Math.floor(at / outputs), at % outputs), table.key)
  return kind === 'Vector'
    ? t.build.dense(node, under([c, outputs]), name)
    : t.build.conv2d(node, under([1, 1, c, outputs]), { name })
}

/** The channels that a list names, by a product with zeros and ones. */
export const pickChannels = (
  t: Translation,
  node: NodeId,
  list: readonly number[],
  name: string,
  key?: string,
): NodeId =>
  timesTable(t, node, { name, key, outputs: list.length, numberAt: (from, to) => (list[to] === from ? 1 : 0) })

/** Channels in another order by a product: quicker than very many runs. */
const shuffled = (t: Translation, node: NodeId, permutation: readonly number[]): NodeId =>
  Math.max(exampleType(t, node).c, permutation.length) > shuffledAtMost
    ? inexpressible(`a permutation of ${permutation.length} channels`)
    : pickChannels(t, node, permutation, 'permutation', `permutation ${permutation}`)

/** Channels in another order, run by run. */
export const permuteChannels = (t: Translation, node: NodeId, permutation: readonly number[]): NodeId => {
  t.room.take(permutation.length)
  const runs = channelRuns(permutation)
  if (permutation.every((channel, k) => channel === k) && permutation.length === exampleType(t, node).c) return node
  if (runs.length > runsAtMost) return shuffled(t, node, permutation)
  const parts = runs.map(({ begin, size }) => t.build.slice(node, begin, size))
  return parts.length === 1 ? parts[0] : t.build.concat(parts)
}

/** Channels as a product of atoms: the position of each in the node's own order. */
export const channelOrder = (atoms: readonly Atom[]): readonly number[] =>
  extentOf(atoms) > permutedAtMost
    ? inexpressible(`a permutation of ${extentOf(atoms)} channels`)
    : atoms.reduce<readonly number[]>(
        (indices, { extent, stride }) =>
          indices.flatMap(index => Array.from({ length: extent }, (_, digit) => index + digit * stride)),
        [0],
      )
