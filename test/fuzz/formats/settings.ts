import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { readPreprocess } from '../../../src/data/read-preprocess.ts'
import { openModel } from '../../../src/execute/model.ts'
import { readSweep, recipeOf } from '../../../src/experiment/sweep/config.ts'
import { expandGrid } from '../../../src/experiment/sweep/grid.ts'
import { fitMeaning } from '../../../src/network/meaning.ts'
import { learningRateAt } from '../../../src/train/learning-rate.ts'
import { type Recipe, weightDecayOf } from '../../../src/train/recipe.ts'
import { readRecipe } from '../../../src/train/recipes.ts'
import { attempted } from '../../attempted.ts'
import { type Format, textOf, withFile } from '../format.ts'
import { mutateJson, smallerJson } from '../mutate/json.ts'
import { smallNetwork } from '../samples/small.ts'
import { tagsOf } from './networks.ts'

const network = smallNetwork()
const vanilla = orThrow(compileNetwork(network, orThrow(parsePlan('vanilla'))))
const image = { data: Uint8Array.from({ length: 5 * 6 * 3 }, (_, k) => k), height: 5, width: 6 }

/** A format that is one JSON file. */
const jsonFormat = (
  name: string,
  file: string,
  words: readonly string[],
  weight: number,
  open: (path: string) => ReturnType<Format['open']>,
): Format => ({
  name,
  weight,
  mutate: (sample, random) => withFile(sample, file, mutateJson(textOf(sample, file), random, words)),
  open: (_, place) => open(join(place.folder, file)),
  smaller: files => smallerJson(files, file),
})

export const preprocess = jsonFormat(
  'preprocess',
  'preprocess.json',
  ['size', 'resize', 'resize_to', 'crop', 'scale', 'mean', 'std', 'shorter-side', 'exact', 'center'],
  3,
  async path => {
    const read = await readPreprocess(path)()
    if (E.isLeft(read)) return tagsOf(read.left)
    const meaning = fitMeaning(network, { preprocess: read.right })
    if (E.isLeft(meaning)) return tagsOf(meaning.left)
    const model = await openModel({ ...vanilla, meaning: meaning.right }, { backend: 'reference' })
    await model.classify([image])
    model.dispose()
    return 'opened'
  },
)

const recipeWords = [
  'constant',
  'step',
  'cosine',
  'linear',
  'initial',
  'final',
  'warm_up',
  'drops',
  'epoch',
  'divisor',
  'random-crop',
  'random-resized-crop',
  'pad-and-crop',
  'flip',
  'colour-jitter',
  'pca-lighting',
  'padding',
  'resize_to',
  'scale',
  'ratio',
  'std',
  'brightness',
  'bias',
  'normalization',
  'gradient_clipping',
  'validation',
]

const followRecipe = (recipe: Recipe): void => {
  weightDecayOf(recipe, network.graph)('stem')
  for (const step of [0, 1, 1000]) {
    const rate = learningRateAt(recipe, { step, stepsPerEpoch: 10 })
    if (!(rate >= 0)) throw new Error(`a learning rate of ${rate}`)
  }
}

export const recipe = jsonFormat('recipe', 'recipe.json', recipeWords, 3, async path => {
  const read = await attempted(readRecipe(path))
  if (E.isLeft(read)) return tagsOf(read.left)
  followRecipe(read.right)
  return 'opened'
})

export const sweep = jsonFormat(
  'sweep',
  'sweep.json',
  [
    ...recipeWords,
    'vanilla',
    'flip-1',
    'max',
    'sum',
    'geo',
    'none',
    'wasm',
    'cpu',
    'eager',
    'graph',
    'default',
    'cifar',
  ],
  3,
  async path => {
    const read = await attempted(readSweep(path))
    if (E.isLeft(read)) return tagsOf(read.left)
    const recipe = await attempted(recipeOf(read.right, path))
    if (E.isLeft(recipe)) return tagsOf(recipe.left)
    followRecipe(recipe.right)
    const grid = expandGrid(read.right, network.graph)
    return E.isLeft(grid) ? tagsOf(grid.left) : 'opened'
  },
)
