import { either as E } from 'fp-ts'
import { motionOf, type Problem, printTransform, type Transform } from '../../../ir/index.ts'
import {
  type FeatureMap,
  type FixedPlan,
  type PlanProblem,
  type PlanReduction,
  parseFixedPlan,
  printPlan,
  type TransformSet,
  type Variant,
  variantsOfPlan,
} from '../../../passes/index.ts'

/** The transforms of which a set is grown at each feature map, by name. */
const named = {
  flip: '{flip}',
  d4: '{flip,flipv,rot180,transpose,antitranspose,rot90,rot270}',
  shift: '{shift(0,1),shift(0,-1),shift(1,0),shift(-1,0),shift(1,1),shift(1,-1),shift(-1,1),shift(-1,-1)}',
  'shift-2': '{shift(0,2),shift(0,-2),shift(2,0),shift(-2,0)}',
  rotate: '{rotate(5),rotate(-5),rotate(10),rotate(-10),rotate(15),rotate(-15)}',
  scale: '{scale(0.9),scale(0.95),scale(1.05),scale(1.1),scale(1.15)}',
} as const
export type SearchSet = keyof typeof named
export const searchSets = Object.keys(named) as readonly SearchSet[]

/** What is searched unless `--sets` says otherwise. */
export const defaultSets = 'flip,shift,rotate,scale'

const spelled = (set: string): string => {
  const known = searchSets.find(name => name === set)
  return known === undefined ? set : named[known]
}

export const isIdentity = (transform: Transform): boolean => printTransform(transform) === 'id'

/** The transforms of sets written as `flip,shift,{scale(1.2)}`: names of {@link searchSets}, or transforms in braces. */
export const parseSets = (text: string): E.Either<readonly Problem[], readonly Transform[]> => {
  const parts = text.match(/\{[^{}]*\}|[^,{}]+/g) ?? []
  if (parts.join() !== text) return refuseSet(text)
  const transforms = new Map<string, Transform>()
  for (const part of parts) {
    const plan = parseFixedPlan(`${spelled(part.trim())}@0`)
    if (E.isLeft(plan)) return refuseSet(part.trim(), plan.left[0])
    const { set } = plan.right.sites[0]
    if (typeof set === 'string') return refuseSet(part.trim())
    for (const transform of set) if (!isIdentity(transform)) transforms.set(printTransform(transform), transform)
  }
  return transforms.size === 0 ? refuseSet(text) : E.right([...transforms.values()])
}

const refuseSet = (seen: string, why?: PlanProblem): E.Either<readonly PlanProblem[], never> =>
  E.left([
    {
      tag: 'bad-plan',
      where: '--sets',
      seen: why?.seen ?? `the set ${JSON.stringify(seen)}`,
      expected: `${searchSets.join(', ')}, or transforms in braces`,
    },
  ])

/** A feature map and what may be done to it. */
export interface Place {
  readonly map: number
  readonly transforms: readonly Transform[]
}

const fits = (transform: Transform, { h, w }: FeatureMap['type']): boolean =>
  transform.kind !== 'd4' || h === w || !motionOf(transform.element).swap

/** Where a network may be branched so that a convolution sees it, and by what: quarter turns need square maps. */
export const placesOf = (maps: readonly FeatureMap[], transforms: readonly Transform[]): readonly Place[] =>
  maps
    .filter(({ type: { h, w }, convolutionFollows }) => convolutionFollows && h * w > 1)
    .map(({ index, type }) => ({ map: index, transforms: transforms.filter(transform => fits(transform, type)) }))

/** A branch at a feature map: its variants, two or more, or one that all images go through. */
export interface SearchSite {
  readonly map: number
  readonly transforms: readonly Transform[]
}

/** The branches of a plan, from the image on, one a feature map. None: vanilla. */
export type Sites = readonly SearchSite[]

const identity: Transform = { kind: 'd4', element: 'id' }

const order = (transforms: readonly Transform[]): readonly Transform[] =>
  transforms.toSorted((a, b) => {
    const [left, right] = [a, b].map(printTransform)
    return isIdentity(a) ? -1 : isIdentity(b) ? 1 : left < right ? -1 : 1
  })

/** A set as plans name it. */
const setOf = (transforms: readonly Transform[]): TransformSet =>
  transforms.length === 2 && transforms.map(printTransform).join() === 'id,flip' ? 'flip' : transforms

export const planOf = (sites: Sites, reduction: PlanReduction): FixedPlan => ({
  sites: sites.map(({ map, transforms }) => ({ set: setOf(transforms), place: { kind: 'map', map } })),
  training: reduction,
  inference: reduction,
  tta: false,
})

/** Equal for equal branches. */
export const keyOf = (sites: Sites): string => printPlan(planOf(sites, 'geo'))

/** How many variants reach the answer. */
export const variantsIn = (sites: Sites): number =>
  sites.reduce((count, { transforms }) => count * transforms.length, 1)

/** The ways through the network that a plan reduces. */
export const pathsOf = (sites: Sites): readonly Variant[] => variantsOfPlan({ sites })

const withSet = (sites: Sites, map: number, transforms: readonly Transform[]): Sites => {
  const others = sites.filter(site => site.map !== map)
  const alone = transforms.length === 0 || (transforms.length === 1 && isIdentity(transforms[0]))
  return alone ? others : [...others, { map, transforms: order(transforms) }].sort((a, b) => a.map - b.map)
}

/** What is one step away: a transform more at a map, one less, or one in place of another. */
export const neighbours = (sites: Sites, places: readonly Place[]): readonly Sites[] => {
  const found = new Map<string, Sites>()
  const add = (next: Sites): void => {
    found.set(keyOf(next), next)
  }
  for (const { map, transforms } of places) {
    const set = sites.find(site => site.map === map)?.transforms ?? [identity]
    const absent = [identity, ...transforms].filter(
      transform => !set.some(present => printTransform(present) === printTransform(transform)),
    )
    for (const transform of absent) {
      add(withSet(sites, map, [...set, transform]))
      // Beside branches elsewhere, a transform that all images go through is never worth a look.
      if (set.length > 1 || sites.length === 0)
        for (const present of set) add(withSet(sites, map, [...set.filter(other => other !== present), transform]))
    }
    if (set.length > 1)
      for (const present of set)
        add(
          withSet(
            sites,
            map,
            set.filter(other => other !== present),
          ),
        )
  }
  found.delete(keyOf(sites))
  return [...found.values()]
}
