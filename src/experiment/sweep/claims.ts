import type { Reduction } from '../../../ir/index.ts'
import { signed } from '../../base/format.ts'
import { meanOf, standardErrorOf } from '../../base/statistics.ts'
import type { SweepCell } from './table.ts'

export type Verdict = 'reproduced' | 'not reproduced' | 'untested here'

/** One of the paper's claims, judged. */
export interface Claim {
  readonly claim: 'a' | 'b' | 'c'
  readonly says: string
  readonly rule: string
  readonly verdict: Verdict
  /** What the verdict rests on, a sentence each. */
  readonly because: readonly string[]
}

/** Whether a sweep says anything of a claim. */
export const isTested = ({ verdict }: { readonly verdict: string }): boolean => verdict !== 'untested here'

/** How two cells differ in error, seed by seed: below 0 where the first is better. */
export interface Difference {
  readonly mean: number
  /** The standard error of the mean. */
  readonly error: number
  readonly seeds: number
}

/** A spread of fewer says next to nothing. */
const leastSeeds = 3

/** Over the seeds that both have; nothing where they are fewer than three. */
export const difference = (a: SweepCell, b: SweepCell): Difference | undefined => {
  const pairs = a.seeds.flatMap((seed, k) => {
    const at = b.seeds.indexOf(seed)
    return at < 0 ? [] : [a.errors[k] - b.errors[at]]
  })
  return pairs.length < leastSeeds
    ? undefined
    : { mean: meanOf(pairs), error: standardErrorOf(pairs), seeds: pairs.length }
}

/** A difference that is known no better than this says nothing of equality. */
const widestError = 0.5

const clearlyBelow = (d: Difference): boolean => d.mean < -d.error
const says = (d: Difference): string => `${signed(d.mean)} ± ${d.error.toFixed(2)} points over ${d.seeds} seeds`

const named = ({ plan, train_reduction, inference_reduction }: SweepCell): string =>
  `${plan} (${train_reduction}, ${inference_reduction})`

const flips = /^flip-\d+$/

interface Looked {
  readonly cells: readonly SweepCell[]
  readonly at: (plan: string, train: string, inference: string) => SweepCell | undefined
  /** Rows of branches at the last n maps, without test-time augmentation. */
  readonly rows: readonly string[]
}

const lookup = (cells: readonly SweepCell[]): Looked => ({
  cells,
  at: (plan, train, inference) =>
    cells.find(c => c.plan === plan && c.train_reduction === train && c.inference_reduction === inference),
  rows: [...new Set(cells.map(({ plan }) => plan))].filter(plan => flips.test(plan)),
})

const lowest = (cells: readonly SweepCell[]): SweepCell | undefined =>
  [...cells].sort((a, b) => a.error_percent.mean - b.error_percent.mean)[0]

const matchesTta = ({ cells, at, rows }: Looked): Claim => {
  const judged = (verdict: Verdict, because: readonly string[]): Claim => ({
    claim: 'a',
    says: 'a flip-n-max matches the error of flip test-time augmentation for less time',
    rule: `some flip-n, trained and run with max, takes less time than vanilla-tta under its best reduction, and its error is above that by no more than one standard error of the difference over seeds, itself at most ${widestError} points, and below vanilla's; untested where vanilla-tta does not improve on vanilla by more than one standard error`,
    verdict,
    because,
  })
  const tta = lowest(cells.filter(c => c.plan === 'vanilla-tta' && c.train_reduction === 'vanilla'))
  const plain = at('vanilla', 'vanilla', 'vanilla')
  if (tta === undefined || plain === undefined)
    return judged('untested here', [`${plain === undefined ? 'vanilla' : 'vanilla-tta'} was not run`])
  const gain = difference(tta, plain)
  if (gain === undefined) return judged('untested here', ['vanilla was not run on three seeds or more'])
  const gains = `${named(tta)} against vanilla: ${says(gain)}`
  if (!clearlyBelow(gain)) return judged('untested here', [gains, 'there is no gain to match'])
  const compared = rows.flatMap(plan => {
    const cell = at(plan, 'max', 'max')
    const d = cell === undefined ? undefined : difference(cell, tta)
    return cell === undefined || d === undefined || cell.relative_time === null || tta.relative_time === null
      ? []
      : [{ cell, d, faster: cell.relative_time < tta.relative_time }]
  })
  if (compared.length === 0)
    return judged('untested here', ['no flip-n trained and run with max was timed and run on three seeds or more'])
  const because = [
    gains,
    ...compared.map(
      ({ cell, d, faster }) =>
        `${named(cell)} against ${named(tta)}: ${says(d)}, ${cell.relative_time?.toFixed(2)} against ${tta.relative_time?.toFixed(2)} times vanilla's time${faster ? '' : ', no faster'}`,
    ),
  ]
  const faster = compared.filter(each => each.faster)
  const level = faster.filter(({ cell, d }) => d.mean <= d.error && cell.error_percent.mean < plain.error_percent.mean)
  if (level.some(({ d }) => d.mean <= 0 || d.error <= widestError)) return judged('reproduced', because)
  return level.length > 0
    ? judged('untested here', [...because, 'the seeds differ too much to tell'])
    : judged('not reproduced', because)
}

const ttaImproves = ({ at, rows }: Looked): Claim => {
  const judged = (verdict: Verdict, because: readonly string[]): Claim => ({
    claim: 'b',
    says: 'adding -tta improves a flip-n-max further',
    rule: 'with -tta, every flip-n that was trained and run with max has a lower error than without, by more than one standard error of the difference over seeds',
    verdict,
    because,
  })
  const compared = rows.flatMap(plan => {
    const [without, with_] = [at(plan, 'max', 'max'), at(`${plan}-tta`, 'max', 'max')]
    const d = without === undefined || with_ === undefined ? undefined : difference(with_, without)
    return d === undefined ? [] : [{ plan, d }]
  })
  if (compared.length === 0)
    return judged('untested here', ['no flip-n was run with and without -tta on three seeds or more'])
  return judged(
    compared.every(({ d }) => clearlyBelow(d)) ? 'reproduced' : 'not reproduced',
    compared.map(({ plan, d }) => `${plan}-tta against ${plan}: ${says(d)}`),
  )
}

/** Cells averaged over rows, seed by seed: of the seeds that all have. */
const averaged = (cells: readonly SweepCell[]): SweepCell => {
  const seeds = cells[0].seeds.filter(seed => cells.every(cell => cell.seeds.includes(seed)))
  const errors = seeds.map(seed => meanOf(cells.map(cell => cell.errors[cell.seeds.indexOf(seed)])))
  return {
    ...cells[0],
    plan: 'mean of flip-n',
    seeds,
    errors,
    error_percent: { ...cells[0].error_percent, mean: meanOf(errors) },
  }
}

/** Whether networks trained with one reduction do better under one of the wanted than under the others, over all rows. */
const wants = (
  { at, rows }: Looked,
  train: string,
  wanted: readonly Reduction[],
  others: readonly Reduction[],
): { readonly d: Difference; readonly because: string } | undefined => {
  const whole = rows.filter(plan => [...wanted, ...others].some(r => at(plan, train, r) !== undefined))
  const mean = (reduction: Reduction): readonly SweepCell[] => {
    const cells = whole.flatMap(plan => at(plan, train, reduction) ?? [])
    return cells.length === whole.length && cells.length > 0 ? [averaged(cells)] : []
  }
  const [best, rival] = [lowest(wanted.flatMap(mean)), lowest(others.flatMap(mean))]
  const d = best === undefined || rival === undefined ? undefined : difference(best, rival)
  if (d === undefined) return undefined
  return {
    d,
    because: `trained with ${train}, over ${whole.join(', ')}: ${best?.inference_reduction} against ${rival?.inference_reduction}: ${says(d)}`,
  }
}

const reductionsAgree = (looked: Looked): Claim => {
  const judged = (verdict: Verdict, because: readonly string[]): Claim => ({
    claim: 'c',
    says: 'training with max wants max or sum at inference, training with none wants geo',
    rule: 'over all flip-n together, networks trained with max have a lower error under the better of max and sum than under geo, and those trained with none a lower one under geo than under the better of max and sum, each by more than one standard error of the difference over seeds; not reproduced where one of the two is known not to',
    verdict,
    because,
  })
  const halves = [wants(looked, 'max', ['max', 'sum'], ['geo']), wants(looked, 'none', ['geo'], ['max', 'sum'])].filter(
    half => half !== undefined,
  )
  const because = halves.map(half => half.because)
  if (!halves.every(({ d }) => clearlyBelow(d))) return judged('not reproduced', because)
  return halves.length === 2
    ? judged('reproduced', because)
    : judged('untested here', [
        ...because,
        'it takes trainings with max and with none, each run under geo and max or sum, on three seeds or more',
      ])
}

/** The paper's three claims (arXiv 2012.10769), judged by differences between the cells of a sweep, paired by seed. */
export const judgeClaims = (cells: readonly SweepCell[]): readonly Claim[] => {
  const looked = lookup(cells)
  return [matchesTta(looked), ttaImproves(looked), reductionsAgree(looked)]
}
