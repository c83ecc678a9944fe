import { either as E } from 'fp-ts'
import { type Problem, problem } from '../ir/index.ts'
import type { BranchPlace } from './branch-places.ts'
import { type PlaceNumber, printPlace, type Site } from './plan.ts'

/** Problems of a plan on a network. */
export type PlacementProblem = Problem<'no-such-map' | 'no-inference-reduction' | 'bad-plan' | 'too-many-variants'>

const describe = (what: string, places: readonly PlaceNumber[]): string => {
  const [first, last] = [places[0], places[places.length - 1]]
  return places.length === 0 ? 'none' : `${what} ${printPlace(first)} to ${printPlace(last)}`
}

/** What a place that a network does not have is, and what the network has in its stead. */
export const noSuchPlace = (
  where: string,
  { map, cut }: PlaceNumber,
  places: readonly BranchPlace[],
): PlacementProblem => {
  if (cut === undefined) {
    const maps = places.filter(place => place.cut === undefined)
    return problem('no-such-map', where, `feature map ${map}`, `a map of this network: ${describe('maps', maps)}`)
  }
  const cuts = places.filter(place => place.cut !== undefined)
  const [behind, all] = [cuts.filter(place => place.map === map), new Set(cuts.map(place => place.map))]
  const expected =
    behind.length > 0 || cuts.length === 0
      ? describe('cuts', behind)
      : `cuts, which are behind maps ${[...all].slice(0, 8).join(', ')}${all.size > 8 ? ', …' : ''}`
  return problem('no-such-map', where, `cut ${printPlace({ map, cut })}`, `a cut of this network: ${expected}`)
}

/** The places of a network at which a site stands. */
export const placesAt = (
  where: string,
  site: Site,
  places: readonly BranchPlace[],
): E.Either<readonly PlacementProblem[], readonly BranchPlace[]> => {
  const { place } = site
  if (place.kind === 'map') {
    const found = places.find(({ map, cut }) => map === place.map && cut === place.cut)
    return found === undefined ? E.left([noSuchPlace(where, place, places)]) : E.right([found])
  }
  const branchable = places.filter(({ counted }) => counted)
  const wanted = place.kind === 'last' ? place.count : place.fromEnd
  if (wanted > branchable.length)
    return E.left([
      problem(
        'no-such-map',
        where,
        place.kind === 'last'
          ? `branches at the last ${wanted} feature maps`
          : `a branch at feature map ${wanted} from the end`,
        `at most ${branchable.length}: the feature maps of this network that a convolution over more than one pixel follows are ${describe('maps', branchable)}`,
        branchable.length > 0 && typeof site.set === 'string' ? `${site.set}-${branchable.length}` : undefined,
      ),
    ])
  return E.right(place.kind === 'last' ? branchable.slice(-wanted) : [branchable[branchable.length - wanted]])
}
