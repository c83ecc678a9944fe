import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { count, ratio, table } from '../base/format.ts'
import { type CompiledStage, meanRelative } from '../compile/compiled-stages.ts'

const refuse = (seen: string, expected: string): never => {
  throw new EspalierError([sourceProblem('bad-input', '--shares', seen, expected, '--shares 0.4,0.1')])
}

/** `0.4,0.1`: the shares of the images that reach the second stage, the third and so on. @throws EspalierError */
export const parseShares = (text: string): readonly number[] => {
  const shares = text.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)))
  const falls = shares.every((share, k) => share >= 0 && share <= (shares[k - 1] ?? 1))
  return falls ? shares : refuse(JSON.stringify(text), 'numbers from 0 to 1, none larger than the one before it')
}

/** Refuses shares that are not one for each stage after the first. @throws EspalierError */
export const checkShares = (shares: readonly number[] | undefined, stages: readonly CompiledStage[] = []): void => {
  if (shares !== undefined && shares.length !== Math.max(0, stages.length - 1))
    refuse(
      `${shares.length} of them`,
      stages.length === 0 ? 'a plan with stages' : `${stages.length - 1}, for the stages after the first`,
    )
}

const nobody = (stages: readonly CompiledStage[]): readonly number[] => stages.slice(1).map(() => 0)
const everybody = (stages: readonly CompiledStage[]): readonly number[] => stages.slice(1).map(() => 1)

/** The keys of `compile --json` on the multiply-adds of an adaptive plan beside those of the plain network. */
export const stageCostKeys = (stages: readonly CompiledStage[], shares: readonly number[] | undefined) => ({
  multiply_adds_relative_best: meanRelative(stages, nobody(stages)),
  multiply_adds_relative_worst: meanRelative(stages, everybody(stages)),
  ...(shares === undefined ? {} : { shares, multiply_adds_relative_mean: meanRelative(stages, shares) }),
})

/** Shares to show the mean for where none are given: a fifth and two fifths go on, and a fourth of these again. */
const examples = (stages: readonly CompiledStage[]): readonly (readonly number[])[] =>
  [0.2, 0.4].map(share => stages.slice(1).map((_, k) => share / 4 ** k))

const meanText = (stages: readonly CompiledStage[], shares: readonly number[]): string => {
  const percent = shares.map(share => `${Number((100 * share).toFixed(1))} %`).join(', then ')
  return `${ratio(meanRelative(stages, shares))} where ${percent} go on`
}

/** What each stage costs alone and is brought, and what an image costs at best, in the mean and at worst. */
export const describeStageCosts = (stages: readonly CompiledStage[], shares: readonly number[] | undefined): string =>
  [
    table(
      ['stage', 'plan', 'multiply-adds', 'of plain', 'goes on below', 'brings (numbers an image)'],
      stages.map(({ plan, multiplyAdds, brought, gate }, k) => [
        String(k + 1),
        plan,
        count(multiplyAdds.total),
        ratio(multiplyAdds.relative),
        gate === undefined ? '' : `${gate.measure} ${gate.below}`,
        brought.map(({ name, numbers }) => `${name} ${numbers}`).join(', '),
      ]),
    ),
    `An image takes ${ratio(meanRelative(stages, nobody(stages)))} the plain network’s multiply-adds at best and ${ratio(meanRelative(stages, everybody(stages)))} at worst; in the mean`,
    `${(shares === undefined ? examples(stages) : [shares]).map(each => meanText(stages, each)).join(', ')}.`,
  ].join('\n')
