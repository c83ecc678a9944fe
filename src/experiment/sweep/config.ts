import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { Extent, type Problem, problem, reductions } from '../../../ir/index.ts'
import { orThrow, orThrowAsync } from '../../base/error.ts'
import { readJson } from '../../base/read-json.ts'
import { executorNames } from '../../execute/execution.ts'
import { precisions } from '../../lower/precision.ts'
import { backendNames } from '../../runtime/backend-names.ts'
import { closed, closedProblems, numberThat, oneOf, WholeNumber } from '../../train/closed-record.ts'
import { decodeRecipe, type Recipe } from '../../train/recipe.ts'
import { readRecipe, recipes } from '../../train/recipes.ts'

export type SweepProblem = Problem<'bad-sweep'>

/** A list that is not empty. */
export const atLeastOne = <A>(of: t.Type<A, A, unknown>, what: string): t.Type<readonly A[], readonly A[], unknown> =>
  t.refinement(t.readonlyArray(of), list => list.length > 0, `${what}, one at least`)

/** The keys of a sweep's file: those that it must have, and the others. */
export const required = {
  /** A reference, as `--network` takes it. */
  network: t.string,
  /** Data to train on, and other data to evaluate on: references, as `--data` takes them. */
  train: t.string,
  evaluate: t.string,
  /** A name, a file ending in .json, or the keys themselves. */
  recipe: t.union([t.string, t.UnknownRecord], 'a recipe’s name or file, or its keys'),
  plans: atLeastOne(t.string, 'plans'),
}

export const optional = {
  /** Weights to fine-tune: without them every seed begins with its own. */
  weights: t.string,
  preprocess: t.string,
  /** A file of the network's class names. */
  classes: t.string,
  /** A file of the labels of `evaluate`, where that is a flat folder. */
  labels: t.string,
  /** Keys that override the recipe's. */
  overrides: t.UnknownRecord,
  /** For plans that name no reduction. */
  train_reductions: atLeastOne(oneOf(...reductions, 'none'), 'training reductions'),
  inference_reductions: atLeastOne(oneOf(...reductions), 'inference reductions'),
  /** Whether plans without `-tta` are run without it, with it, or both. */
  tta: atLeastOne(t.boolean, 'of false and true'),
  seeds: atLeastOne(WholeNumber, 'seeds'),
  backend: oneOf(...backendNames),
  executor: oneOf(...executorNames),
  /** Of evaluation and of times. */
  precision: oneOf(...precisions),
  train_precision: oneOf(...precisions),
  /** Images at a time in evaluation, and of the times. */
  batch: Extent,
  /** Evaluate the first images alone. */
  limit: Extent,
  /** Stop every training after so many steps. */
  max_steps: numberThat('a whole number from 1', x => Number.isSafeInteger(x) && x > 0),
}

/** A sweep as its file says it; every key of others is refused. */
export const SweepConfig = closed(required, optional)
export type SweepConfig = t.TypeOf<typeof SweepConfig>

const defaults = {
  train_reductions: ['max'],
  inference_reductions: reductions,
  tta: [false],
  seeds: [0],
  batch: 128,
} as const satisfies Partial<SweepConfig>

/** A sweep with what its file left out. */
export type Sweep = SweepConfig & Required<Pick<SweepConfig, keyof typeof defaults>>

const repeated = (where: string, config: Sweep): readonly SweepProblem[] =>
  (['plans', 'train_reductions', 'inference_reductions', 'tta', 'seeds'] as const).flatMap(key => {
    const list: readonly unknown[] = config[key]
    const twice = list.find((value, k) => list.indexOf(value) !== k)
    return twice === undefined
      ? []
      : [problem('bad-sweep' as const, `${where}, ${key}`, `${JSON.stringify(twice)} twice`, 'each once')]
  })

/** Without keys whose value is undefined, which are left out as those that are not there. */
const there = <A extends object>(config: A): A =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as A

/** A sweep from JSON, or of a program; `where` names it in problems. */
export const decodeSweep = (json: unknown, where: string): E.Either<readonly SweepProblem[], Sweep> => {
  const decoded = SweepConfig.decode(json)
  if (E.isLeft(decoded)) return E.left(closedProblems('bad-sweep', where, decoded.left))
  const sweep = { ...defaults, ...there(decoded.right) }
  const problems = repeated(where, sweep)
  return problems.length > 0 ? E.left(problems) : E.right(sweep)
}

/** Reads the file of a sweep. @throws EspalierError */
export const readSweep = async (path: string): Promise<Sweep> =>
  orThrow(decodeSweep(await orThrowAsync(readJson(path)), path))

/** The recipe that a sweep trains by: its own with the overrides in place. @throws EspalierError */
export const recipeOf = async ({ recipe, overrides = {} }: SweepConfig, where: string): Promise<Recipe> => {
  const own =
    typeof recipe === 'string'
      ? await readRecipe(recipe)
      : orThrow(decodeRecipe(recipe, `${where}, recipe`, recipes.default))
  return orThrow(decodeRecipe(overrides, `${where}, overrides`, own))
}
