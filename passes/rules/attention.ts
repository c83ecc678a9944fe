import { act, any, computed, make, op, type Rule, ref } from '../rule.ts'

const g = computed('g', match => match.attributes('Act', 'g'))
const own = computed('attention', match => match.attributes('Attention', 'attention'))

/** Of so many maps that are attended to the names of keys and values. */
const memoryOf = (maps: number): readonly string[] =>
  Array.from({ length: maps }, (_, k) => [`k${k + 1}`, `v${k + 1}`]).flat()

/** A law's name; of more maps than one it says how many, and which of them moves. */
const named = (law: string, maps: number, moved?: number): string =>
  maps === 1 ? law : `${law}-to-${maps}${moved === undefined ? '' : `-at-${moved + 1}`}`

/** Each pixel asks for itself: where it stands does not matter. */
const sinkThrough = (maps: number): Rule<'both'> => ({
  name: named('sink-through-attention', maps),
  precision: 'exact',
  mode: 'both',
  lhs: op('Attention', 'attention', act('g', any('q')), ...memoryOf(maps).map(name => any(name))),
  rhs: make('Act', g, make('Attention', own, ref('q'), ...memoryOf(maps).map(ref))),
})

/** All pixels of a map answer together: their order does not matter. */
const dropOrder = (maps: number, moved: number): Rule<'both'> => ({
  name: named('drop-order-of-keys', maps, moved),
  precision: 'rounding',
  mode: 'both',
  lhs: op(
    'Attention',
    'attention',
    any('q'),
    ...memoryOf(maps).map((name, k) => (k >> 1 === moved ? act('g', any(name)) : any(name))),
  ),
  rhs: make('Attention', own, ref('q'), ...memoryOf(maps).map(ref)),
})

/** The most maps that a network attends to at once: its pixels, and its tokens. */
const mapsAtMost = 2

/** Flips and quarter turns pass the queries of an attention, and end at its keys and values. */
export const attentionRules: readonly Rule<'both'>[] = Array.from({ length: mapsAtMost }, (_, k) => k + 1).flatMap(
  maps => [sinkThrough(maps), ...Array.from({ length: maps }, (_, moved) => dropOrder(maps, moved))],
)
