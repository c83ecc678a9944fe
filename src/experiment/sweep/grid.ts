import { either as E } from 'fp-ts'
import { type Graph, type Problem, problem, Reduction, reductions } from '../../../ir/index.ts'
import {
  type FixedPlan,
  type PlacedPlan,
  parseFixedPlan,
  placePlan,
  printPlan,
  type Site,
  type TrainingReduction,
  trainingReduction,
} from '../../../passes/index.ts'
import type { Sweep, SweepProblem } from './config.ts'

/** A network trained under one plan (`vanilla` for none) and run under another: one cell of the paper's matrices, for one seed. */
export interface SweepRun {
  /** The row that it belongs to: branches and test-time augmentation, without reductions. `flip-2-tta`. */
  readonly plan: string
  /** `vanilla`: trained without the branches. */
  readonly train_reduction: TrainingReduction | 'vanilla'
  /** `vanilla`: run without the branches, and under test-time augmentation, if the row has it, with `geo`. */
  readonly inference_reduction: Reduction | 'vanilla'
  readonly seed: number
  /** What the trained network is run under. */
  readonly evaluated: FixedPlan
}

/** The branches and test-time augmentation of a plan, without reductions: what takes as long is called the same. */
export const rowName = ({ sites, tta }: Pick<FixedPlan, 'sites' | 'tta'>): string =>
  `${branchesName(sites)}${tta ? '-tta' : ''}`

/** One training and all that is evaluated of it. */
export interface SweepTraining {
  /** `flip-2-none`: branches and the training reduction. */
  readonly name: string
  readonly plan: FixedPlan
  readonly seed: number
  readonly runs: readonly SweepRun[]
}

/** Branches as one entry of the config names them, and what they are to be trained and run with. */
interface Entry {
  readonly sites: readonly Site[]
  readonly tta: readonly boolean[]
  readonly training: readonly TrainingReduction[]
  readonly inference: readonly Reduction[]
}

const vanilla: FixedPlan = { sites: [], training: 'geo', inference: 'geo', tta: false }

/** The branches' own name: `flip-2`, `flip@4,flip@7`. */
const branchesName = (sites: readonly Site[]): string =>
  printPlan({ sites, training: 'geo', inference: 'geo', tta: false }).replace(/[-:]geo$/, '')

/** Whether a plan's text says reductions: `flip-2-max`, `flip@4:geo`. */
const namesReduction = (text: string): boolean => /[-:](max|sum|geo|mean|min|median|none)\b/.test(text)

const refuse = (
  text: string,
  seen: string,
  expected: string,
  hint?: string,
): E.Either<readonly SweepProblem[], never> =>
  E.left([problem('bad-sweep', `plans, ${JSON.stringify(text)}`, seen, expected, hint)])

const entryOf = (text: string, sweep: Sweep): E.Either<readonly Problem[], Entry> => {
  const parsed = parseFixedPlan(text)
  if (E.isLeft(parsed)) return parsed
  const { sites, inference, tta } = parsed.right
  if (sites.some(({ set }) => typeof set !== 'string' && set.length < 2))
    return refuse(text, 'one transform, which does not branch', 'two transforms or more at every site')
  const wanted = tta ? [true] : sweep.tta
  if (wanted.includes(true) && sites.some(({ place }) => place.kind === 'map'))
    return refuse(
      text,
      'the compact form with test-time augmentation',
      'a plan with a name',
      'a sweep of its own, without tta',
    )
  const own = namesReduction(text)
  if (own && inference === 'none')
    return refuse(
      text,
      'no inference reduction beside none',
      'max, sum or geo for inference',
      text.replace('none', 'none,geo'),
    )
  if (!own)
    return E.right({ sites, tta: wanted, training: sweep.train_reductions, inference: sweep.inference_reductions })
  const trained = trainingReduction(parsed.right)
  if (E.isLeft(trained)) return trained
  return Reduction.is(inference)
    ? E.right({ sites, tta: wanted, training: [trained.right], inference: [inference] })
    : refuse(text, `the reduction ${inference}`, `${reductions.join(', ')} for inference`)
}

interface Cell extends SweepRun {
  readonly trained: FixedPlan
}

/** What an entry asks for of one seed; with a network trained as vanilla at hand, that one run with the branches too. */
const cellsOf = ({ sites, tta, training, inference }: Entry, seed: number, withVanilla: boolean): readonly Cell[] =>
  tta.flatMap(view => {
    const plan = rowName({ sites, tta: view })
    const run = (
      trained: FixedPlan,
      train_reduction: SweepRun['train_reduction'],
      inference_reduction: SweepRun['inference_reduction'],
      evaluated: FixedPlan,
    ): Cell => ({ plan, train_reduction, inference_reduction, seed, evaluated, trained })
    const under = (reduction: Reduction): FixedPlan => ({ sites, training: reduction, inference: reduction, tta: view })
    const untrained = inference.map(reduction => run(vanilla, 'vanilla', reduction, under(reduction)))
    const plain: FixedPlan = { ...vanilla, tta: view }
    if (sites.length === 0) return view ? untrained : [run(vanilla, 'vanilla', 'vanilla', plain)]
    const trained = training.flatMap(loss => {
      const as: FixedPlan = { sites, training: loss, inference: loss === 'none' ? 'geo' : loss, tta: false }
      return [
        ...inference.map(reduction => run(as, loss, reduction, under(reduction))),
        run(as, loss, 'vanilla', plain),
      ]
    })
    return [...trained, ...(withVanilla ? [...untrained, run(vanilla, 'vanilla', 'vanilla', plain)] : [])]
  })

const trainingName = ({ sites, training }: FixedPlan): string =>
  sites.length === 0 ? 'vanilla' : `${branchesName(sites)}${sites[0].place.kind === 'map' ? ':' : '-'}${training}`

/**
 * What training makes of a plan on a network: equal for plans that train the same, whatever they are called. Test-time
 * augmentation is none of it.
 */
export const trainedAs = (plan: FixedPlan, graph: Graph): E.Either<readonly Problem[], string> =>
  E.map(({ sites }: Pick<PlacedPlan, 'sites'>) =>
    JSON.stringify({
      sites: sites.map(({ map, cut, transforms, drawn }) => ({ map, cut, transforms: drawn ?? transforms })),
      loss: sites.length === 0 ? null : plan.training,
    }),
  )(placePlan({ ...plan, inference: 'geo', tta: false }, graph, () => 0.5))

const runKey = ({ plan, train_reduction, inference_reduction, seed }: SweepRun): string =>
  [plan, train_reduction, inference_reduction, seed].join(' ')

/**
 * The trainings of a sweep on a network, seed by seed, each with its runs: what trains the same is trained once, for all
 * test-time augmentations and inference reductions. Problems where a plan does not fit the network.
 */
export const expandGrid = (sweep: Sweep, graph: Graph): E.Either<readonly Problem[], readonly SweepTraining[]> => {
  const entries = E.traverseArray((text: string) => entryOf(text, sweep))(sweep.plans)
  if (E.isLeft(entries)) return entries
  const withVanilla = entries.right.some(({ sites }) => sites.length === 0)
  const trainings = new Map<string, SweepTraining & { readonly runs: SweepRun[] }>()
  const known = new Set<string>()
  for (const seed of sweep.seeds)
    for (const entry of entries.right)
      for (const { trained, ...run } of cellsOf(entry, seed, withVanilla)) {
        const as = trainedAs(trained, graph)
        if (E.isLeft(as)) return as
        const placed = placePlan(run.evaluated, graph, () => 0.5)
        if (E.isLeft(placed)) return placed
        const key = `${seed} ${as.right}`
        const training = trainings.get(key) ?? { name: trainingName(trained), plan: trained, seed, runs: [] }
        trainings.set(key, training)
        if (!known.has(runKey(run))) training.runs.push(run)
        known.add(runKey(run))
      }
  return E.right([...trainings.values()])
}
