import { checkArgument, isObject } from '../../ir/index.ts'
import { fixedPlan, type Plan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { trainingReference } from '../data/index.ts'
import type { Network } from '../network/network.ts'
import type { Recipe, Trained, TrainingEvent, TrainingSource, TrainOptions } from '../train/index.ts'
import { checkData, checkIsRecipe, checkNetwork, checkOptions, checkPlan, checkText } from './arguments.ts'
import { type WithBackend, withBackend } from './backend.ts'

/** A recipe by its name or from a file: `default`, `cifar`, `imagenet`, `fine-tune`, `distill`, `FILE.json`. @throws EspalierError */
export const loadRecipe = async (reference: string): Promise<Recipe> => {
  checkText('loadRecipe', reference, 'the name of a recipe, or FILE.json', "loadRecipe('default')")
  const { readRecipe } = await import('../train/index.ts')
  return readRecipe(reference)
}

/** What is trained, on what and how. */
export interface Training extends WithBackend<TrainOptions> {
  readonly network: Network
  /** Where to branch, and what the loss is. */
  readonly plan: Plan
  /** Data as `--data` names it, by default its training split; or a data set. */
  readonly data: string | TrainingSource
  /** Default: the recipe `default`. */
  readonly recipe?: Recipe
  /** Told what happens: steps, epochs, checkpoints. */
  readonly onProgress?: (event: TrainingEvent) => void
}

/**
 * Trains a network under a plan; the trained network goes into {@link compile}. @throws EspalierError where something does not fit,
 * cannot be written, or the loss is no finite number any more
 */
export const train = async (training: Training): Promise<Trained> => {
  checkArgument(
    'train',
    training,
    isObject(training) && !('graph' in training),
    '{ network, plan, data, … }',
    "train({ network, plan: parsePlan('flip-3-max'), data: 'cifar100:FOLDER' })",
  )
  const { checkRecipe, recipes, train: trainNetwork } = await import('../train/index.ts')
  const { network, plan, data, recipe = recipes.default, onProgress = () => {}, ...options } = training
  checkNetwork('train, network', network)
  checkPlan('train, plan', plan)
  checkData('train, data', data)
  checkIsRecipe('train, recipe', recipe)
  orThrow(checkRecipe(recipe, 'train, recipe'))
  checkOptions('train', options)
  const { seed = 0 } = options
  const source = typeof data === 'string' ? { reference: trainingReference(data), open: { seed } } : data
  const events = trainNetwork(
    network,
    orThrow(fixedPlan(plan, 'train')),
    recipe,
    source,
    withBackend<TrainOptions>(options),
  )
  for (;;) {
    const next = await events.next()
    if (next.done === true) return next.value
    onProgress(next.value)
  }
}
