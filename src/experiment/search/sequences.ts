import { leastSigma, paretoFront, sigmaOf } from './choice.ts'
import { type Objective, objectiveOf } from './objective.ts'
import type { Candidate, Searched } from './search.ts'
import { type JudgedPlan, lastOf, type OpenSequence, type Sequence } from './sequence.ts'
import { keyOf, type Sites } from './space.ts'

/** Of so many plans sequences are made: of two of them, and of three. */
const plansAtMost = 12

/** The plans that may be stages: those than which none is as cheap and as good, thinned out, and some that always may. */
export const stagePlans = (
  { candidates, vanilla }: Pick<Searched, 'candidates' | 'vanilla'>,
  objective: Objective,
  always: readonly Sites[],
): readonly Candidate[] => {
  const asked = new Set(always.map(keyOf))
  const front = paretoFront(
    candidates,
    ({ cost }) => cost,
    ({ score }) => objectiveOf(score, objective),
  )
  const count = Math.min(front.length, plansAtMost)
  const thinned = Array.from(
    { length: count },
    (_, k) => front[Math.round((k * (front.length - 1)) / Math.max(1, count - 1))],
  )
  const others = candidates.filter(({ sites }, k) => {
    const key = keyOf(sites)
    return asked.has(key) && candidates.findIndex(candidate => keyOf(candidate.sites) === key) === k
  })
  return [...new Set([vanilla, ...thinned, ...others])].sort((a, b) => a.cost - b.cost)
}

/** By how many standard errors a sequence makes its images' labels likelier than vanilla. */
export const sequenceSigma = (sequence: Pick<Sequence, 'stages' | 'thresholds'>, vanilla: JudgedPlan): number => {
  const own = lastOf(sequence, ({ unlikelihood }) => unlikelihood)
  return sigmaOf(vanilla.unlikelihood.map((loss, image) => loss - own[image]))
}

/** Vanilla, and of other plans those that are better beyond chance: a first stage of the same price is not to be chosen by luck. */
export const provenPlans = (plans: readonly JudgedPlan[], vanilla: JudgedPlan): readonly JudgedPlan[] =>
  plans.filter(
    plan =>
      plan.candidate === vanilla.candidate || sequenceSigma({ stages: [plan], thresholds: [] }, vanilla) >= leastSigma,
  )

/** What of each of some plans is not done by those before it, as a share. */
export type Remaining = (plans: readonly Sites[]) => readonly number[]

/** A sequence of plans in their order. */
export const openSequence = (stages: readonly JudgedPlan[], remaining: Remaining): OpenSequence => {
  const left = remaining(stages.map(({ candidate }) => candidate.sites))
  return { stages, prices: stages.map(({ candidate }, k) => candidate.cost * left[k]) }
}

/** All sequences of two or three of some plans, in their order. */
export const sequencesOf = (plans: readonly JudgedPlan[], remaining: Remaining): readonly OpenSequence[] =>
  plans.flatMap((first, i) =>
    plans
      .slice(i + 1)
      .flatMap((second, j) => [
        openSequence([first, second], remaining),
        ...plans.slice(i + j + 2).map(third => openSequence([first, second, third], remaining)),
      ]),
  )
