import { EspalierError, problem } from '../../../ir/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../../base/error.ts'
import {
  type DataSet,
  fingerprint,
  openData,
  type Preprocess,
  readClassNames,
  readPreprocess,
  trainingReference,
} from '../../data/index.ts'
import { fitLabelled, preprocessFor } from '../../network/fit-data.ts'
import type { Network } from '../../network/network.ts'
import { openSource } from '../../open/network-source.ts'
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
  readonly train: DataSet
  readonly evaluate: DataSet
  /** What tells the data from other data under the same reference: classes, and a hash of names and labels. */
  readonly fingerprints: { readonly train: string; readonly evaluate: string }
  readonly preprocess: { readonly train: Preprocess; readonly evaluate: Preprocess }
  /** Of generated data, and of the scales that plans draw. */
  readonly seed: number
}

/** Refuses to evaluate on images that were trained on. */
const checkApart = async (where: string, train: string, evaluate: string): Promise<void> => {
  if (orThrow(await sharedImages(train, evaluate)) === null) return
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
  const recipe = await orThrowAsync(recipeOf(sweep, where))
  const trainReference = trainingReference(sweep.train)
  await checkApart(where, trainReference, sweep.evaluate)
  const found = orThrow(await openData(trainReference, { seed }))
  const preprocess = sweep.preprocess === undefined ? undefined : await orThrowAsync(readPreprocess(sweep.preprocess))
  const networks = new Map<number, Network>()
  let own: Preprocess | undefined
  for (const each of sweep.seeds) {
    const source = await orThrowAsync(
      openSource(sweep.network, {
        seed: each,
        ...(sweep.weights === undefined ? {} : { weights: sweep.weights }),
        ...(preprocess === undefined ? {} : { preprocess }),
        ...(found.classCount === undefined ? {} : { dataClasses: found.classCount }),
      }),
    )
    if (source.kind === 'compiled')
      throw new EspalierError([
        sourceProblem('bad-input', `${where}, network`, 'a compiled folder', 'a network that is not compiled'),
      ])
    networks.set(each, source.network)
    own = source.meaning.preprocess
  }
  const network = networks.get(sweep.seeds[0]) as Network
  const names = sweep.classes === undefined ? undefined : orThrow(await readClassNames(sweep.classes))
  const fitted = (data: DataSet): DataSet => fitLabelled(network, data, names)
  const labelled = { seed, ...(sweep.labels === undefined ? {} : { labels: sweep.labels }) }
  const [train, evaluate] = [fitted(found), fitted(orThrow(await openData(sweep.evaluate, labelled)))]
  const given = preprocess ?? own
  return {
    sweep,
    recipe,
    trainings: orThrow(expandGrid(sweep, network.graph)),
    networks,
    trainReference,
    train,
    evaluate,
    fingerprints: { train: orThrow(await fingerprint(train)), evaluate: orThrow(await fingerprint(evaluate)) },
    preprocess: { train: preprocessFor(network, train, given), evaluate: preprocessFor(network, evaluate, given) },
    seed,
  }
}
