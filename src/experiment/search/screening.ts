import { evidence, type LogitsOf } from './evidence.ts'
import type { Objective } from './objective.ts'
import { neighbours, type Place, type Sites } from './space.ts'

export interface ScreeningOptions {
  readonly objective: Objective
  /** Whether a plan is within the budget, at a guess. */
  readonly affordable: (sites: Sites) => boolean
  readonly images: number
}

/** Of the transforms at feature maps this share is kept, and of each map at least so many. */
const [keptShare, keptPerMap] = [1 / 3, 2]

/** Feature maps with the transforms that are worth more than most beside the identity there, by a few images; and how many were tried. */
export const screened = async (
  places: readonly Place[],
  labels: readonly number[],
  logitsOf: LogitsOf,
  { objective, affordable, images }: ScreeningOptions,
): Promise<{ readonly places: readonly Place[]; readonly tried: number }> => {
  const singles = neighbours([], places).filter(sites => sites[0].transforms.length > 1 && affordable(sites))
  const few = evidence(labels.slice(0, images), logitsOf)
  await few.gather([[], ...singles])
  const { temperature } = few.score([], 'geo')
  const worth = new Map(singles.map(sites => [sites, few.guess(sites, objective, temperature)]))
  const ranked = singles.toSorted((a, b) => (worth.get(a) as number) - (worth.get(b) as number))
  const kept = new Set(ranked.slice(0, Math.ceil(ranked.length * keptShare)))
  for (const { map } of places)
    for (const sites of ranked.filter(([site]) => site.map === map).slice(0, keptPerMap)) kept.add(sites)
  return {
    places: places.map(({ map, transforms }) => ({
      map,
      transforms: transforms.filter(transform =>
        [...kept].some(([site]) => site.map === map && site.transforms.includes(transform)),
      ),
    })),
    tried: singles.length,
  }
}
