import { meanOf } from '../../base/statistics.ts'
import type { NamedMeasure } from '../../measures/index.ts'
import { leastSigma, sigmaOf } from '../search/choice.ts'
import { flipTta } from '../search/network.ts'
import { isIdentity, keyOf, neighbours, type Place, type Sites } from '../search/space.ts'
import { gainsOf } from './changes.ts'
import type { PlanRun } from './run-plan.ts'

/** A plan on all images that plans are chosen by. */
export interface Judged {
  readonly sites: Sites
  /** Its predicted time over vanilla's. */
  readonly cost: number
  readonly run: PlanRun
  /** What it adds to the measure of an image, in the mean: above 0 where that is better. */
  readonly gain: number
  /** Whether that is beyond chance. */
  readonly beatsVanilla: boolean
}

/** What plans grow by, and how far. */
export interface Growing {
  readonly places: readonly Place[]
  readonly measure: NamedMeasure
  readonly cost: (sites: Sites) => number
  /** The most that a plan may cost. */
  readonly most: number
  /** Images by which plans are compared first. */
  readonly screening: number
  /** Plans of a round that are compared on all. */
  readonly offspring: number
  /** Runs a plan on all images, or on the first so many. */
  readonly run: (sites: Sites, limit?: number) => Promise<PlanRun>
  readonly onRound: (
    best: Judged,
    vanilla: Judged,
    round: { readonly round: number; readonly evaluated: number },
  ) => void
}

export interface Grown {
  readonly vanilla: Judged
  readonly tta: Judged
  /** Those that beat vanilla beyond chance, the best first. */
  readonly better: readonly Judged[]
  readonly rounds: number
  /** How many plans were compared on all images. */
  readonly evaluated: number
}

/** Branches beside the identity: of answers that are maps nothing else has all pixels. */
const keepsIdentity = (sites: Sites): boolean => sites.every(({ transforms }) => transforms.some(isIdentity))

/** Plans from vanilla on, a transform at a time: the one of a round that gains most, where that is beyond chance. Flip TTA is looked at, too, whatever it costs. */
export const grow = async ({
  places,
  measure,
  cost,
  most,
  screening,
  offspring,
  run,
  onRound,
}: Growing): Promise<Grown> => {
  const gains = (own: PlanRun, over: PlanRun): Float64Array => gainsOf(measure, over.images, own.images)
  const isBeyondChance = (all: Float64Array): boolean => sigmaOf(all) >= leastSigma
  const vanilla: Judged = { sites: [], cost: 1, run: await run([]), gain: 0, beatsVanilla: false }
  const known = new Map([[keyOf([]), vanilla]])
  const judge = async (sites: Sites): Promise<Judged> => {
    const own = await run(sites)
    const all = gains(own, vanilla.run)
    const judged = { sites, cost: cost(sites), run: own, gain: meanOf(all), beatsVanilla: isBeyondChance(all) }
    known.set(keyOf(sites), judged)
    return judged
  }
  /** Of the plans a step away the most promising. */
  const promising = async (from: Judged): Promise<readonly Sites[]> => {
    const screened: { readonly sites: Sites; readonly gain: number }[] = []
    for (const sites of neighbours(from.sites, places))
      if (keepsIdentity(sites) && !known.has(keyOf(sites)) && cost(sites) <= most)
        screened.push({ sites, gain: meanOf(gains(await run(sites, screening), from.run)) })
    return screened
      .filter(({ gain }) => gain > 0)
      .toSorted((a, b) => b.gain - a.gain)
      .slice(0, offspring)
      .map(({ sites }) => sites)
  }
  const tta = await judge(flipTta)
  let best = tta.cost <= most && tta.beatsVanilla ? tta : vanilla
  let rounds = 0
  for (let from: Judged | undefined = vanilla; from !== undefined; rounds++) {
    const before: Judged = from
    for (const sites of await promising(before)) {
      const judged = await judge(sites)
      if (judged.gain > best.gain && isBeyondChance(gains(judged.run, before.run))) best = judged
    }
    onRound(best, vanilla, { round: rounds + 1, evaluated: known.size })
    from = best === before ? undefined : best
  }
  const better = [...known.values()].filter(({ beatsVanilla }) => beatsVanilla)
  return {
    vanilla,
    tta,
    better: better.toSorted((a, b) => b.gain - a.gain || a.cost - b.cost),
    rounds,
    evaluated: known.size,
  }
}
