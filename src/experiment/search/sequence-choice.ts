import type { CertaintyMeasure } from '../../../ir/index.ts'
import { medianOf, sumOf } from '../../base/statistics.ts'
import { leastSigma, type Measured, sigmaOf } from './choice.ts'
import {
  costOf,
  fitSequence,
  fittedLoss,
  type JudgedPlan,
  lastOf,
  type OpenSequence,
  type Sequence,
  worthOf,
} from './sequence.ts'
import { sequenceSigma } from './sequences.ts'

/** What tells the time of sequences, each relative to vanilla's. */
export interface SequenceClock {
  /** Of images that all go through all stages, in the order of the sequences. */
  readonly throughAll: (sequences: readonly OpenSequence[]) => Promise<readonly number[]>
  /** In the mean over the images, of which some go on. */
  readonly mean: (sequence: Sequence) => Promise<number>
}

/** How sequences are chosen. */
export interface SequenceRules {
  readonly vanilla: JudgedPlan
  /** Times of vanilla's that an image may take in the mean. */
  readonly budget: number
  readonly measure: CertaintyMeasure
  /** What the stages of a sequence cost as compiled, which takes time. */
  readonly compiledPrices: (sequence: OpenSequence) => readonly number[]
  readonly clock: SequenceClock
}

export interface SequenceChoice {
  /** The time of an image that goes through all stages beside the mean. */
  readonly chosen: (Measured<Sequence> & { readonly worst: number }) | undefined
  readonly measured: readonly Measured<Sequence>[]
}

/** Sequences that are compiled and whose stages are timed together, and how often at most. */
const [together, compiledAtMost, timesAtMost] = [3, 12, 4]
/** The thresholds of so many sequences are set by the clock, each so often at most. */
const [finalists, settingsAtMost] = [2, 5]
/** Thresholds are first set for this share of what the budget has for later stages, and for so much less where they did not keep it. */
const [aim, retreat] = [0.97, 0.04]
/** What takes no less than this share of it is not set again. */
const near = 0.94

/** A time beside what was predicted. */
interface Timed {
  readonly predicted: number
  readonly relative: number
}

/** No stage takes less than this share of what was predicted: the clock was wrong. */
const leastExcess = 0.5

/** How much more than predicted the later stages of a sequence take; what the first takes is known. */
const excess = ({ prices: [first] }: OpenSequence, times: readonly Timed[]): number => {
  const added = (of: (time: Timed) => number): number => times.reduce((sum, time) => sum + of(time) - first, 0)
  const predicted = added(time => time.predicted)
  return predicted > 0 ? Math.max(leastExcess, added(({ relative }) => relative) / predicted) : 1
}

const dearer = ({ stages, prices: [first, ...later] }: OpenSequence, by: number): OpenSequence => ({
  stages,
  prices: [first, ...later.map(price => by * price)],
})

type Fit = (open: OpenSequence, most: number) => Sequence | undefined

/** Thresholds that err least at a mean cost of at most so much, where that beats vanilla beyond chance. */
const fitter =
  ({ vanilla, measure }: SequenceRules): Fit =>
  (open, most) => {
    const sequence = fitSequence(open, { measure, most })
    return sequence !== undefined &&
      sequence.score.wrong <= vanilla.candidate.score.wrong &&
      sequenceSigma(sequence, vanilla) >= leastSigma
      ? sequence
      : undefined
  }

const byWorth = (a: Sequence, b: Sequence): number => worthOf(a.score) - worthOf(b.score) || a.cost - b.cost

/** A later stage is to err less by so many standard errors of the images' differences: what the best of many sequences gains is chance at first. */
const leastGain = 1

/** The best first; but before it those with fewer stages that are as good but for chance ("one standard error rule", Breiman et al. 1984). */
const simplestFirst = <A extends { readonly sequence: Sequence }>(all: readonly A[]): readonly A[] => {
  const sorted = all.toSorted((a, b) => byWorth(a.sequence, b.sequence))
  if (sorted.length === 0) return []
  const [{ sequence: best }] = sorted
  const losses = lastOf(best, fittedLoss)
  const isAsGood = ({ sequence }: A): boolean =>
    sigmaOf(lastOf(sequence, fittedLoss).map((loss, image) => loss - losses[image])) < leastGain
  const simpler = sorted
    .filter(one => one.sequence.stages.length < best.stages.length && isAsGood(one))
    .sort((a, b) => a.sequence.stages.length - b.sequence.stages.length)
  return [...new Set([...simpler, ...sorted])]
}

/** A sequence whose later stages cost what the clock says, with the time of an image that goes through all. */
interface Priced {
  readonly sequence: Sequence
  readonly worst: number
}

/** How much more than said the later stages of a sequence turned out to cost. */
type Excess = ReadonlyMap<OpenSequence, number>

/** That of a sequence; where it is not known, what is usual among those with as many stages. */
const excessOf = (known: Excess, one: OpenSequence): number => {
  const alike = [...known].flatMap(([{ stages }, excess]) => (stages.length === one.stages.length ? [excess] : []))
  return known.get(one) ?? (alike.length === 0 ? 1 : medianOf(alike))
}

/**
 * The best sequences within a budget, by prices of the clock. What was neither compiled nor timed is judged by what that said of others, and is compiled and timed where
 * that makes it one of the best.
 */
const pricedSequences = async (open: readonly OpenSequence[], rules: SequenceRules): Promise<readonly Priced[]> => {
  const fitted = fitter(rules)
  const compiled = new Map<OpenSequence, OpenSequence>()
  const [asCompiled, byClock] = [new Map<OpenSequence, number>(), new Map<OpenSequence, number>()]
  const worst = new Map<OpenSequence, number>()
  const compiledOf = (one: OpenSequence): OpenSequence => compiled.get(one) ?? dearer(one, excessOf(asCompiled, one))
  /** Of two stages the clock says what was predicted, nearly: what others are off by, says little of them. */
  const clockOf = (one: OpenSequence): number =>
    one.stages.length === 2 ? (byClock.get(one) ?? 1) : excessOf(byClock, one)
  const ranked = (): readonly { readonly one: OpenSequence; readonly sequence: Sequence }[] =>
    simplestFirst(
      open.flatMap(one => {
        const sequence = fitted(dearer(compiledOf(one), clockOf(one)), rules.budget)
        return sequence === undefined ? [] : [{ one, sequence }]
      }),
    )
  /** The best, as compiled. */
  const bestCompiled = (): readonly OpenSequence[] => {
    for (let round = 0; ; round++) {
      const best = ranked()
        .slice(0, together)
        .map(({ one }) => one)
      const unknown = best.filter(one => !compiled.has(one))
      if (unknown.length === 0 || round === compiledAtMost) return best
      for (const one of unknown) {
        const prices = rules.compiledPrices(one)
        compiled.set(one, { ...one, prices })
        asCompiled.set(one, excess(one, [{ predicted: sumOf(one.prices), relative: sumOf(prices) }]))
      }
    }
  }
  for (let round = 0; round < timesAtMost; round++) {
    const group = bestCompiled().filter(one => !worst.has(one))
    if (group.length === 0) break
    const times = await rules.clock.throughAll(group)
    group.forEach((one, k) => {
      worst.set(one, times[k])
      byClock.set(one, excess(one, [{ predicted: sumOf(compiledOf(one).prices), relative: times[k] }]))
    })
  }
  return ranked().flatMap(({ one, sequence }) => {
    const time = worst.get(one)
    return time === undefined ? [] : [{ sequence, worst: time }]
  })
}

interface Settled {
  readonly kept: Measured<Sequence> | undefined
  readonly measured: readonly Measured<Sequence>[]
}

/**
 * Thresholds with which a sequence keeps the budget by the clock. All times together correct what is predicted, so that one that is wrong does not count for
 * much. Each setting is timed twice and has the mean, for a first time that flatters would choose it.
 */
const settled = async (sequence: Sequence, rules: SequenceRules): Promise<Settled> => {
  const { budget, clock } = rules
  const fitted = fitter(rules)
  const [first] = sequence.prices
  const partOf = (share: number): number => first + share * (budget - first)
  const measured: Measured<Sequence>[] = []
  // What was predicted counts as one setting.
  const timed: Timed[] = [{ predicted: sequence.cost, relative: sequence.cost }]
  let kept: Measured<Sequence> | undefined
  let share = aim
  for (let setting = 0; setting < settingsAtMost; setting++) {
    const candidate = fitted(dearer(sequence, excess(sequence, timed)), partOf(share))
    if (candidate === undefined || (kept !== undefined && byWorth(candidate, kept.candidate) >= 0)) break
    const relative = ((await clock.mean(candidate)) + (await clock.mean(candidate))) / 2
    measured.push({ candidate, relative })
    timed.push({ predicted: costOf(sequence, candidate.shares), relative })
    if (relative > budget) share -= retreat
    else {
      kept = { candidate, relative }
      if (relative >= partOf(near)) break
    }
  }
  return { kept, measured }
}

/**
 * The best sequence whose mean time keeps the budget, by the clock. First the clock tells what later stages cost where all images come to them, which tells sequences
 * apart; then the thresholds of the best are set until the mean time keeps the budget. As with fixed plans, what is taken beats vanilla beyond chance.
 */
export const chooseSequence = async (open: readonly OpenSequence[], rules: SequenceRules): Promise<SequenceChoice> => {
  const measured: Measured<Sequence>[] = []
  for (const { sequence, worst } of (await pricedSequences(open, rules)).slice(0, finalists)) {
    const { kept, measured: timed } = await settled(sequence, rules)
    measured.push(...timed)
    if (kept !== undefined) return { chosen: { ...kept, worst }, measured }
  }
  return { chosen: undefined, measured }
}
