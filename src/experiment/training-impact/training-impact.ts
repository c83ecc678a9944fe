import { either as E } from 'fp-ts'
import type * as t from 'io-ts'
import { type Graph, type Problem, problem } from '../../../ir/index.ts'
import { featureMaps, type SetName, setNames } from '../../../passes/index.ts'
import { orThrow, orThrowAsync } from '../../base/error.ts'
import { readJson } from '../../base/read-json.ts'
import { closed, closedProblems, WholeNumber } from '../../train/closed-record.ts'
import {
  atLeastOne,
  decodeSweep,
  optional,
  required,
  type Sweep,
  type SweepConfig,
  type SweepProblem,
} from '../sweep/config.ts'
import type { SweepResult } from '../sweep/result.ts'
import type { SweepCell } from '../sweep/table.ts'

const { train, recipe } = required
const { overrides, seeds, max_steps, train_precision } = optional

/** How the networks of a training impact are trained. */
const TrainingFile = closed(
  { train, recipe },
  {
    overrides,
    seeds,
    max_steps,
    train_precision,
    /** Where to branch, one map at a time. Default: every feature map. */
    maps: atLeastOne(WholeNumber, 'feature maps'),
  },
)
export type TrainingFile = t.TypeOf<typeof TrainingFile>

/** Reads how the networks of a training impact are trained. @throws EspalierError */
export const readTrainingFile = async (path: string): Promise<TrainingFile> => {
  const refused = (errors: t.Errors): readonly Problem[] => closedProblems('bad-sweep', path, errors)
  return orThrow(E.mapLeft(refused)(TrainingFile.decode(await orThrowAsync(readJson(path)))))
}

/** The reductions of the paper's Figure 6, as plans write them: training, inference. */
const pairs = [
  ['none', 'geo'],
  ['max', 'max'],
] as const

/** Sets of transforms by name, from a list with commas. */
export const parseSets = (text: string): E.Either<readonly SweepProblem[], readonly SetName[]> => {
  const words = text.split(',').map(word => word.trim())
  const strange = words.find(word => !setNames.some(name => name === word))
  return strange === undefined
    ? E.right([...new Set(words)] as readonly SetName[])
    : E.left([problem('bad-sweep', '--transforms', JSON.stringify(strange), setNames.join(', '))])
}

/**
 * The sweep of a training impact: for every set of transforms and every feature map, a network with a branch there alone, trained with `none` and run
 * with `geo`, and trained and run with `max`; and vanilla (paper, Figure 6).
 */
export const trainingImpactSweep = (
  { maps, ...training }: TrainingFile,
  sets: readonly SetName[],
  evaluation: Pick<SweepConfig, 'network' | 'evaluate'> & Partial<SweepConfig>,
  graph: Graph,
  where: string,
): E.Either<readonly SweepProblem[], Sweep> => {
  const all = featureMaps(graph).map(({ index }) => index)
  const strange = maps?.find(map => !all.includes(map))
  if (strange !== undefined)
    return E.left([
      problem('bad-sweep', `${where}, maps`, `feature map ${strange}`, `a map from 0 to ${all.length - 1}`),
    ])
  const plans = sets.flatMap(set =>
    (maps ?? all).flatMap(map => pairs.map(reductions => `${set}@${map}:${reductions.join(':')}`)),
  )
  return decodeSweep({ ...evaluation, ...training, plans: ['vanilla', ...plans] }, where)
}

/** What a branch at one feature map came to, over seeds; null where it is not done. */
type Impact = Pick<SweepCell, 'seeds' | 'errors' | 'error_percent' | 'relative_time'> | null

/** A feature map with what training with a branch there does, by transforms and reductions: `results.flip['none,geo']`. */
export interface TrainingPosition {
  readonly map: number
  readonly name: string
  /** Rows, columns, channels. */
  readonly shape: readonly [h: number, w: number, c: number]
  readonly results: Readonly<Record<string, Readonly<Record<string, Impact>>>>
}

const impactOf = (cells: readonly SweepCell[], plan: string, [train, inference]: readonly [string, string]): Impact => {
  const cell = cells.find(c => c.plan === plan && c.train_reduction === train && c.inference_reduction === inference)
  if (cell === undefined) return null
  const { seeds, errors, error_percent, relative_time } = cell
  return { seeds, errors, error_percent, relative_time }
}

/** The result of its sweep, map by map. */
export const trainingImpactResult = (result: SweepResult, sets: readonly SetName[], graph: Graph) => {
  const { table, runs } = result
  const branched = featureMaps(graph).filter(({ index }) => runs.some(({ plan }) => plan.endsWith(`@${index}`)))
  const positions = branched.map(
    ({ index, name, type: { h, w, c } }): TrainingPosition => ({
      map: index,
      name,
      shape: [h, w, c],
      results: Object.fromEntries(
        sets.map(set => [
          set,
          Object.fromEntries(pairs.map(pair => [pair.join(), impactOf(table, `${set}@${index}`, pair)])),
        ]),
      ),
    }),
  )
  return { ...result, vanilla: impactOf(table, 'vanilla', ['vanilla', 'vanilla']), positions }
}

export type TrainingImpactResult = ReturnType<typeof trainingImpactResult>
