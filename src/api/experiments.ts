import { checkArgument, EspalierError, isObject, problem } from '../../ir/index.ts'
import { fixedPlan, type Plan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { type DataSet, type OpenDataOptions, openData, type Preprocess } from '../data/index.ts'
import type { Model } from '../execute/model.ts'
import type { ImagesModel } from '../execute/whole-images.ts'
import type { EvaluateOptions, EvaluationResult } from '../experiment/evaluation.ts'
import type { ImpactOptions, ImpactResult } from '../experiment/impact/impact.ts'
import type { MeasuredImpact, MeasuredImpactOptions } from '../experiment/measured/impact.ts'
import type { MeasuredImages, MeasuredOptions } from '../experiment/measured/run-plan.ts'
import type { MeasuredSearch, MeasuredSearchOptions } from '../experiment/measured/search.ts'
import type { MeasuredViews } from '../experiment/measured/views.ts'
import type { SearchOptions } from '../experiment/search/plan-search.ts'
import type { SearchResult } from '../experiment/search/result.ts'
import type { ViewsOptions } from '../experiment/views/network-views.ts'
import type { ViewsResult } from '../experiment/views/result.ts'
import type { Named } from '../network/fit-data.ts'
import { imageType, type Network } from '../network/network.ts'
import { asTheyAre, type FitOptions, fitImages, type Images } from '../open/images.ts'
import { checkData, checkModel, checkNetwork, checkOptions, checkPlan } from './arguments.ts'
import { type WithBackend, withBackend } from './backend.ts'

/** What computes is loaded where it is called: most programs only predict. */

/** What is said of data beside its reference. */
export interface DataOptions {
  /** How images become the network's input. Default: as the model's meaning says, else the data set's own. */
  readonly preprocess?: Preprocess | undefined
  /** The network's names of its classes, by which the data's are numbered where it has names, too. */
  readonly classes?: readonly string[] | undefined
  /** A CSV file of labels for a flat folder of images. */
  readonly labels?: string
  /** Of generated data. Default 0. */
  readonly seed?: number
}

/** Images by their reference, as `--data` names them, or a data set. */
export type Data = string | DataSet

const imagesOf = async (
  network: Named,
  data: Data,
  { preprocess, classes, labels, seed }: DataOptions,
  options: FitOptions,
): Promise<Images> => {
  const open: OpenDataOptions = { labels, seed }
  const found = typeof data === 'string' ? orThrow(await openData(data, open)) : data
  return fitImages(network, { preprocess, classes }, found, options)
}

const needed: FitOptions = { labels: 'needed' }

/** Images at their own sizes, one at a time. @throws EspalierError where a batch is asked for, and as {@link imagesOf} */
const wholeImagesOf = async (
  model: ImagesModel,
  data: Data,
  { batch = 1, preprocess, ...options }: EvaluateOptions & DataOptions,
): Promise<Images> => {
  checkArgument('evaluate, batch', batch, batch === 1, '1, for images of any size come one at a time')
  const { h, w } = imageType(model)
  return asTheyAre(await imagesOf(model, data, { ...options, preprocess: { ...preprocess, size: [h, w] } }, {}))
}

/**
 * How a model does on a data set: errors and counts where it has labels, other measures where it has masks, images or numbers, answers image by image where it has
 * nothing or `answers` asks for them. @throws EspalierError where the data does not fit or no image can be decoded
 */
export const evaluate = async (
  model: Model | ImagesModel,
  data: Data,
  options: EvaluateOptions & DataOptions = {},
): Promise<EvaluationResult> => {
  checkModel('evaluate, model', model)
  checkData('evaluate, data', data)
  checkOptions('evaluate', options)
  const { evaluate: evaluateModel } = await import('../experiment/evaluation.ts')
  const { preprocess = model.meaning.preprocess, classes = model.meaning.classes } = options
  const fitted = { ...options, preprocess, classes }
  if ('anySize' in model)
    return evaluateModel(model, await wholeImagesOf(model, data, fitted), { ...options, batch: 1 })
  return evaluateModel(model, await imagesOf(model, data, fitted, {}), options)
}

/** Refuses what is no experiment on a network. @throws EspalierError */
const checkOn = (of: Parameters<typeof checkOptions>[0], network: Network, data: Data, options: object): void => {
  checkNetwork(`${of}, network`, network)
  checkData(`${of}, data`, data)
  checkOptions(of, options)
}

/**
 * What transforming each feature map of a network does to its error on labelled data. Transforms are `flip,rotate,scale`
 * by default. @throws EspalierError where the data, a transform or the executor does not fit
 */
export const impact = async (
  network: Network,
  data: Data,
  options: WithBackend<ImpactOptions> & DataOptions = {},
): Promise<ImpactResult> => {
  checkOn('impact', network, data, options)
  const { impact: measureImpact } = await import('../experiment/impact/impact.ts')
  return measureImpact(network, await imagesOf(network, data, options, needed), withBackend<ImpactOptions>(options))
}

/**
 * What a plan does to each image of labelled data: which it turns right and wrong, by class, and where its variants disagree.
 * @throws EspalierError where the plan, the data or the executor does not fit
 */
export const views = async (
  network: Network,
  plan: Plan,
  data: Data,
  options: WithBackend<ViewsOptions> & DataOptions = {},
): Promise<ViewsResult> => {
  checkOn('views', network, data, options)
  checkPlan('views, plan', plan)
  const { networkViews } = await import('../experiment/views/network-views.ts')
  return networkViews(
    network,
    orThrow(fixedPlan(plan, 'views')),
    await imagesOf(network, data, options, needed),
    withBackend<ViewsOptions>(options),
  )
}

/** Images with what answers that are no class are held against. @throws EspalierError where the data has nothing of the kind */
const measuredImagesOf = async (network: Network, data: Data, options: DataOptions): Promise<MeasuredImages> => {
  const { measured, ...images } = await imagesOf(network, data, options, { labels: 'measured' })
  if (measured === undefined)
    throw new EspalierError([
      problem(
        'bad-argument',
        'data',
        'labels of classes',
        'masks, pairs of images or numbers',
        '`views` and `impact` count classes',
      ),
    ])
  return { ...images, measured }
}

/**
 * What transforming each feature map of a network does to the measures of its answers, where they are no class: maps, labels, embeddings, numbers.
 * @throws EspalierError where the data, a transform or the executor does not fit, or nothing measures one image
 */
export const measuredImpact = async (
  network: Network,
  data: Data,
  options: WithBackend<MeasuredImpactOptions> & DataOptions = {},
): Promise<MeasuredImpact> => {
  checkOn('measuredImpact', network, data, options)
  const { measuredImpact: measure } = await import('../experiment/measured/impact.ts')
  const images = await measuredImagesOf(network, data, options)
  return measure(network, images, withBackend<MeasuredImpactOptions>(options))
}

/**
 * What a plan does to the measures of each image, where answers are no class: maps, labels, embeddings, numbers.
 * @throws EspalierError where the plan, the data or the executor does not fit, or nothing measures one image
 */
export const measuredViews = async (
  network: Network,
  plan: Plan,
  data: Data,
  options: WithBackend<MeasuredOptions> & DataOptions = {},
): Promise<MeasuredViews> => {
  checkOn('measuredViews', network, data, options)
  checkPlan('measuredViews, plan', plan)
  const { measuredViews: measure } = await import('../experiment/measured/views.ts')
  const fixed = orThrow(fixedPlan(plan, 'measuredViews'))
  const images = await measuredImagesOf(network, data, options)
  return measure(network, fixed, images, withBackend<MeasuredOptions>(options))
}

/** Labelled images that plans are chosen by, and others that they are reported on. */
export interface SearchData {
  readonly select: Data
  readonly report: Data
}

/** Refuses what is no search. @throws EspalierError */
const checkSearch = async (
  of: 'search' | 'measuredSearch',
  network: Network,
  data: SearchData,
  options: object,
): Promise<void> => {
  checkNetwork(`${of}, network`, network)
  checkArgument(of, data, isObject(data), '{ select, report }')
  const { select, report } = data
  checkData(`${of}, select`, select)
  checkData(`${of}, report`, report)
  checkArgument(`${of}, options`, options, isObject(options), "{ budget: '2.2x', … }")
  checkOptions(of, options)
  const { checkApart } = await import('../experiment/search/data.ts')
  if (typeof select === 'string' && typeof report === 'string') await checkApart(select, report)
}

/**
 * The best plan for a network within a budget of time. @throws EspalierError where something does not fit, or both data sets have
 * the same images; the signal's reason where it is aborted
 */
export const search = async (
  network: Network,
  data: SearchData,
  options: WithBackend<SearchOptions> & DataOptions,
): Promise<SearchResult> => {
  await checkSearch('search', network, data, options)
  const { select, report } = data
  const { searchPlan } = await import('../experiment/search/plan-search.ts')
  const images = {
    select: await imagesOf(network, select, options, needed),
    report: await imagesOf(network, report, options, needed),
  }
  return searchPlan(network, images, withBackend<SearchOptions>(options))
}

/**
 * The best plan for a network whose answers are no class, by the first measure of an image, within a budget of time. @throws EspalierError
 * where something does not fit, nothing measures one image, or both data sets have the same images; the signal's reason where it is aborted
 */
export const measuredSearch = async (
  network: Network,
  data: SearchData,
  options: WithBackend<MeasuredSearchOptions> & DataOptions,
): Promise<MeasuredSearch> => {
  await checkSearch('measuredSearch', network, data, options)
  const { measuredSearch: find } = await import('../experiment/measured/search.ts')
  const images = {
    select: await measuredImagesOf(network, data.select, options),
    report: await measuredImagesOf(network, data.report, options),
  }
  return find(network, images, withBackend<MeasuredSearchOptions>(options))
}
