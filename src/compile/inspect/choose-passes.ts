import { either as E } from 'fp-ts'
import { nearestNames } from '../../../ir/index.ts'
import { optimizations, type Pass, type Scheduling } from '../../../passes/index.ts'
import { type InspectProblem, inspectProblem } from './error.ts'

/** The optimizations of a schedule by name, each once. */
export const optimizationsByName = (schedule: Scheduling): ReadonlyMap<string, Pass> =>
  new Map(optimizations(schedule).map(pass => [pass.name, pass]))

const listed = (names: readonly string[]): string => names.join(', ')

/** Refuses the first name that is none of the known ones, with the nearest of these. */
export const checkNames = (
  where: string,
  names: readonly string[],
  known: readonly string[],
): E.Either<readonly InspectProblem[], readonly string[]> => {
  const wrong = names.find(name => !known.includes(name))
  if (wrong === undefined) return E.right(names)
  const near = nearestNames(wrong, known)
  const seen = wrong === '' ? 'no name' : wrong
  return E.left([
    inspectProblem(
      'no-such-pass',
      where,
      seen,
      `passes of ${listed([...new Set(known)])}`,
      near.length === 0 ? undefined : listed(near),
    ),
  ])
}

/** Passes from names between commas, in that order; a name may stand there twice. */
export const choosePasses = (
  where: string,
  text: string,
  known: ReadonlyMap<string, Pass>,
): E.Either<readonly InspectProblem[], readonly Pass[]> =>
  E.map((names: readonly string[]) => names.map(name => known.get(name) as Pass))(
    checkNames(
      where,
      text.split(',').map(name => name.trim()),
      [...known.keys()],
    ),
  )
