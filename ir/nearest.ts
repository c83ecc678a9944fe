import { distance } from 'fastest-levenshtein'

const comparedAtMost = 64
const shownAtMost = 3

/** The names most like what was written, at most three, nearest first; none where all are quite different. */
export const nearestNames = (written: string, names: readonly string[]): readonly string[] => {
  if (written.length > comparedAtMost) return []
  const typed = written.toLowerCase()
  return names
    .map(name => ({ name, edits: distance(typed, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(2, Math.ceil(Math.max(name.length, typed.length) / 3)))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, shownAtMost)
    .map(({ name }) => name)
}

/** These names as a hint, undefined where there are none. */
export const nearestHint = (written: string, names: readonly string[]): string | undefined =>
  nearestNames(written, names).join(', ') || undefined
