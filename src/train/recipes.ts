import { EspalierError, nearestHint } from '../../ir/index.ts'
import { orThrow, orThrowAsync } from '../base/error.ts'
import { readJson } from '../base/read-json.ts'
import type { Augmentation } from './augmentation/augmentation.ts'
import { trainingProblem } from './error.ts'
import { decodeRecipe, type Recipe } from './recipe.ts'

const padCropFlip: readonly Augmentation[] = [{ kind: 'pad-and-crop', padding: 4 }, { kind: 'flip' }]

/** What a recipe file leaves out. */
const plain: Recipe = {
  epochs: 10,
  batch: 128,
  learning_rate: { kind: 'constant', initial: 0.1 },
  momentum: 0.9,
  nesterov: false,
  weight_decay: 2e-4,
  weight_decay_spares: [],
  label_smoothing: 0,
  batch_norm_momentum: 0.1,
  augment: padCropFlip,
  checkpoint_every: 1,
}

export const recipeNames = ['default', 'cifar', 'imagenet', 'fine-tune', 'distill'] as const
export type RecipeName = (typeof recipeNames)[number]

const fineTune: Recipe = { ...plain, epochs: 3, learning_rate: { kind: 'cosine', initial: 0.02 } }

/** Recipes by name: `cifar` and `imagenet` are the paper's (arXiv 2012.10769, section 4). */
export const recipes: Readonly<Record<RecipeName, Recipe>> = {
  default: plain,
  cifar: {
    ...plain,
    epochs: 180,
    learning_rate: {
      kind: 'step',
      initial: 0.1,
      drops: [
        { epoch: 82, divisor: 10 },
        { epoch: 123, divisor: 10 },
        { epoch: 160, divisor: 5 },
      ],
    },
  },
  imagenet: {
    ...plain,
    epochs: 105,
    batch: 256,
    learning_rate: {
      kind: 'step',
      initial: 0.1,
      drops: [30, 60, 90, 100].map(epoch => ({ epoch, divisor: 10 })),
    },
    nesterov: true,
    weight_decay: 1e-4,
    augment: [
      { kind: 'random-crop', resize_to: 256 },
      { kind: 'flip' },
      { kind: 'colour-jitter', brightness: 0.4, contrast: 0.4, saturation: 0.4 },
      { kind: 'pca-lighting', std: 0.1 },
    ],
  },
  'fine-tune': fineTune,
  /** The network learns its own answers under flip test-time augmentation, without labels, at a rate that loses nothing of what it knows. */
  distill: {
    ...fineTune,
    learning_rate: { kind: 'cosine', initial: 0.002 },
    teacher: { network: 'same', plan: 'vanilla-tta-geo', temperature: 2, weight: 1 },
  },
}

/**
 * A recipe from what `--recipe` takes: a name, or a file ending in `.json`, which takes from `default` what it leaves out.
 * @throws EspalierError where it is neither
 */
export const readRecipe = async (reference: string): Promise<Recipe> => {
  const name = recipeNames.find(known => known === reference)
  if (name !== undefined) return recipes[name]
  if (reference.endsWith('.json'))
    return orThrow(decodeRecipe(await orThrowAsync(readJson(reference)), reference, recipes.default))
  const problem = trainingProblem(
    'no-such-recipe',
    `--recipe ${reference}`,
    'no recipe of that name',
    `one of ${recipeNames.join(', ')}, or a file ending in .json`,
    nearestHint(reference, recipeNames),
  )
  throw new EspalierError([problem])
}
