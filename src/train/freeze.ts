import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { nearestHint } from '../../ir/index.ts'
import { type TrainingProblem, trainingProblem } from './error.ts'

const isPattern = (u: unknown): u is string => typeof u === 'string' && u !== ''
const isFreeze = (u: unknown): u is 'shared' | readonly string[] =>
  u === 'shared' || (Array.isArray(u) && u.length > 0 && u.every(isPattern))

/** What stays as it is: `shared`, all before the first branch, or parameters by name, `*` for any part of one. */
export const Freeze = new t.Type<'shared' | readonly string[], 'shared' | readonly string[], unknown>(
  '‘shared’, or a list of names of parameters',
  isFreeze,
  (u, context) => (isFreeze(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)
export type Freeze = t.TypeOf<typeof Freeze>

/** Whether a name is a pattern's, whose parts between stars it has in their order: in time linear in the name for each part. */
const fits = (pattern: string, name: string): boolean => {
  const [first, ...parts] = pattern.split('*')
  const last = parts.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of parts) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - at >= last.length && name.endsWith(last)
}

/** The parameters that a list of patterns names. Left: where one names none. */
export const namedBy = (
  patterns: readonly string[],
  names: readonly string[],
): E.Either<readonly TrainingProblem[], ReadonlySet<string>> => {
  const empty = patterns.filter(pattern => !names.some(name => fits(pattern, name)))
  return empty.length === 0
    ? E.right(new Set(names.filter(name => patterns.some(pattern => fits(pattern, name)))))
    : E.left(
        empty.map(pattern =>
          trainingProblem(
            'bad-recipe',
            'freeze',
            pattern,
            'a parameter of the network, * for any part of its name',
            nearestHint(pattern, names) ?? `as in ${names.slice(0, 3).join(', ')}`,
          ),
        ),
      )
}
