import type { Reduction } from '../../../ir/index.ts'
import { type Evidence, evidence, type LogitsOf } from './evidence.ts'
import { type Objective, objectiveOf, type Score } from './objective.ts'
import { screened } from './screening.ts'
import { keyOf, neighbours, type Place, type Sites } from './space.ts'

/** A network and labelled images to choose a plan by. */
export interface Subject {
  readonly labels: readonly number[]
  readonly places: readonly Place[]
  readonly logitsOf: LogitsOf
  /** What branches cost relative to vanilla: at a guess, which takes no time, and as compiled. */
  readonly guessedCost: (sites: Sites) => number
  readonly cost: (sites: Sites) => number
}

export interface SearchOptions {
  /** The most that a plan may cost, as compiled. */
  readonly most: number
  /** What a plan may cost that only some images go through: after the others such are looked for, too. */
  readonly mostOfSome?: number | undefined
  readonly reductions: readonly Reduction[]
  readonly objective: Objective
  /** So many plans are grown at a time. Default 4. */
  readonly beam?: number
  /** So many of the plans next to them are evaluated, of those that look best. Default 24. */
  readonly offspring?: number
  /** Single transforms are compared on so many images first. Default 1000. */
  readonly screening?: number
  /** Plans to begin with, beside vanilla. */
  readonly start?: readonly Sites[]
  readonly signal?: AbortSignal
  readonly onRound?: (round: Round) => void
}

/** Where a search stands. */
export interface Round {
  readonly round: number
  readonly evaluated: number
  readonly best: Candidate
}

/** Branches, and how their answers become one. */
export interface BranchedPlan {
  readonly sites: Sites
  readonly reduction: Reduction
}

/** A plan with what it is worth on the images that it was chosen by. */
export interface Candidate extends BranchedPlan {
  readonly score: Score
  /** Relative to vanilla, as compiled, not measured. */
  readonly cost: number
}

export interface Searched {
  /** What they were judged by. */
  readonly evidence: Evidence
  readonly vanilla: Candidate
  /** Best first, vanilla among them. */
  readonly candidates: readonly Candidate[]
  /** How many plans were judged, at a guess or by all their logits. */
  readonly evaluated: number
  readonly rounds: number
}

const roundsAtMost = 16
/** Rounds without a better plan that end a search. */
const patience = 2
/** Variants of so many of the best plans stay in memory. */
const remembered = 100

/** A plan's transforms one by one, by which plans near it are guessed. */
const stepsOf = (sites: Sites): readonly Sites[] =>
  sites.flatMap(({ map, transforms }) => transforms.map(transform => [{ map, transforms: [transform] }]))

const isBranched = (sites: Sites): boolean => sites.some(({ transforms }) => transforms.length > 1)

/**
 * Looks for the plans that answer best within a cost: a greedy search over sets of transforms at feature maps and
 * reductions, by logits that are computed once a variant (Molchanov et al. 2020, "Greedy Policy Search", with a beam and with
 * steps back). Single transforms are screened on few images first; plans with several are guessed before they are evaluated.
 * @throws the signal's reason where it is aborted
 */
export const search = async (subject: Subject, options: SearchOptions): Promise<Searched> => {
  const { labels, logitsOf, guessedCost, cost } = subject
  const {
    most,
    mostOfSome = most,
    reductions,
    objective,
    beam = 4,
    offspring = 24,
    screening = 1000,
    start = [],
    signal,
    onRound,
  } = options
  const dearest = Math.max(most, mostOfSome)
  const { places, tried } = await screened(subject.places, labels, logitsOf, {
    objective,
    affordable: sites => guessedCost(sites) <= dearest,
    images: Math.min(screening, labels.length),
  })
  const all = evidence(labels, logitsOf)
  await all.gather([[], ...neighbours([], places)])

  const worth = ({ score }: Candidate): number => {
    const value = objectiveOf(score, objective)
    return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value
  }
  const byWorth = (a: Candidate, b: Candidate): number => worth(a) - worth(b) || a.cost - b.cost
  const pool = new Map<string, readonly Candidate[]>()
  const evaluate = (sites: Sites, reduction: Reduction, from?: number): Candidate => {
    const candidate = { sites, reduction, score: all.score(sites, reduction, from), cost: cost(sites) }
    const key = keyOf(sites)
    pool.set(key, [...(pool.get(key) ?? []), candidate].sort(byWorth))
    return candidate
  }
  const best = (): readonly Candidate[] => [...pool.values()].map(([first]) => first).sort(byWorth)

  /** The plans one step from some that look best, by a guess. */
  const guessed = new Map<string, number>()
  const promising = async (parents: readonly Candidate[], limit: number): Promise<readonly Sites[]> => {
    const near = new Map<string, Sites>()
    for (const { sites, score } of parents) {
      for (const next of neighbours(sites, places)) {
        const key = keyOf(next)
        if (pool.has(key) || guessedCost(next) > limit) continue
        if (!guessed.has(key)) guessed.set(key, all.guess(next, objective, score.temperature))
        near.set(key, next)
      }
      // Otherwise no signal comes through.
      await new Promise(resolve => setImmediate(resolve))
      signal?.throwIfAborted()
    }
    const ranked = [...near].sort(([a], [b]) => (guessed.get(a) as number) - (guessed.get(b) as number))
    const chosen: Sites[] = []
    for (const [, sites] of ranked) if (chosen.length < offspring && cost(sites) <= limit) chosen.push(sites)
    return chosen
  }

  const vanilla = evaluate([], reductions[0])
  const given = start.filter(sites => sites.length > 0 && cost(sites) <= dearest)
  await all.gather([...given, ...given.flatMap(stepsOf)])
  for (const sites of given) for (const reduction of reductions) evaluate(sites, reduction)
  const within = (limit: number): readonly Candidate[] =>
    best().filter(({ sites, cost }) => cost <= limit || sites.length === 0)
  let rounds = 0
  const grow = async (limit: number): Promise<void> => {
    const grown = new Set<string>()
    for (let [round, idle] = [0, 0]; round < roundsAtMost && idle < patience; round++) {
      const [before] = within(limit)
      const parents = within(limit).filter(({ sites }) => !grown.has(keyOf(sites)))
      if (parents.length === 0) break
      for (const { sites } of parents.slice(0, beam)) grown.add(keyOf(sites))
      const plans = await promising(parents.slice(0, beam), limit)
      await all.gather(plans)
      const first = plans.map(sites => evaluate(sites, reductions[0])).sort(byWorth)
      for (const { sites, score } of first.slice(0, 2 * beam))
        if (isBranched(sites))
          for (const reduction of reductions.slice(1)) evaluate(sites, reduction, score.temperature)
      const [after] = within(limit)
      idle = after === before ? idle + 1 : 0
      all.keep(
        best()
          .slice(0, remembered)
          .map(({ sites }) => sites),
      )
      onRound?.({ round: ++rounds, evaluated: tried + guessed.size, best: after })
    }
  }
  await grow(most)
  if (mostOfSome > most) await grow(mostOfSome)
  return {
    evidence: all,
    vanilla,
    candidates: [...pool.values()].flat().sort(byWorth),
    evaluated: tried + guessed.size,
    rounds,
  }
}

/** Some plans judged as they stand, and no others. */
export const judgedAlone = async (
  plans: readonly BranchedPlan[],
  { labels, logitsOf, cost }: Pick<Subject, 'labels' | 'logitsOf' | 'cost'>,
): Promise<Searched> => {
  const all = evidence(labels, logitsOf)
  await all.gather([[], ...plans.map(({ sites }) => sites)])
  const judge = ({ sites, reduction }: BranchedPlan): Candidate => ({
    ...{ sites, reduction },
    score: all.score(sites, reduction),
    cost: cost(sites),
  })
  return {
    evidence: all,
    vanilla: judge({ sites: [], reduction: 'geo' }),
    candidates: plans.map(judge),
    evaluated: plans.length,
    rounds: 0,
  }
}
