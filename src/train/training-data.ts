import { EspalierError } from '../../ir/index.ts'
import type { DataSet } from '../data/index.ts'
import { fitLabelled, fitLabelsThatFit } from '../network/fit-data.ts'
import { fitNeededTargets, fitTargets, learnsFromItself, type Measured } from '../network/fit-targets.ts'
import { isClassifier, type Network } from '../network/network.ts'
import type { Augmentation } from './augmentation/augmentation.ts'
import { trainingProblem } from './error.ts'
import { heldOutCount, needsLabels, type Recipe } from './recipe.ts'

/** A data set as a network is trained on it. */
export interface TrainingData {
  /** With the labels that the network has for its classes. */
  readonly data: DataSet
  /** Of a network that is no classifier: the output that is held against what the data has for it. */
  readonly measured?: Measured | undefined
}

const fitted = (network: Network, recipe: Recipe, given: DataSet): TrainingData => {
  if (isClassifier(network) && needsLabels(recipe)) return { data: fitLabelled(network, given, undefined) }
  const data = fitLabelsThatFit(network, given, undefined)
  if (isClassifier(network)) return { data }
  const where = `--data ${data.name}`
  const measured = needsLabels(recipe)
    ? fitNeededTargets(network, data, where, learnsFromItself)
    : fitTargets(network, data, where)
  return { data, measured }
}

/** Colours that are drawn for images alone, where what comes out is an image, too. */
const recolouring: readonly Augmentation['kind'][] = ['colour-jitter', 'pca-lighting']

/** @throws EspalierError where augmentation would take images and what they are to become apart */
const checkColours = ({ augment }: Recipe, { data: { times }, measured }: TrainingData): void => {
  if (measured?.target !== 'image' || times !== undefined) return
  const found = augment.flatMap(({ kind }, k) => (recolouring.includes(kind) ? [{ kind, k }] : []))
  if (found.length > 0)
    throw new EspalierError(
      found.map(({ kind, k }) =>
        trainingProblem(
          'bad-augmentation',
          `augment[${k}]`,
          `${kind}, drawn for an image and not for the one that it should become`,
          'crops and flips, which both go through',
        ),
      ),
    )
}

/** @throws EspalierError where what is held against answers cannot be smoothed */
const checkSmoothing = ({ label_smoothing }: Recipe, { measured }: TrainingData): void => {
  if (measured === undefined || measured.kind === 'map-classes' || label_smoothing === 0) return
  const [seen, expected] = [`${label_smoothing} for ${measured.kind}`, '0: it is for classes']
  throw new EspalierError([trainingProblem('bad-recipe', 'label_smoothing', seen, expected)])
}

/** A data set as a recipe trains a network on it. @throws EspalierError where its labels or targets are not the network's, or the recipe is none for them */
export const trainingData = (network: Network, recipe: Recipe, given: DataSet): TrainingData => {
  const found = fitted(network, recipe, given)
  if (needsLabels(recipe)) {
    checkSmoothing(recipe, found)
    checkColours(recipe, found)
  }
  return found
}

/** How many images are held out: none of those without labels, by which nothing is validated. @throws EspalierError where some are asked for */
export const heldOutOf = (recipe: Recipe, { data: { labelled, name, count }, measured }: TrainingData): number => {
  if (labelled || measured !== undefined) return heldOutCount(recipe, count)
  if ((recipe.validation ?? 0) === 0) return 0
  const [where, expected] = [`--data ${name}`, 'labels to validate by']
  throw new EspalierError([
    trainingProblem(
      'not-labelled',
      where,
      'images without labels of the network’s classes',
      expected,
      '--validation 0',
    ),
  ])
}
