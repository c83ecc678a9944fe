import type { CertaintyMeasure } from '../../../ir/index.ts'
import { median } from '../../execute/race.ts'
import { leastSigma, type Measured, paretoFront, sigmaOf } from './choice.ts'
import { type Objective, objectiveOf } from './objective.ts'
import type { Candidate, Searched } from './search.ts'
import { fitSequence, type JudgedPlan, lastOf, type OpenSequence, type Sequence, worthOf } from './sequence.ts'
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

/** How sequences are chosen. */
export interface SequenceRules {
  readonly vanilla: JudgedPlan
  /** Times of vanilla's that an image may take in the mean. */
  readonly budget: number
  readonly measure: CertaintyMeasure
  /** Measured mean times relative to vanilla's, in their order. */
  readonly time: (sequences: readonly Sequence[]) => Promise<readonly number[]>
}

export interface SequenceChoice {
  readonly chosen: Measured<Sequence> | undefined
  readonly measured: readonly Measured<Sequence>[]
}

/** Sequences that are timed together, how often at most, and how often at most what seems best is timed once more. */
const [together, timesAtMost, confirmationsAtMost] = [3, 4, 4]
/** After a measured time the thresholds are set for this much of the budget. */
const aim = 0.99

/** By how many standard errors a sequence makes its images' labels likelier than vanilla. */
export const sequenceSigma = (sequence: Pick<Sequence, 'stages' | 'thresholds'>, vanilla: JudgedPlan): number => {
  const own = lastOf(sequence, ({ unlikelihood }) => unlikelihood)
  return sigmaOf(vanilla.unlikelihood.map((loss, image) => loss - own[image]))
}

/**
 * The best sequence whose mean time keeps the budget, by the clock. What is timed corrects what is predicted: where it takes too long, the thresholds are lowered,
 * and where there is room, raised. As with fixed plans, what is taken beats vanilla beyond chance and was timed twice, and the second time counts.
 */
export const chooseSequence = async (
  open: readonly OpenSequence[],
  { vanilla, budget, measure, time }: SequenceRules,
): Promise<SequenceChoice> => {
  const corrections = new Map<readonly JudgedPlan[], number>()
  const times = new Map<Sequence, number>()
  const worth = ({ score }: Sequence): number => worthOf(score)
  const timeAll = async (sequences: readonly Sequence[]): Promise<void> => {
    if (sequences.length === 0) return
    const relatives = await time(sequences)
    sequences.forEach((sequence, k) => {
      times.set(sequence, relatives[k])
      corrections.set(sequence.stages, relatives[k] / sequence.cost)
    })
  }
  const fitted = (one: OpenSequence, usual: number): readonly Sequence[] => {
    const known = corrections.get(one.stages)
    const most = known === undefined ? budget / usual : (aim * budget) / known
    const sequence = fitSequence(one, { measure, most })
    return sequence !== undefined &&
      sequence.score.wrong <= vanilla.candidate.score.wrong &&
      sequenceSigma(sequence, vanilla) >= leastSigma
      ? [sequence]
      : []
  }
  const wasTimed = ({ stages, thresholds }: Sequence): boolean =>
    [...times.keys()].some(timed => timed.stages === stages && timed.thresholds.join() === thresholds.join())
  const standing = (): Sequence | undefined =>
    [...times].filter(([, relative]) => relative <= budget).sort(([a], [b]) => worth(a) - worth(b))[0]?.[0]
  for (let round = 0; round < timesAtMost; round++) {
    const usual = corrections.size === 0 ? 1 : median([...corrections.values()])
    const best = standing()
    const group = open
      .flatMap(one => fitted(one, usual))
      .filter(sequence => !wasTimed(sequence) && !(best !== undefined && worth(sequence) >= worth(best)))
      .sort((a, b) => worth(a) - worth(b) || a.cost - b.cost)
      .slice(0, together)
    if (group.length === 0) break
    await timeAll(group)
  }
  let chosen: Sequence | undefined
  for (let k = 0; k < confirmationsAtMost && chosen === undefined; k++) {
    const best = standing()
    if (best === undefined) break
    await timeAll([best])
    if (standing() === best) chosen = best
    else {
      const lowered = open.filter(({ stages }) => stages === best.stages).flatMap(one => fitted(one, 1))
      await timeAll(lowered.filter(sequence => !wasTimed(sequence)))
    }
  }
  const measured = [...times].map(([candidate, relative]): Measured<Sequence> => ({ candidate, relative }))
  return { chosen: measured.find(({ candidate }) => candidate === chosen), measured }
}
