import { either as E } from 'fp-ts'
import { type SourceProblem, sourceProblem } from '../../base/error.ts'

/** What one batch of a plan may take: so many times what it takes without branches, or so many milliseconds. */
export type Budget =
  | { readonly kind: 'relative'; readonly times: number }
  | { readonly kind: 'milliseconds'; readonly milliseconds: number }

/** A budget from what `--budget` takes: `2.2x` or `8ms`. */
export const parseBudget = (text: string): E.Either<SourceProblem, Budget> => {
  const parts = /^(\d+(?:\.\d*)?|\.\d+)(x|ms)$/.exec(text.trim())
  const value = Number(parts?.[1])
  if (parts === null || !(value > 0))
    return E.left(
      sourceProblem(
        'bad-input',
        '--budget',
        JSON.stringify(text),
        'times of vanilla, 2.2x, or milliseconds of one batch, 8ms',
      ),
    )
  return E.right(parts[2] === 'x' ? { kind: 'relative', times: value } : { kind: 'milliseconds', milliseconds: value })
}

export const printBudget = (budget: Budget): string =>
  budget.kind === 'relative' ? `${budget.times}x` : `${budget.milliseconds}ms`

/** A budget in times of vanilla, whose batch takes so many milliseconds. */
export const timesOf = (budget: Budget, vanillaMilliseconds: number): number =>
  budget.kind === 'relative' ? budget.times : budget.milliseconds / vanillaMilliseconds
