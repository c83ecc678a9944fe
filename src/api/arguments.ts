import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { CertaintyMeasure, checkArgument, EspalierError, isGraph, isObject, reductions } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { scheduleNames } from '../compile/scheduling.ts'
import { decodePreprocess } from '../data/index.ts'
import { executorNames } from '../execute/execution.ts'
import { objectives } from '../experiment/search/objective.ts'
import { imageLayouts } from '../lower/onnx/index.ts'
import { precisions } from '../lower/precision.ts'
import type { Meaning } from '../network/meaning.ts'
import { backendNames } from '../runtime/backend-names.ts'
import { closed, closedProblems, numberThat, oneOf, WholeNumber } from '../train/closed-record.ts'
import { trainingExecutors } from '../train/executors.ts'

/** Checks of what programs give to the functions of `index.ts`: TypeScript sees types, not values. All throw EspalierError. */

export const checkText = (where: string, value: unknown, expected: string, hint?: string): void =>
  checkArgument(where, value, typeof value === 'string' && value !== '', expected, hint)

const hasGraph = (value: unknown): boolean => isObject(value) && isGraph(value.graph) && value.parameters instanceof Map

const isCompiled = (value: unknown): boolean => hasGraph(value) && isObject(value) && isObject(value.multiplyAdds)

export const checkNetwork = (where: string, value: unknown): void =>
  checkArgument(
    where,
    value,
    hasGraph(value),
    'a network',
    typeof value === 'string'
      ? 'await loadNetwork(reference), or createZooNetwork(name)'
      : 'loadNetwork, createZooNetwork or createNetwork make one',
  )

export const checkCompiled = (where: string, value: unknown): void =>
  checkArgument(
    where,
    value,
    isCompiled(value),
    'a compiled network',
    hasGraph(value) ? 'compile(network, plan)' : typeof value === 'string' ? 'loadModel(folder)' : 'compile makes one',
  )

export const checkPlan = (where: string, value: unknown): void =>
  checkArgument(
    where,
    value,
    isObject(value) &&
      (Array.isArray(value.stages) || (Array.isArray(value.sites) && typeof value.inference === 'string')),
    'a plan',
    typeof value === 'string' ? `parsePlan(${JSON.stringify(value)})` : "parsePlan('flip-3-max')",
  )

export const checkIsRecipe = (where: string, value: unknown): void =>
  checkArgument(
    where,
    value,
    isObject(value),
    'a recipe',
    typeof value === 'string' ? `await loadRecipe(${JSON.stringify(value)})` : "await loadRecipe('default')",
  )

export const checkModel = (where: string, value: unknown): void =>
  checkArgument(
    where,
    value,
    isObject(value) && typeof value.predict === 'function' && isGraph(value.graph),
    'a model',
    isCompiled(value) ? 'await createModel(compiled)' : 'createModel and loadModel open one',
  )

export const checkData = (where: string, value: unknown): void =>
  checkArgument(
    where,
    value,
    typeof value === 'string'
      ? value !== ''
      : isObject(value) && (typeof value.reference === 'string' || typeof value.read === 'function'),
    'data as --data names it, or a data set',
    "'cifar100:FOLDER'",
  )

export const checkParameters = (where: string, value: unknown): void => {
  checkArgument(where, value, value instanceof Map, 'a Map from names to tensors')
  for (const [name, tensor] of value as ReadonlyMap<unknown, unknown>)
    checkArgument(
      `${where}, ${String(name)}`,
      tensor,
      isObject(tensor) &&
        Array.isArray(tensor.shape) &&
        (tensor.data instanceof Float32Array || tensor.data instanceof Float64Array),
      '{ shape, data }, the data a Float32Array or Float64Array',
    )
}

const Positive = numberThat('a whole number from 1', x => Number.isSafeInteger(x) && x >= 1)
const NotNegative = numberThat('a number from 0', x => x >= 0)
const Called = t.Function
const Signal = new t.Type<unknown>(
  'an AbortSignal',
  (u): u is unknown => u instanceof AbortSignal,
  (u, context) => (u instanceof AbortSignal ? t.success(u) : t.failure(u, context)),
  t.identity,
)
const AnObject = new t.Type<unknown>(
  'an object',
  (u): u is unknown => isObject(u),
  (u, context) => (isObject(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)
const names = t.readonlyArray(t.string)
const backend = oneOf('auto', 'reference', 'tensorflow', ...backendNames)
const executor = oneOf('auto', ...executorNames)
const precision = oneOf(...precisions)
const runs = { backend, executor, precision, batch: Positive, debug: t.boolean }
const said = { preprocess: AnObject, classes: names, labels: t.string, seed: WholeNumber }
const watched = { signal: Signal, onProgress: Called }
const opens = {
  ...{ ...runs, ...watched, fill: t.boolean, note: Called, join: Positive, delay: NotNegative, onBatch: Called },
  ...{ worker: t.boolean, workers: Positive },
}
/** Of experiments, which the evaluator does not run. */
const runsPlans = { ...runs, backend: oneOf('auto', 'tensorflow', ...backendNames), ...said, ...watched }
const runsVariants = { ...runsPlans, cache: t.string }

/** The options that each function takes, and no others. */
const options = {
  createZooNetwork: { seed: WholeNumber },
  createNetwork: { answers: t.string },
  loadNetwork: {
    ...{ weights: t.string, answers: t.string, seed: WholeNumber, dataClasses: Positive },
    ...{ size: t.tuple([Positive, Positive]), preprocess: AnObject },
  },
  compile: {
    ...{ seed: WholeNumber, pipeline: Called, observe: Called, admit: Called, meaning: AnObject },
    ...{
      schedule: oneOf(...scheduleNames),
      backend: oneOf('tensorflow', ...backendNames),
      batch: Positive,
      costs: AnObject,
    },
  },
  createModel: opens,
  loadModel: opens,
  createSizedModel: { ...opens, weights: t.string, answers: t.string, seed: WholeNumber, kept: Positive },
  createTiledModel: { ...opens, overlap: WholeNumber },
  train: {
    ...{ seed: WholeNumber, preprocess: AnObject, out: t.string, resume: t.boolean, signal: Signal, debug: t.boolean },
    ...{ backend, executor: oneOf('auto', ...trainingExecutors), precision },
    ...{ maxSteps: WholeNumber, checkpointSeconds: t.number, workers: WholeNumber },
  },
  evaluate: {
    ...{ ...said, ...watched, batch: Positive, limit: Positive },
    ...{ answers: t.boolean, top: Positive, strict: t.boolean, onBatch: Called },
  },
  impact: { ...runsVariants, limit: Positive, transforms: t.string },
  views: { ...runsVariants, limit: Positive },
  measuredImpact: { ...runsPlans, limit: Positive, transforms: t.string },
  measuredViews: { ...runsPlans, limit: Positive },
  measuredSearch: {
    ...{ ...runsPlans, budget: t.union([t.string, AnObject]), sets: t.string },
    ...{ screening: Positive, offspring: Positive },
  },
  search: {
    ...{ ...runsVariants, budget: t.union([t.string, AnObject]), sets: t.string, trained: AnObject },
    ...{ reductions: t.readonlyArray(oneOf(...reductions)), objective: oneOf(...objectives) },
    ...{ beam: Positive, offspring: Positive, screening: Positive, learnWeights: t.boolean },
    ...{ adaptive: t.boolean, stages: t.union([t.string, t.readonlyArray(AnObject)]), measure: CertaintyMeasure },
  },
  toOnnx: { layout: oneOf(...imageLayouts), name: t.string, withPreprocessing: t.boolean },
  toSavedModel: { precision, xla: t.boolean, withPreprocessing: t.boolean },
} satisfies Readonly<Record<string, t.Props>>

const refuseOthers = (where: string, known: t.Props, value: unknown): void => {
  const decoded = closed({}, known).decode(value)
  if (E.isLeft(decoded)) throw new EspalierError(closedProblems('bad-argument', where, decoded.left))
}

/** Checked as a file of it is, but that no size stands for a square. */
const checkPreprocess = (where: string, value: unknown): void => {
  if (isObject(value))
    checkArgument(`${where}, size`, value.size, Array.isArray(value.size), '[height, width] in pixels')
  orThrow(decodePreprocess(value, where))
}

/** Refuses unknown options, with the nearest named, and values of another kind. */
export const checkOptions = (of: keyof typeof options, value: unknown): void => {
  if (value === undefined) return
  refuseOthers(`${of}, options`, options[of], value)
  const { preprocess, meaning } = value as { readonly preprocess?: unknown; readonly meaning?: Meaning }
  if (preprocess !== undefined) checkPreprocess(`${of}, preprocess`, preprocess)
  if (meaning === undefined) return
  refuseOthers(`${of}, meaning`, { preprocess: AnObject, classes: names }, meaning)
  if (meaning.preprocess !== undefined) checkPreprocess(`${of}, meaning.preprocess`, meaning.preprocess)
}
