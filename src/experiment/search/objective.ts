import { meanOf } from '../../base/statistics.ts'
import { errorOf } from '../variants/reduction.ts'

/** What a search makes small: calibrated likelihood, or errors smoothed by how close each answer was. */
export const objectives = ['error', 'likelihood'] as const
/** What a search makes small. */
export type Objective = (typeof objectives)[number]

/** What scores `[n, classes]` are worth on labelled images. */
export interface Score {
  readonly images: number
  readonly wrong: number
  /** By which the scores are divided to be calibrated: fitted on the same images. */
  readonly temperature: number
  /** The mean of `−log p(label)`, calibrated. */
  readonly negativeLogLikelihood: number
  /** The mean calibrated probability that the label loses against its strongest rival: the error without its jumps. */
  readonly smoothedError: number
}

export const objectiveOf = (score: Score, objective: Objective): number =>
  objective === 'error' ? score.smoothedError : score.negativeLogLikelihood

/** One pass over scores: sums over images at an inverse temperature, with derivatives of the likelihood's by it. */
interface Pass {
  readonly likelihood: number
  readonly gradient: number
  readonly curvature: number
}

type Scores = Float32Array | Float64Array

const pass = (scores: Scores, labels: ArrayLike<number>, classes: number, inverse: number): Pass => {
  let [likelihood, gradient, curvature] = [0, 0, 0]
  for (let image = 0, row = 0; image < labels.length; image++, row += classes) {
    let largest = Number.NEGATIVE_INFINITY
    for (let i = row; i < row + classes; i++) if (scores[i] > largest) largest = scores[i]
    let [total, first, second] = [0, 0, 0]
    for (let i = row; i < row + classes; i++) {
      const z = scores[i] - largest
      const p = Math.exp(inverse * z)
      total += p
      first += p * z
      second += p * z * z
    }
    const own = scores[row + labels[image]] - largest
    const mean = first / total
    likelihood += Math.log(total) - inverse * own
    gradient += mean - own
    curvature += second / total - mean * mean
  }
  const n = labels.length
  return { likelihood: likelihood / n, gradient: gradient / n, curvature: curvature / n }
}

const steps = 12
const closeEnough = 1e-7
/** Inverse temperatures are held within these: scores that separate all classes have no best one. */
const [coldest, hottest] = [100, 0.01]

/**
 * The temperature under which scores are likeliest (Guo et al. 2017), by Newton's method: the likelihood is convex in its
 * inverse. A step that does not improve is halved.
 */
export const fitTemperature = (
  scores: Scores,
  labels: ArrayLike<number>,
  from = 1,
): { readonly temperature: number; readonly negativeLogLikelihood: number } => {
  const classes = scores.length / labels.length
  let inverse = 1 / from
  let at = pass(scores, labels, classes, inverse)
  for (let step = 0; step < steps; step++) {
    if (at.curvature <= 0) break
    let change = -at.gradient / at.curvature
    if (Math.abs(at.gradient * change) < closeEnough) break
    for (let halving = 0; halving < steps; halving++, change /= 2) {
      const next = Math.min(coldest, Math.max(hottest, inverse + change))
      const there = pass(scores, labels, classes, next)
      if (there.likelihood > at.likelihood) continue
      inverse = next
      at = there
      break
    }
  }
  return { temperature: 1 / inverse, negativeLogLikelihood: at.likelihood }
}

/** For each image `−log p(label)` at a temperature. */
export const lossesOf = (scores: Scores, labels: ArrayLike<number>, temperature: number): Float64Array => {
  const classes = scores.length / labels.length
  return Float64Array.from(labels, (label, image) => {
    const row = image * classes
    let largest = Number.NEGATIVE_INFINITY
    for (let i = row; i < row + classes; i++) if (scores[i] > largest) largest = scores[i]
    let total = 0
    for (let i = row; i < row + classes; i++) total += Math.exp((scores[i] - largest) / temperature)
    return Math.log(total) - (scores[row + label] - largest) / temperature
  })
}

/** For each image the probability that its label loses against its strongest rival, at a temperature. */
export const smoothedErrorsOf = (scores: Scores, labels: ArrayLike<number>, temperature: number): Float64Array => {
  const classes = scores.length / labels.length
  return Float64Array.from(labels, (label, image) => {
    const row = image * classes
    let rival = Number.NEGATIVE_INFINITY
    for (let i = row; i < row + classes; i++) if (i !== row + label && scores[i] > rival) rival = scores[i]
    return 1 / (1 + Math.exp((scores[row + label] - rival) / temperature))
  })
}

/** Scores an answer: `[n, classes]` scores on n labelled images. `from` is a temperature to begin at. */
export const scoreOf = (scores: Scores, labels: ArrayLike<number>, from?: number): Score => {
  const { temperature, negativeLogLikelihood } = fitTemperature(scores, labels, from)
  return {
    images: labels.length,
    wrong: errorOf(scores, labels).wrong,
    temperature,
    negativeLogLikelihood,
    smoothedError: meanOf(smoothedErrorsOf(scores, labels, temperature)),
  }
}

/** What `objectiveOf` would say, near enough to put plans in order: one pass, at a temperature that is about right. */
export const roughObjective = (
  scores: Scores,
  labels: ArrayLike<number>,
  objective: Objective,
  temperature: number,
): number => {
  const { likelihood, gradient, curvature } = pass(scores, labels, scores.length / labels.length, 1 / temperature)
  const change = curvature > 0 ? -gradient / curvature : 0
  if (objective === 'likelihood') return likelihood + (gradient * change) / 2
  const fitted = 1 / Math.min(coldest, Math.max(hottest, 1 / temperature + change))
  return meanOf(smoothedErrorsOf(scores, labels, fitted))
}
