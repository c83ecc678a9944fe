import { median } from './race.ts'
import type { Candidate, Searched } from './search.ts'
import { lossesOf } from './search-objective.ts'
import { keyOf } from './search-space.ts'

/** Measured times of plans relative to vanilla's, in their order. */
export type Measure = (candidates: readonly Candidate[]) => Promise<readonly number[]>

/** A candidate with the time of its compiled plan relative to vanilla's. */
export interface Measured {
  readonly candidate: Candidate
  readonly relative: number
}

export interface Choice {
  /** Undefined where nothing beats vanilla within the budget. */
  readonly chosen: Measured | undefined
  /** All that was timed. */
  readonly measured: readonly Measured[]
}

/** Standard errors by which a plan's likelihood must be better than vanilla's: one in 700 is that by chance. */
const leastSigma = 3

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
  const gains = losses(than).map((loss, image) => loss - own[image])
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length
  const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1)
  return mean === 0 ? 0 : mean / Math.sqrt(variance / gains.length)
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

/** Plans that are timed together, and how often at most. */
const [together, timesAtMost] = [6, 5]
/** A plan is timed where it is predicted to be over the budget by no more than this. */
const leeway = 1.1

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
  const measured: Measured[] = []
  const time = async (group: readonly Candidate[]): Promise<void> => {
    const times = await measure(group)
    measured.push(...group.map((candidate, k) => ({ candidate, relative: times[k] })))
  }
  const isTimed = ({ sites }: Candidate): boolean => measured.some(({ candidate }) => candidate.sites === sites)
  const kept = (): Measured | undefined =>
    candidates.flatMap(candidate =>
      worthwhile.has(candidate) ? measured.filter(one => one.candidate === candidate && one.relative <= budget) : [],
    )[0]
  const others = candidates.filter(({ sites }) => sites.length > 0)
  const fewerErrors = firstOfEach(others.filter(({ score }) => score.wrong <= vanilla.score.wrong))
  const worthwhile = new Set<Candidate>()
  const waiting = [...fewerErrors]
  /** The next candidates that seem to keep the budget and beat vanilla; the latter costs a pass over all scores. */
  const nextGroup = async (): Promise<readonly Candidate[]> => {
    const correction = measured.length === 0 ? 1 : median(measured.map(m => m.relative / m.candidate.cost))
    const group: Candidate[] = []
    for (let k = 0; k < waiting.length && group.length < together; ) {
      const candidate = waiting[k]
      if (candidate.cost * correction > budget * leeway) {
        k++
        continue
      }
      waiting.splice(k, 1)
      await evidence.gather([candidate.sites])
      if (likelihoodSigma(searched, labels, candidate, vanilla) < leastSigma) continue
      group.push(candidate)
    }
    return group
  }
  for (let round = 0; round < timesAtMost && kept() === undefined; round++) {
    const group = await nextGroup()
    if (group.length === 0) break
    for (const candidate of group) worthwhile.add(candidate)
    await time(group)
  }
  const chosen = kept()
  const within = firstOfEach(others).filter(({ cost }) => cost <= (chosen?.candidate.cost ?? budget))
  const front = paretoFront(
    [vanilla, ...within],
    ({ cost }) => cost,
    ({ score }) => score.wrong,
  ).filter(candidate => candidate !== vanilla && !isTimed(candidate))
  if (front.length > 0) await time(front.slice(-together))
  return { chosen, measured }
}
