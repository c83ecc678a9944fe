import type { NetworkOutput } from '../../passes/index.ts'
import { type ChannelStatistics, channelStatistics, pooledStatistics } from '../data/channel-statistics.ts'
import type { Batch, Skipped } from '../data/index.ts'
import { evaluateData, namedAtMost, type Unanswered } from '../execute/evaluate-data.ts'
import type { Model } from '../execute/model.ts'
import type { Prediction } from '../execute/prediction.ts'
import { type RankedClass, topK } from '../execute/ranking.ts'
import { wilsonPercent } from '../execute/score.ts'
import { type ToldOutput, toldOutputs } from '../execute/told.ts'
import { joinSums, type MeasuredSum, type MeasuredValue, sumOfBatch, valuesOf } from '../measures/index.ts'
import { isClassifier } from '../network/network.ts'
import type { Images } from '../open/images.ts'
import { type EvaluationWarning, type FedAs, fedAs, type Suspected, warningsOf } from './warnings.ts'

/** What a model says of one image of a data set. */
export interface ImageAnswer {
  /** Its number in the data, and what it is called there. */
  readonly index: number
  readonly image: string
  /** The class that the data has for it. */
  readonly label?: number
  /** The stage of an adaptive plan that it reached, from 1; 1 under a fixed plan. */
  readonly stage: number
  /** How certain the answer is, from 0 to 1; NaN of a network of no classes. */
  readonly certainty: number
  /** The likeliest classes, the likeliest first; none where its scores are no numbers. */
  readonly best: readonly RankedClass[]
  /** What every output says, by its name, of a network that is no classifier with one. */
  readonly outputs?: Readonly<Record<string, ToldOutput>>
}

/** How a model did on a data set; errors in percent where there are labels, with Wilson's 95 % interval. */
export interface EvaluationResult {
  readonly data: string
  /** How many were run, and how many of them were wrong, at all and not among the five likeliest. */
  readonly images: number
  readonly wrong?: number
  readonly wrongTop5?: number
  readonly errorPercent?: number
  readonly top5ErrorPercent?: number
  readonly errorIntervalPercent?: readonly [low: number, high: number]
  /** Where the data has masks, images to be had back, numbers, or classes of embeddings: how good the answers are by these. */
  readonly measures?: readonly MeasuredValue[] | undefined
  /** What they follow from. */
  readonly measured?: MeasuredSum | undefined
  /** One for each image, where they were asked for. */
  readonly answers: readonly ImageAnswer[]
  /** Under an adaptive plan: how many images reached each stage; all of them the first. */
  readonly stages?: readonly { readonly plan: string; readonly images: number }[]
  /** Images that could not be read or decoded, which are not among the others. */
  readonly skipped: readonly { readonly index: number; readonly image: string; readonly error: string }[]
  /** Images whose scores are no numbers, so that there is no answer; where there are labels, counted as wrong. */
  readonly unanswered: Unanswered
  /** What the network was fed, channel by channel. */
  readonly fed?: ChannelStatistics | undefined
  /** Of how many classes an answer is one. */
  readonly classCount?: number | undefined
  /** What the preprocessing makes of pixels. */
  readonly fedAs?: FedAs | undefined
  /** What looks wrong: an error as of guessing, inputs unlike those that the preprocessing is to make. */
  readonly warnings: readonly EvaluationWarning[]
  readonly seconds: number
  readonly imagesPerSecond: number
  readonly interrupted: boolean
}

/** How a model is evaluated. */
export interface EvaluateOptions {
  /** Images at a time. Default 128. */
  readonly batch?: number
  /** Only the first so many images. */
  readonly limit?: number
  /** The images from one number up to another alone, of which none need be readable: a part of a larger evaluation. */
  readonly range?: readonly [from: number, to: number]
  /** Whether each image's answer is kept. Default: where there are neither labels nor anything else to hold answers against. */
  readonly answers?: boolean
  /** How many classes an answer has. Default 5. */
  readonly top?: number
  /** Whether an image that cannot be read or decoded is an error. Default: it is skipped. */
  readonly strict?: boolean
  /** Aborted, it answers for the batches that are done. */
  readonly signal?: AbortSignal
  /** Told after each batch how many images are done, of how many. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
  /** Told of each batch, in order. */
  readonly onBatch?: (batch: Batch, prediction: Prediction) => void | Promise<void>
}

const answersOf = (
  batch: Batch,
  prediction: Prediction,
  top: number,
  names: readonly string[] | undefined,
  outputs: readonly NetworkOutput[] | undefined,
) =>
  topK(prediction, top, names).map((best, row): ImageAnswer => {
    const [index, image, label] = [batch.indices[row], batch.names[row], batch.labels?.[row]]
    const [stage, certainty] = [prediction.stages[row], prediction.certainty[row]]
    const told = outputs === undefined ? {} : { outputs: toldOutputs(prediction, row, names, top) }
    return { index, image, ...(label === undefined ? {} : { label }), ...{ stage, certainty, best }, ...told }
  })

const skippedOf = ({ index, problem: { where, seen } }: Skipped) => ({ index, image: where, error: seen })

/** Of so many wrong answers; nothing where there is no image. */
const errorsOf = (
  wrong: number,
  wrongTop5: number,
  images: number,
): Pick<EvaluationResult, 'wrong' | 'wrongTop5' | 'errorPercent' | 'top5ErrorPercent' | 'errorIntervalPercent'> =>
  images === 0
    ? {}
    : {
        wrong,
        wrongTop5,
        errorPercent: (100 * wrong) / images,
        top5ErrorPercent: (100 * wrongTop5) / images,
        errorIntervalPercent: wilsonPercent(wrong, images),
      }

const measuresOf = (sums: readonly MeasuredSum[]): Pick<EvaluationResult, 'measures' | 'measured'> => {
  const measured = joinSums(sums)
  return measured === undefined ? {} : { measured, measures: valuesOf(measured) }
}

/** So many sums of batches wait to become one. */
const sumsKept = 64

/** What looks wrong, beside what it was found by. */
const suspected = (found: Suspected) => ({
  ...{ fed: found.fed, classCount: found.classCount, fedAs: found.fedAs },
  warnings: warningsOf(found),
})

/** Runs a model over images, decoding ahead of it. @throws EspalierError where none can be decoded */
export const evaluate = async (
  model: Pick<Model, 'predictEach' | 'stages' | 'outputs'>,
  { data, preprocess, classes, measured }: Images,
  {
    batch = 128,
    limit = data.count,
    range,
    top = 5,
    strict,
    signal,
    onProgress,
    onBatch,
    ...options
  }: EvaluateOptions = {},
): Promise<EvaluationResult> => {
  const { answers: keep = !data.labelled && measured === undefined } = options
  const [from, to] = range ?? [0, Math.min(limit, data.count)]
  const answers: ImageAnswer[] = []
  const fed: ChannelStatistics[] = []
  let sums: readonly MeasuredSum[] = []
  let classCount: number | undefined
  const { channels = 3 } = preprocess
  const done = await evaluateData(model, data, {
    ...{ batch, preprocess, times: measured?.times, limit, range, strict, signal },
    onBatch: async (read, prediction) => {
      onProgress?.({ done: read.first + read.n + read.skipped.length - from, total: to - from })
      await onBatch?.(read, prediction)
      const sum = measured === undefined ? undefined : sumOfBatch(measured, read, prediction, preprocess)
      if (sum !== undefined) sums = [...(sums.length < sumsKept ? sums : [joinSums(sums) ?? sum]), sum]
      if (prediction.classes > 0) classCount = prediction.classes
      if (read.n > 0) fed.push(channelStatistics(read.images, read.n, channels))
      if (keep)
        answers.push(...answersOf(read, prediction, top, classes, isClassifier(model) ? undefined : model.outputs))
    },
  })
  const { images, wrong, wrongTop5, reached, skipped, unanswered, seconds, interrupted } = done
  const errors = data.labelled ? errorsOf(wrong, wrongTop5, images) : {}
  return {
    data: data.name,
    images,
    ...errors,
    ...measuresOf(sums),
    answers,
    stages: model.stages?.map(({ plan }, k) => ({ plan, images: reached[k] })),
    skipped: skipped.map(skippedOf),
    unanswered,
    ...suspected({
      ...{ errorIntervalPercent: errors.errorIntervalPercent, classCount },
      ...{ fed: pooledStatistics(fed), fedAs: fedAs(preprocess) },
    }),
    seconds,
    imagesPerSecond: images / seconds,
    interrupted,
  }
}

/** The evaluation of which these are the parts, in their order. */
export const joinEvaluations = (parts: readonly EvaluationResult[]): EvaluationResult => {
  const sum = (of: (part: EvaluationResult) => number | undefined): number =>
    parts.reduce((total, part) => total + (of(part) ?? 0), 0)
  const [{ data, stages, classCount, fedAs }] = parts
  const images = sum(part => part.images)
  const seconds = sum(part => part.seconds)
  const labelled = parts.some(({ wrong }) => wrong !== undefined)
  const errors = labelled
    ? errorsOf(
        sum(({ wrong }) => wrong),
        sum(({ wrongTop5 }) => wrongTop5),
        images,
      )
    : {}
  return {
    data,
    images,
    ...errors,
    ...measuresOf(parts.flatMap(({ measured }) => measured ?? [])),
    answers: parts.flatMap(({ answers }) => answers),
    stages: stages?.map(({ plan }, k) => ({ plan, images: sum(part => part.stages?.[k].images) })),
    skipped: parts.flatMap(({ skipped }) => skipped),
    unanswered: {
      images: sum(({ unanswered }) => unanswered.images),
      first: parts.flatMap(({ unanswered }) => unanswered.first).slice(0, namedAtMost),
    },
    ...suspected({
      ...{ errorIntervalPercent: errors.errorIntervalPercent, classCount },
      ...{ fed: pooledStatistics(parts.flatMap(({ fed }) => fed ?? [])), fedAs },
    }),
    seconds,
    imagesPerSecond: images / seconds,
    interrupted: parts.some(({ interrupted }) => interrupted),
  }
}
