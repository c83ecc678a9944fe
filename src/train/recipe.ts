import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { Extent, type Graph } from '../../ir/index.ts'
import type { AdamW } from '../../passes/index.ts'
import { parameterUses, type Role } from '../network/zoo/roles.ts'
import { Augmentation } from './augmentation/augmentation.ts'
import { AboveZero, closed, closedProblems, FromZero, numberThat, oneOf, WholeNumber } from './closed-record.ts'
import { type TrainingProblem, trainingProblem } from './error.ts'
import { Freeze } from './freeze.ts'
import { LearningRate } from './learning-rate.ts'
import { Teacher } from './teacher.ts'

const BelowOne = numberThat('a number from 0 and below 1', x => x >= 0 && x < 1)
const Weight = numberThat('a number above 0, at most 1', x => x > 0 && x <= 1)

const always = {
  epochs: Extent,
  /** Images a step; the last step of an epoch takes what is left. */
  batch: Extent,
  learning_rate: LearningRate,
  momentum: BelowOne,
  nesterov: t.boolean,
  weight_decay: FromZero,
  /** Parameters without weight decay, by what they are for: what is added after a layer, batch normalization's scale and offset. */
  weight_decay_spares: t.readonlyArray(oneOf('bias', 'normalization')),
  label_smoothing: BelowOne,
  /** What running statistics take over of a batch's. */
  batch_norm_momentum: Weight,
  augment: t.readonlyArray(Augmentation),
  /** Epochs between checkpoints. */
  checkpoint_every: Extent,
}

/** What steps are made by, in place of descent with momentum. */
const Optimizer = closed({ kind: oneOf('adamw') }, { beta1: BelowOne, beta2: BelowOne, epsilon: AboveZero })

const sometimes = {
  /** In place of gradient descent with `momentum` and `nesterov`, which are not read then. */
  optimizer: Optimizer,
  /** The largest length that all gradients together may have, as one vector. */
  gradient_clipping: AboveZero,
  /** Training images that are held out and evaluated after each epoch: a tenth, at most 5,000, where it is left out. */
  validation: WholeNumber,
  /** What it learns beside labels, or in their place. */
  teacher: Teacher,
  /** What stays as it is. */
  freeze: Freeze,
}

/** How a network is trained; the plan says what the loss is. */
export const Recipe = closed(always, sometimes)
export type Recipe = t.TypeOf<typeof Recipe>

const RecipeFile = closed({}, { ...always, ...sometimes })

const fits: readonly Augmentation['kind'][] = ['random-crop', 'random-resized-crop']

const disagreements = (where: string, recipe: Recipe): readonly TrainingProblem[] => [
  ...(recipe.teacher?.network === 'same' && recipe.teacher.weights !== undefined
    ? [trainingProblem('bad-recipe', `${where}, teacher.weights`, 'weights of the same network', 'none', 'name it')]
    : []),
  ...(recipe.nesterov && recipe.momentum === 0
    ? [trainingProblem('bad-recipe', where, 'nesterov with momentum 0', 'a momentum to look ahead by', '0.9')]
    : []),
  ...recipe.augment.flatMap(({ kind }, k) =>
    k > 0 && fits.includes(kind)
      ? [
          trainingProblem(
            'bad-recipe',
            `${where}, augment[${k}]`,
            `${kind} after ${recipe.augment[k - 1].kind}`,
            `${kind} first: it stands for the resize and crop of the preprocessing`,
          ),
        ]
      : [],
  ),
  ...recipe.augment.flatMap((augmentation, k) => {
    if (augmentation.kind !== 'random-resized-crop') return []
    const { scale, ratio } = augmentation
    return Object.entries({ scale, ratio }).flatMap(([name, [low, high] = [0, 0]]) =>
      low <= high
        ? []
        : [trainingProblem('bad-recipe', `${where}, augment[${k}].${name}`, `${low} to ${high}`, 'the lower first')],
    )
  }),
]

/** Keys of one way to descend beside another's. */
const unread = (where: string, { optimizer, momentum, nesterov }: Partial<Recipe>): readonly TrainingProblem[] =>
  optimizer === undefined || (momentum ?? nesterov) === undefined
    ? []
    : [
        trainingProblem(
          'bad-recipe',
          where,
          `${momentum === undefined ? 'nesterov' : 'momentum'} beside the optimizer ${optimizer.kind}, which has none`,
          'one of the two',
          '"beta1" in the optimizer',
        ),
      ]

/** A recipe from JSON whose keys stand in for those of `base`; `where` names it in problems. */
export const decodeRecipe = (
  json: unknown,
  where: string,
  base: Recipe,
): E.Either<readonly TrainingProblem[], Recipe> => {
  const decoded = RecipeFile.decode(json)
  if (E.isLeft(decoded)) return E.left(closedProblems('bad-recipe', where, decoded.left))
  const recipe = { ...base, ...decoded.right }
  const problems = [...disagreements(where, recipe), ...unread(where, decoded.right)]
  return problems.length > 0 ? E.left(problems) : E.right(recipe)
}

/** Refuses what is no whole recipe; `where` names it in problems. */
export const checkRecipe = (recipe: unknown, where: string): E.Either<readonly TrainingProblem[], Recipe> => {
  const decoded = Recipe.decode(recipe)
  if (E.isLeft(decoded)) return E.left(closedProblems('bad-recipe', where, decoded.left))
  const problems = disagreements(where, decoded.right)
  return problems.length > 0 ? E.left(problems) : decoded
}

const heldOutAtMost = 5000

/** How many of `count` training images a recipe holds out: what it says, else a tenth, at most 5,000. */
export const heldOutCount = ({ validation }: Recipe, count: number): number =>
  validation ?? Math.min(heldOutAtMost, Math.floor(count / 10))

/** AdamW's constants, PyTorch's where they are left out; nothing of a recipe of gradient descent. */
export const adamwOf = ({ optimizer }: Pick<Recipe, 'optimizer'>): AdamW | undefined =>
  optimizer && { beta1: optimizer.beta1 ?? 0.9, beta2: optimizer.beta2 ?? 0.999, epsilon: optimizer.epsilon ?? 1e-8 }

/** Whether a recipe learns from labels: not where all of its loss is a teacher's. */
export const needsLabels = ({ teacher }: Pick<Recipe, 'teacher'>): boolean => teacher?.weight !== 1

/** What flags put in place of a recipe's own. */
export interface RecipeOverrides {
  readonly epochs?: number
  readonly batch?: number
  readonly learningRate?: number
  /** `false`: images as the preprocessing makes them. */
  readonly augment?: boolean
  readonly validation?: number
  readonly freeze?: Freeze | undefined
  /** What its teacher answers under, where it has one. */
  readonly teacherPlan?: string | undefined
}

/** The schedule begins at another rate, and all of it by the same ratio. */
const rescaled = (rate: LearningRate, initial: number): LearningRate =>
  (rate.kind === 'cosine' || rate.kind === 'linear') && rate.final !== undefined
    ? { ...rate, initial, final: (rate.final * initial) / rate.initial }
    : { ...rate, initial }

/** The recipe with flags in place of its own values. Other epochs leave drops and warm-up where they are; a cosine or line spans them. A recipe without a teacher stays so. */
export const withOverrides = (
  recipe: Recipe,
  {
    epochs = recipe.epochs,
    batch = recipe.batch,
    learningRate,
    augment,
    validation = recipe.validation,
    freeze = recipe.freeze,
    teacherPlan,
  }: RecipeOverrides,
): Recipe => ({
  ...recipe,
  epochs,
  batch,
  learning_rate: learningRate === undefined ? recipe.learning_rate : rescaled(recipe.learning_rate, learningRate),
  augment: augment === false ? [] : recipe.augment,
  validation,
  ...(freeze === undefined ? {} : { freeze }),
  ...(recipe.teacher === undefined ? {} : { teacher: { ...recipe.teacher, plan: teacherPlan ?? recipe.teacher.plan } }),
})

const spared = (kind: Role['kind']): Recipe['weight_decay_spares'][number] | undefined =>
  kind === 'bias' ? 'bias' : kind === 'scale' || kind === 'offset' ? 'normalization' : undefined

/** Weight decay of a graph's parameters by name: what each is for is read off the op that takes it. */
export const weightDecayOf = (
  { weight_decay, weight_decay_spares: spares }: Pick<Recipe, 'weight_decay' | 'weight_decay_spares'>,
  graph: Graph,
): ((parameter: string) => number) => {
  const without = new Set(
    parameterUses(graph)
      .filter(({ role }) => spares.some(name => name === spared(role.kind)))
      .map(({ name }) => name),
  )
  return name => (without.has(name) ? 0 : weight_decay)
}
