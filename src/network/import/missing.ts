import { problem } from '../../../ir/index.ts'
import type { ImportProblem } from './error.ts'

/** One use of something that cannot be imported: what it is, and where it stands in the file. */
export interface Unsupported {
  readonly kind: string
  readonly place: string
}

/** Kinds with a problem of their own; as many more as there are share one, so that none is left out. */
const apart = 12

const times = (count: number): string => (count === 1 ? '' : `, ${count} times`)

/** What a model needs and cannot have: each kind once, by its first place and how often it is used. */
export const missing = (
  noun: 'layer' | 'op',
  uses: readonly Unsupported[],
  hint?: (kind: string) => string | undefined,
): readonly ImportProblem[] => {
  const kinds = new Map<string, { readonly place: string; readonly count: number }>()
  for (const { kind, place } of uses) {
    const known = kinds.get(kind)
    kinds.set(kind, { place: known?.place ?? place, count: (known?.count ?? 0) + 1 })
  }
  const all = [...kinds].sort(([, a], [, b]) => b.count - a.count)
  const rest = all.slice(apart)
  return [
    ...all
      .slice(0, apart)
      .map(([kind, { place, count }]) =>
        problem(
          'unsupported-op' as const,
          place,
          `${noun} ${kind}${times(count)}`,
          `a supported ${noun}`,
          hint?.(kind),
        ),
      ),
    ...(rest.length === 0
      ? []
      : [
          problem(
            'unsupported-op' as const,
            rest[0][1].place,
            `${noun}s ${rest.map(([kind, { count }]) => `${kind}${count === 1 ? '' : ` (${count})`}`).join(', ')}`,
            `supported ${noun}s`,
          ),
        ]),
  ]
}
