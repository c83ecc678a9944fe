import { type FixedPlan, printPlan } from '../../../passes/index.ts'
import { orThrow } from '../../base/error.ts'
import { packageVersion } from '../../base/package.ts'
import { networkDigest } from '../../network/digest.ts'
import type { Network } from '../../network/network.ts'
import type { ShardFacts } from '../shards/shard.ts'
import { type SweepTraining, trainedAs } from './grid.ts'
import type { OpenSweep } from './open.ts'
import {
  type Evaluated,
  readEvaluation,
  readTrainingFolder,
  statusOf,
  type TrainingFolder,
  type TrainingStatus,
  trainingPath,
} from './store.ts'

/** A training of a sweep and what there is of it on disk. */
export interface SweepJob {
  readonly training: SweepTraining
  readonly folder: TrainingFolder
  readonly evaluated: Evaluated | undefined
  readonly status: TrainingStatus
}

/** All that determines a training; its key is that of its folder. */
const determines = (open: OpenSweep, { plan, seed }: SweepTraining, digest: string): object => ({
  version: 1,
  network: digest,
  trained_as: orThrow(trainedAs(plan, (open.networks.get(seed) as Network).graph)),
  recipe: open.recipe,
  seed,
  train: open.trainReference,
  train_data: open.fingerprints.train,
  data_seed: open.seed,
  preprocess: open.train.preprocess,
  backend: open.sweep.backend ?? null,
  executor: open.sweep.executor ?? null,
  max_steps: open.sweep.max_steps ?? null,
  train_precision: open.sweep.train_precision ?? null,
})

/** All that determines an evaluation beside the trained network and the plan. */
export const evaluatedOn = ({ sweep, fingerprints, evaluate, seed }: OpenSweep): object => ({
  evaluate: sweep.evaluate,
  evaluate_data: fingerprints.evaluate,
  limit: sweep.limit ?? null,
  preprocess: evaluate.preprocess,
  seed,
  backend: sweep.backend ?? null,
  executor: sweep.executor ?? null,
  precision: sweep.precision ?? null,
})

/** What a trained network is run under, each once. */
export const evaluatedPlans = ({ runs }: SweepTraining): readonly FixedPlan[] => [
  ...new Map(runs.map(({ evaluated }) => [printPlan(evaluated), evaluated])).values(),
]

const digestsOf = ({ networks }: OpenSweep): ReadonlyMap<number, string> =>
  new Map([...networks].map(([seed, network]) => [seed, networkDigest(network)]))

/** All that shards of one sweep have in common. */
export const sweepFacts = (open: OpenSweep): ShardFacts => ({
  version: packageVersion,
  config: open.sweep,
  recipe: open.recipe,
  seed: open.seed,
  train_data: open.fingerprints.train,
  evaluate_data: open.fingerprints.evaluate,
  preprocess: open.evaluate.preprocess,
  networks: Object.fromEntries(digestsOf(open)),
})

/** A training and where it lies. */
export interface Located {
  readonly training: SweepTraining
  readonly what: object
  readonly path: string
}

export const locate = (open: OpenSweep, out: string): readonly Located[] => {
  const digests = digestsOf(open)
  return open.trainings.map(training => {
    const what = determines(open, training, digests.get(training.seed) as string)
    return { training, what, path: trainingPath(out, training.name, training.seed, what) }
  })
}

export const jobAt = async (open: OpenSweep, { training, path }: Located): Promise<SweepJob> => {
  const folder = await readTrainingFolder(path)
  const evaluated = await readEvaluation(folder, evaluatedOn(open))
  const complete = evaluatedPlans(training).every(plan => evaluated?.wrong[printPlan(plan)] !== undefined)
  return { training, folder, evaluated, status: await statusOf(folder, complete) }
}

/** The trainings of a sweep with what there is of them on disk. @throws EspalierError where files were changed by another hand */
export const sweepJobs = async (open: OpenSweep, out: string): Promise<readonly SweepJob[]> => {
  const jobs: SweepJob[] = []
  for (const located of locate(open, out)) jobs.push(await jobAt(open, located))
  return jobs
}
