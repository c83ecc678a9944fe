import { either as E } from 'fp-ts'
import {
  checkGraph,
  type Graph,
  isPerExample,
  liveNodes,
  type NodeId,
  printTransform,
  problem,
  Reduction,
  shapeOf,
  type Transform,
} from '../ir/index.ts'
import { branchPlaces } from './branch-places.ts'
import { type PlacementProblem, placesAt } from './find-places.ts'
import { classifierOutputs, factsOfKind, type NetworkOutput } from './output-kinds.ts'
import {
  type FixedPlan,
  type Gate,
  isAdaptive,
  type PlaceNumber,
  type Plan,
  type PlanReduction,
  printPlace,
  type SetName,
  type Site,
  type TransformSet,
} from './plan.ts'
import { printPlan } from './plan-text.ts'

/** A branch (or, with one transform, a transform) at a place of a given graph. */
export interface PlacedSite extends PlaceNumber {
  /** What is transformed: a feature map, or all maps of a cut. */
  readonly values: readonly NodeId[]
  /** Nodes before the place that read one of them, as it was. */
  readonly before: readonly NodeId[]
  readonly transforms: readonly Transform[]
  /** What training draws anew for every variant and step, in place of these. */
  readonly drawn?: 'rotate' | 'scale'
}

/** A plan on a given network, for inference: every site's node and variants, drawn. */
export interface PlacedPlan {
  readonly name: string
  readonly sites: readonly PlacedSite[]
  /** Of a classifier's scores; null where nothing branches, or `outputs` say how each is reduced. */
  readonly reduction: Reduction | null
  /** Of a network that is no classifier with one output. */
  readonly outputs?: readonly PlacedOutput[]
}

/** An output with the reduction of its variants; null where nothing branches. */
export interface PlacedOutput extends Omit<NetworkOutput, 'reduction'> {
  readonly reduction: PlanReduction | null
}

/** An adaptive plan on a given network: each of its stages placed, with the gates between them. */
export interface PlacedStages {
  readonly name: string
  readonly stages: readonly PlacedPlan[]
  readonly gates: readonly Gate[]
}

/** The stages of a placed plan: of a fixed one, itself. */
export const placedStages = (plan: PlacedPlan | PlacedStages): readonly PlacedPlan[] =>
  'stages' in plan ? plan.stages : [plan]

const d4 = (...elements: readonly Extract<Transform, { kind: 'd4' }>['element'][]): readonly Transform[] =>
  elements.map(element => ({ kind: 'd4', element }))

/** The scales that training draws from, uniformly. */
export const scaleRange = [0.8, 1.25] as const
/** The angle of the turned branch at inference, in degrees. */
export const inferenceAngle = 15

/**
 * The variants of a named set at inference (paper, section 3): for `rotate` one branch is unchanged and the other turned 15°, for `scale` the other is scaled by a draw.
 */
const variantsOf = (set: TransformSet, draw: () => number): readonly Transform[] => {
  if (typeof set !== 'string') return set
  const named: { readonly [S in SetName]: () => readonly Transform[] } = {
    flip: () => d4('id', 'flip'),
    flipv: () => d4('id', 'flipv'),
    rot4: () => d4('id', 'rot90', 'rot180', 'rot270'),
    d4: () => d4('id', 'flip', 'flipv', 'rot180', 'transpose', 'antitranspose', 'rot90', 'rot270'),
    shift4: () => [
      { kind: 'd4', element: 'id' },
      { kind: 'shift', dy: 0, dx: 1 },
      { kind: 'shift', dy: 1, dx: 0 },
      { kind: 'shift', dy: 1, dx: 1 },
    ],
    rotate: () => [...d4('id'), { kind: 'rotate', degrees: inferenceAngle }],
    scale: () => [...d4('id'), { kind: 'scale', factor: scaleRange[0] + draw() * (scaleRange[1] - scaleRange[0]) }],
  }
  return named[set]()
}

/** Ops that a plan may make of a network, one full copy for each variant: compiling more takes minutes and gigabytes. */
export const unrolledAtMost = 2 ** 18

/** How many variants a plan asks for, and how many ops they are when each runs all of the network. */
const sizeUnrolled = (
  graph: Graph,
  sites: readonly PlacedSite[],
): { readonly variants: number; readonly ops: number } => {
  const live = liveNodes(graph)
  const each = graph.nodes.filter(({ type }, id) => live[id] && isPerExample(type)).length
  const variants = sites.reduce((n, { transforms }) => n * transforms.length, 1)
  return { variants, ops: graph.nodes.length + variants * (each + sites.length) }
}

/** The same branches at fewer of the last maps, as many as are allowed. */
const fewer = (
  { sites: [site, ...more] }: FixedPlan,
  placed: readonly PlacedSite[],
  graph: Graph,
): string | undefined => {
  if (site?.place.kind !== 'last' || typeof site.set !== 'string' || more.length > 0) return undefined
  const most = placed.findIndex((_, k) => sizeUnrolled(graph, placed.slice(0, k + 1)).ops > unrolledAtMost)
  return most > 0 ? `${site.set}-${most}` : undefined
}

/** The reduction of scores of classes that a plan's is. */
const reductionOfScores = (reduction: PlanReduction | null): Reduction | null =>
  reduction === null || Reduction.is(reduction) ? reduction : 'sum'

/** What a network's outputs and a plan's branches ask of each other. */
const flawsOf = (
  plan: FixedPlan,
  where: string,
  sites: readonly PlacedSite[],
  outputs: readonly NetworkOutput[],
): readonly PlacementProblem[] =>
  outputs.flatMap(({ name, kind, reduction = plan.inference }) => {
    const { type, reductions } = factsOfKind(kind)
    const at = `${where}, output ${name}`
    const moved = sites.flatMap(({ transforms }) => transforms).find(({ kind }) => kind !== 'd4')
    const unfit = !reductions.some(known => known === reduction)
    return [
      ...(unfit && reduction !== 'none'
        ? [
            problem(
              'bad-plan' as const,
              at,
              `the reduction ${reduction} of ${kind}`,
              reductions.join(', '),
              printPlan({ ...plan, training: reductions[0], inference: reductions[0] }),
            ),
          ]
        : []),
      ...(type === 'Map' && moved !== undefined
        ? [
            problem(
              'bad-plan' as const,
              at,
              `${printTransform(moved)}, which moves what is at the border out of the map`,
              'flips and quarter turns, which can be undone on what comes out',
            ),
          ]
        : []),
    ]
  })

/** Cuts whose maps differ in extents under transforms that are not the same at each. */
const unlikeExtents = (where: string, graph: Graph, sites: readonly PlacedSite[]): readonly PlacementProblem[] =>
  sites.flatMap(({ values, transforms, ...place }) => {
    const moved = transforms.find(({ kind }) => kind !== 'd4')
    const extents = [...new Set(values.map(id => shapeOf(graph.nodes[id].type).slice(0, 2).join('×')))]
    return moved === undefined || extents.length === 1
      ? []
      : [
          problem(
            'bad-plan' as const,
            where,
            `${printTransform(moved)} at cut ${printPlace(place)}, of maps of ${extents.join(' and ')} pixels`,
            'flips and quarter turns, which are the same at every resolution',
          ),
        ]
  })

/** Finds a plan's feature maps in a network and draws its variants. `draw` gives numbers in [0, 1). */
export const placePlan = (
  plan: FixedPlan,
  graph: Graph,
  draw: () => number,
  outputs: readonly NetworkOutput[] = classifierOutputs,
): E.Either<readonly PlacementProblem[], PlacedPlan> => {
  checkGraph('placePlan', graph)
  const name = printPlan(plan)
  const where = `plan ${name}`
  const places = branchPlaces(graph)
  const sites: PlacedSite[] = []
  const tta: Site = { set: 'flip', place: { kind: 'map', map: 0 } }
  for (const site of plan.tta ? [tta, ...plan.sites] : plan.sites) {
    const found = placesAt(where, site, places)
    if (E.isLeft(found)) return found
    const drawn = site.set === 'rotate' || site.set === 'scale' ? { drawn: site.set } : {}
    sites.push(
      ...found.right.map(({ map, cut, values, before }) => ({
        map,
        ...(cut === undefined ? {} : { cut }),
        values,
        before,
        transforms: variantsOf(site.set, draw),
        ...drawn,
      })),
    )
  }
  const { variants, ops } = sizeUnrolled(graph, sites)
  if (ops > unrolledAtMost)
    return E.left([
      problem(
        'too-many-variants',
        where,
        `${variants} variants of this network, ${ops} ops`,
        `at most ${unrolledAtMost} ops`,
        fewer(plan, sites, graph) ?? 'fewer branches, or smaller sets',
      ),
    ])
  const branched = sites.some(site => site.transforms.length > 1)
  const flaws =
    sites.length === 0 ? [] : [...unlikeExtents(where, graph, sites), ...flawsOf(plan, where, sites, outputs)]
  if (flaws.length > 0) return E.left(flaws)
  const reductionOf = (output: NetworkOutput): PlanReduction | null => {
    const reduction = output.reduction ?? plan.inference
    return branched && reduction !== 'none' ? reduction : null
  }
  const placed =
    outputs === classifierOutputs
      ? { reduction: reductionOfScores(reductionOf(classifierOutputs[0])) }
      : { reduction: null, outputs: outputs.map(output => ({ ...output, reduction: reductionOf(output) })) }
  if (branched && plan.inference === 'none')
    return E.left([
      problem(
        'no-inference-reduction',
        where,
        'no inference reduction beside the training reduction none',
        'max, sum or geo for inference',
        printPlan({ ...plan, inference: 'geo' }),
      ),
    ])
  return E.right({ name, sites, ...placed })
}

const stagesTooLarge = (name: string, graph: Graph, stages: readonly PlacedPlan[]): readonly PlacementProblem[] => {
  const ops = stages.reduce((sum, { sites }) => sum + sizeUnrolled(graph, sites).ops, 0)
  return ops > unrolledAtMost
    ? [
        problem(
          'too-many-variants',
          `plan ${name}`,
          `${stages.length} stages of ${ops} ops`,
          `at most ${unrolledAtMost} ops`,
          'fewer stages, or fewer branches in them',
        ),
      ]
    : []
}

/** Places a plan, its stages if it has them: each has draws of its own, so that it is what its plan is alone. */
export const placeStages = (
  plan: Plan,
  graph: Graph,
  draws: () => () => number,
  outputs: readonly NetworkOutput[] = classifierOutputs,
): E.Either<readonly PlacementProblem[], PlacedPlan | PlacedStages> => {
  if (!isAdaptive(plan)) return placePlan(plan, graph, draws(), outputs)
  const [first] = outputs
  if (first.kind !== 'classes')
    return E.left([
      problem(
        'bad-plan',
        `plan ${printPlan(plan)}`,
        `stages for a network whose first output, ${first.name}, is ${first.kind}`,
        'classes, whose probabilities say how certain an answer is',
        plan.stages.map(stage => printPlan(stage)).join(' or '),
      ),
    ])
  const { gates } = plan
  const stages = E.traverseArray((stage: FixedPlan) => placePlan(stage, graph, draws(), outputs))(plan.stages)
  if (E.isLeft(stages)) return stages
  const name = printPlan(plan)
  const problems = stagesTooLarge(name, graph, stages.right)
  return problems.length > 0 ? E.left(problems) : E.right({ name, stages: stages.right, gates })
}
