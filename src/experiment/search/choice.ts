import { meanOf, medianOf, standardErrorOf } from '../../base/statistics.ts'
import { lossesOf } from './objective.ts'
import type { Candidate, Searched } from './search.ts'
import { keyOf } from './space.ts'

/** Measured times of plans relative to vanilla's, in their order. */
export type Measure = (candidates: readonly Candidate[]) => Promise<readonly number[]>

/** What was looked at, with the time that it takes compiled relative to vanilla's. */
export interface Measured<C = Candidate> {
  readonly candidate: C
  readonly relative: number
}

export interface Choice {
  /** Undefined where nothing beats vanilla within the budget. */
  readonly chosen: Measured | undefined
  /** All that was timed. */
  readonly measured: readonly Measured[]
}

/** Standard errors by which a plan's likelihood must be better than vanilla's: one in 700 is that by chance. */
export const leastSigma = 3

/** By how many of its standard errors a mean is over 0. */
export const sigmaOf = (gains: Float64Array): number => {
  const mean = meanOf(gains)
  return mean === 0 ? 0 : mean / standardErrorOf(gains)
}

/** By how many standard errors a plan makes its images' labels likelier than another, image by image. */
export const likelihoodSigma = (
  { evidence }: Searched,
  labels: readonly number[],
  candidate: Candidate,
  than: Candidate,
): number => {
  const losses = ({ sites, reduction, score }: Candidate): Float64Array =>
    lossesOf(evidence.scores(sites, reduction), labels, score.temperature)
  const own = losses(candidate)
  return sigmaOf(losses(than).map((loss, image) => loss - own[image]))
}

/** The best of each set of branches; candidates come best first. */
const firstOfEach = (candidates: readonly Candidate[]): readonly Candidate[] => {
  const seen = new Set<string>()
  return candidates.filter(({ sites }) => {
    const key = keyOf(sites)
    return !seen.has(key) && seen.add(key) !== undefined
  })
}

/** Candidates than which none is as cheap and as often right, the cheapest first. */
export const paretoFront = <A>(all: readonly A[], cost: (a: A) => number, wrong: (a: A) => number): readonly A[] => {
  const front: A[] = []
  for (const one of all.toSorted((a, b) => cost(a) - cost(b) || wrong(a) - wrong(b)))
    if (front.every(cheaper => wrong(one) < wrong(cheaper))) front.push(one)
  return front
}

/** What is shown of all that was timed: the front, and the chosen plan where it is, by another measure than errors, beside it. */
export const shownFront = <C extends { readonly score: { readonly wrong: number } }>(
  chosen: Measured<C>,
  timed: readonly Measured<C>[],
): readonly Measured<C>[] => {
  const front = paretoFront(
    [chosen, ...timed],
    ({ relative }) => relative,
    ({ candidate }) => candidate.score.wrong,
  )
  return front.some(({ candidate }) => candidate === chosen.candidate)
    ? front
    : [...front, chosen].sort((a, b) => a.relative - b.relative)
}

/** Plans that are timed together. */
export const together = 6
const timesAtMost = 5
/** A plan is timed where it is predicted to be over the budget by no more than this. */
const leeway = 1.1

/** What is timed, and how. */
interface Timing<C> {
  /** All candidates, the best first. */
  readonly ranked: readonly C[]
  /** Those that are timed next; none where no other is worth it. */
  readonly next: () => Promise<readonly C[]>
  readonly timed: Timed<C>
  /** The most that one may take. */
  readonly budget: number
}

/** Times of candidates relative to vanilla's, of each the last. */
interface Timed<C> {
  readonly times: ReadonlyMap<C, number>
  readonly time: (group: readonly C[]) => Promise<void>
}

/** Keeps what candidates take as they are timed. */
export const timesBy = <C>(measure: (group: readonly C[]) => Promise<readonly number[]>): Timed<C> => {
  const times = new Map<C, number>()
  return {
    times,
    time: async group => {
      const measured = await measure(group)
      group.forEach((candidate, k) => {
        times.set(candidate, measured[k])
      })
    },
  }
}

/** The best candidate that keeps the budget, by the clock. What is taken was timed twice, and the second time counts, for the first chose it. */
export const bestByTheClock = async <C>({
  ranked,
  next,
  timed: { times, time },
  budget,
}: Timing<C>): Promise<C | undefined> => {
  const keeps = (candidate: C): boolean => (times.get(candidate) ?? Number.POSITIVE_INFINITY) <= budget
  const [worthwhile, confirmed] = [new Set<C>(), new Set<C>()]
  for (let groups = 0; ; ) {
    const best = ranked.find(candidate => worthwhile.has(candidate) && keeps(candidate))
    if (best !== undefined && confirmed.has(best)) return best
    if (best !== undefined) {
      confirmed.add(best)
      await time([best])
      continue
    }
    const group = groups++ < timesAtMost ? await next() : []
    if (group.length === 0) return undefined
    for (const candidate of group) worthwhile.add(candidate)
    await time(group)
  }
}

/**
 * The best candidate whose compiled plan keeps the budget, by the clock. Taken is only what beats vanilla: likelier labels, beyond
 * chance, and no more errors. What is timed corrects what is predicted of the rest.
 */
export const choose = async (
  searched: Searched,
  labels: readonly number[],
  budget: number,
  measure: Measure,
): Promise<Choice> => {
  const { candidates, evidence, vanilla } = searched
  const timed = timesBy(measure)
  const { times, time } = timed
  const others = candidates.filter(({ sites }) => sites.length > 0)
  const waiting = [...firstOfEach(others.filter(({ score }) => score.wrong <= vanilla.score.wrong))]
  /** The next candidates that seem to keep the budget and beat vanilla; the latter costs a pass over all scores. */
  const nextGroup = async (): Promise<readonly Candidate[]> => {
    const correction = times.size === 0 ? 1 : medianOf([...times].map(([{ cost }, relative]) => relative / cost))
    const group: Candidate[] = []
    for (let k = 0; k < waiting.length && group.length < together; ) {
      const candidate = waiting[k]
      if (candidate.cost * correction > budget * leeway) {
        k++
        continue
      }
      waiting.splice(k, 1)
      await evidence.gather([candidate.sites])
      if (likelihoodSigma(searched, labels, candidate, vanilla) >= leastSigma) group.push(candidate)
    }
    return group
  }
  const chosen = await bestByTheClock({ ranked: candidates, next: nextGroup, timed, budget })
  const within = firstOfEach(others).filter(({ cost }) => cost <= (chosen?.cost ?? budget))
  const front = paretoFront(
    [vanilla, ...within],
    ({ cost }) => cost,
    ({ score }) => score.wrong,
  ).filter(({ sites }) => sites.length > 0 && ![...times.keys()].some(timed => timed.sites === sites))
  if (front.length > 0) await time(front.slice(-together))
  const measured = [...times].map(([candidate, relative]): Measured => ({ candidate, relative }))
  return { chosen: measured.find(({ candidate }) => candidate === chosen), measured }
}
