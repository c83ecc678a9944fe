import { EspalierError, problem } from '../../../ir/index.ts'
import { orThrow } from '../../base/error.ts'
import { fingerprint, trainingReference } from '../../data/index.ts'
import type { Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import { openUncompiled, openWork } from '../../open/opening.ts'
import type { Recipe } from '../../train/recipe.ts'
import { sharedImages } from '../shared-images.ts'
import { recipeOf, type Sweep } from './config.ts'
import { expandGrid, type SweepTraining } from './grid.ts'

/** A sweep with all that it names opened and checked; nothing is written yet. */
export interface OpenSweep {
  readonly sweep: Sweep
  readonly recipe: Recipe
  readonly trainings: readonly SweepTraining[]
  /** What every training of a seed begins with. */
  readonly networks: ReadonlyMap<number, Network>
  /** The reference of the training data, with its split. */
  readonly trainReference: string
  readonly train: Images
  readonly evaluate: Images
  /** What tells the data from other data under the same reference: classes, and a hash of names and labels. */
  readonly fingerprints: { readonly train: string; readonly evaluate: string }
  /** Of generated data, and of the scales that plans draw. */
  readonly seed: number
}

/** Refuses to evaluate on images that were trained on. */
const checkApart = async (where: string, train: string, evaluate: string): Promise<void> => {
  if ((await sharedImages(train, evaluate)) === undefined) return
  const seen = `${evaluate} for evaluation, ${train} for training`
  throw new EspalierError([
    problem('bad-sweep', where, seen, 'images that were not trained on', 'ranges that do not meet'),
  ])
}

/** Opens what a sweep names. @throws EspalierError where something of it is not there or does not fit */
export const openSweep = async (
  sweep: Sweep,
  where: string,
  { seed = 0 }: { readonly seed?: number } = {},
): Promise<OpenSweep> => {
  const recipe = await recipeOf(sweep, where)
  const trainReference = trainingReference(sweep.train)
  await checkApart(where, trainReference, sweep.evaluate)
  const data = [{ reference: trainReference }, { reference: sweep.evaluate, labels: sweep.labels }]
  const [first, ...others] = sweep.seeds
  const opened = await openWork({ ...sweep, seed: first }, data, { labels: 'needed', where: `${where}, network` })
  const [train, evaluate] = opened.images
  const networks = new Map([[first, opened.network]])
  for (const each of others)
    networks.set(each, (await openUncompiled({ ...sweep, seed: each }, {}, train.data.classCount)).network)
  return {
    sweep,
    recipe,
    trainings: orThrow(expandGrid(sweep, opened.network.graph)),
    networks,
    trainReference,
    train,
    evaluate,
    fingerprints: {
      train: orThrow(await fingerprint(train.data)),
      evaluate: orThrow(await fingerprint(evaluate.data)),
    },
    seed,
  }
}
