import { certaintyMeasures, type Graph, motionOf, type Pair, reductions, shapeOf } from '../../ir/index.ts'
import {
  type AdaptivePlan,
  type BranchPlace,
  branchPlaces,
  type FixedPlan,
  factsOfKind,
  type NetworkOutput,
  outputKindNames,
  type PlacedPlan,
  type Site,
  setNames,
} from '../../passes/index.ts'
import type { Choose } from './choose.ts'
import { thresholds } from './graph.ts'
import { drawTransforms } from './transforms.ts'

/** How many variants a plan may give: the evaluator computes each. */
const mostVariants = 8

/** Sets with a name, by the number of their variants. */
const named = { flip: 2, flipv: 2, rotate: 2, scale: 2, rot4: 4, shift4: 4, d4: 8 } as const

/** A place of a network: any feature map or, as often where there are some, a cut between two. */
const drawPlace = (choose: Choose, graph: Graph): BranchPlace => {
  const places = branchPlaces(graph)
  const cuts = places.filter(({ cut }) => cut !== undefined)
  return cuts.length > 0 && choose.oneIn(2)
    ? choose.pick(cuts)
    : choose.pick(places.filter(place => !cuts.includes(place)))
}

const extentsAt = ({ nodes }: Graph, { values }: BranchPlace): readonly Pair[] =>
  values.map(id => shapeOf(nodes[id].type).slice(0, 2) as unknown as Pair)

const isSquare = ([h, w]: Pair): boolean => h === w

const siteAt = ({ map, cut }: BranchPlace, set: Site['set']): Site => ({
  set,
  place: { kind: 'map', map, ...(cut === undefined ? {} : { cut }) },
})

const drawSite = (choose: Choose, graph: Graph, room: number, exact: boolean): Site => {
  const place = drawPlace(choose, graph)
  const extents = extentsAt(graph, place)
  const alike = extents.every(other => other.join() === extents[0].join())
  const suits = setNames.filter(
    name =>
      named[name] <= room &&
      (extents.every(isSquare) || (name !== 'rot4' && name !== 'd4')) &&
      !(exact && (name === 'rotate' || name === 'scale')) &&
      (alike || (name !== 'rotate' && name !== 'scale' && name !== 'shift4')),
  )
  if (suits.length > 0 && choose.oneIn(2)) return siteAt(place, choose.pick(suits))
  const drawn = drawTransforms(choose, extents[0], Math.min(room, 3), exact)
  const allowed = alike ? drawn : drawn.filter(({ kind }) => kind === 'd4')
  return siteAt(place, allowed.length === 0 ? [{ kind: 'd4', element: 'flip' }] : allowed)
}

/** A kind for each output of a network, with all that a kind has: every kind has a reduction in common with every other. */
export const drawOutputs = (choose: Choose, { nodes, outputs }: Graph): readonly NetworkOutput[] =>
  outputs.map(({ name, node }): NetworkOutput => {
    const { type } = nodes[node]
    const kind = choose.pick(outputKindNames.filter(kind => factsOfKind(kind).type === type.kind))
    const c = type.kind === 'Shared' ? 0 : type.c
    return {
      name,
      kind,
      ...(factsOfKind(kind).probabilities === undefined ? {} : { gives: 'scores' }),
      ...(kind === 'heatmaps' ? { pairs: c > 1 ? [[0, c - 1]] : [] } : {}),
    }
  })

/** A plan with one branch of flips or, on a square map, of quarter turns too. */
export const drawFlips = (choose: Choose, graph: Graph): FixedPlan => {
  const place = drawPlace(choose, graph)
  const turns = extentsAt(graph, place).every(isSquare)
  const set = choose.pick(turns ? (['flip', 'flipv', 'd4', 'rot4'] as const) : (['flip', 'flipv'] as const))
  return {
    sites: [siteAt(place, set)],
    tta: false,
    training: 'none',
    inference: choose.pick(reductions),
  }
}

/** A plan that fits the feature maps of a network: one to three branches at any of them, some at one map. */
export const drawPlan = (choose: Choose, graph: Graph, exact: boolean): FixedPlan => {
  const sites: Site[] = []
  let variants = 1
  const count = choose.pick([1, 2, 3])
  const tta = choose.oneIn(4)
  if (tta) variants *= 2
  while (sites.length < count && variants * 2 <= mostVariants) {
    const site = drawSite(choose, graph, mostVariants / variants, exact)
    sites.push(site)
    variants *= typeof site.set === 'string' ? named[site.set] : 2 ** Math.ceil(Math.log2(site.set.length))
  }
  return { sites, tta, training: 'none', inference: choose.pick(reductions) }
}

const vanilla: FixedPlan = { sites: [], tta: false, training: 'none', inference: 'geo' }

/** A plan of one to three stages that fit a network: most begin with the network as it is, some repeat a stage. */
export const drawStages = (choose: Choose, graph: Graph, exact: boolean): AdaptivePlan => {
  const stages: FixedPlan[] = [choose.oneIn(4) ? drawFlips(choose, graph) : vanilla]
  const count = choose.pick([2, 3, 2, 1])
  while (stages.length < count)
    stages.push(
      choose.weighted([
        [3, drawFlips],
        [2, drawPlan],
        [1, () => stages[0]],
      ] as const)(choose, graph, exact),
    )
  const gates = stages.slice(1).map(() => ({
    measure: choose.pick(certaintyMeasures),
    below: choose.pick(thresholds),
  }))
  return { stages, gates }
}

/** Whether a map takes other extents: then windows and resizes after it may round where they did not. */
export const turnsOffSquare = (graph: Graph, plan: PlacedPlan): boolean =>
  plan.sites.some(({ values, transforms }) => {
    const turned = transforms.some(t => t.kind === 'd4' && motionOf(t.element).swap)
    return turned && values.some(id => !isSquare(shapeOf(graph.nodes[id].type).slice(0, 2) as unknown as Pair))
  })
