import { checkArgument, isObject } from '../../ir/index.ts'
import { fixedPlan, type Plan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { type DataSet, type OpenDataOptions, openData, type Preprocess } from '../data/index.ts'
import type { Model } from '../execute/model.ts'
import type { EvaluateOptions, EvaluationResult } from '../experiment/evaluation.ts'
import type { ImpactOptions, ImpactResult } from '../experiment/impact/impact.ts'
import type { SearchOptions } from '../experiment/search/plan-search.ts'
import type { SearchResult } from '../experiment/search/result.ts'
import type { ViewsOptions } from '../experiment/views/network-views.ts'
import type { ViewsResult } from '../experiment/views/result.ts'
import type { Named } from '../network/fit-data.ts'
import type { Network } from '../network/network.ts'
import { type FitOptions, fitImages, type Images } from '../open/images.ts'
import { checkData, checkModel, checkNetwork, checkOptions, checkPlan } from './arguments.ts'
import { type WithBackend, withBackend } from './backend.ts'

/** What computes is loaded where it is called: most programs only predict. */

/** What is said of data beside its reference. */
export interface DataOptions {
  /** How images become the network's input. Default: as the model's meaning says, else the data set's own. */
  readonly preprocess?: Preprocess
  /** The network's names of its classes, by which the data's are numbered where it has names, too. */
  readonly classes?: readonly string[]
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

/**
 * How a model does on a data set: errors and counts where it has labels, answers image by image where it has none or
 * `answers` asks for them. @throws EspalierError where the data does not fit or no image can be decoded
 */
export const evaluate = async (
  model: Model,
  data: Data,
  options: EvaluateOptions & DataOptions = {},
): Promise<EvaluationResult> => {
  checkModel('evaluate, model', model)
  checkData('evaluate, data', data)
  checkOptions('evaluate', options)
  const { evaluate: evaluateModel } = await import('../experiment/evaluation.ts')
  const { preprocess = model.meaning.preprocess, classes = model.meaning.classes } = options
  return evaluateModel(model, await imagesOf(model, data, { ...options, preprocess, classes }, {}), options)
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
  checkNetwork('impact, network', network)
  checkData('impact, data', data)
  checkOptions('impact', options)
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
  checkNetwork('views, network', network)
  checkPlan('views, plan', plan)
  checkData('views, data', data)
  checkOptions('views', options)
  const { networkViews } = await import('../experiment/views/network-views.ts')
  return networkViews(
    network,
    orThrow(fixedPlan(plan, 'views')),
    await imagesOf(network, data, options, needed),
    withBackend<ViewsOptions>(options),
  )
}

/** Labelled images that plans are chosen by, and others that they are reported on. */
export interface SearchData {
  readonly select: Data
  readonly report: Data
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
  checkNetwork('search, network', network)
  checkArgument('search', data, isObject(data), '{ select, report }')
  const { select, report } = data
  checkData('search, select', select)
  checkData('search, report', report)
  checkArgument('search, options', options, isObject(options), "{ budget: '2.2x', … }")
  checkOptions('search', options)
  const { checkApart } = await import('../experiment/search/data.ts')
  const { searchPlan } = await import('../experiment/search/plan-search.ts')
  if (typeof select === 'string' && typeof report === 'string') await checkApart(select, report)
  const images = {
    select: await imagesOf(network, select, options, needed),
    report: await imagesOf(network, report, options, needed),
  }
  return searchPlan(network, images, withBackend<SearchOptions>(options))
}
