import type { Reduction } from '../../../ir/index.ts'
import { softmaxRows } from '../../base/softmax.ts'
import { bestClass, rankOf } from '../../execute/score.ts'
import { mcNemar } from '../mcnemar.ts'
import { type ErrorRate, errorOf, reduceLogits } from '../variants/reduction.ts'

/** One distinct variant of a plan: how often the plan has it, and its logits `[n, classes]`. */
export interface View {
  readonly variant: string
  readonly times: number
  readonly logits: Float32Array
}

export interface ViewsInput {
  readonly labels: readonly number[]
  readonly classes: number
  /** Of the network as it is: `[n, classes]`. */
  readonly vanilla: Float32Array
  readonly views: readonly View[]
  readonly reduction: Reduction
}

/** An answer. `margin` is the probability of the label less that of the likeliest other class: above 0 where it is right. */
export interface ViewAnswer {
  readonly predicted: number
  readonly margin: number
}

/** An image that vanilla and the plan do not both get right or both wrong. */
export interface Turned {
  readonly index: number
  readonly label: number
  readonly vanilla: ViewAnswer
  readonly plan: ViewAnswer
}

/** How many images of a class turned right and wrong. */
export interface ClassTurns {
  readonly class: number
  readonly images: number
  readonly won: number
  readonly lost: number
  readonly net: number
  /** How likely so uneven a split of the class is by chance (McNemar's exact test, two-sided). */
  readonly pValue: number
}

export interface ViewFindings {
  readonly variant: string
  readonly times: number
  readonly error: ErrorRate
  /** How many images it answers as the plan does, in percent. */
  readonly agreementPercent: number
}

/** An image that the variants disagree on. */
export interface Disputed {
  readonly index: number
  readonly label: number
  readonly plan: ViewAnswer
  /** How far the variants' probabilities are from their mean, on average: total variation, 0 to 1. */
  readonly distance: number
  /** The class that each variant predicts. */
  readonly answers: readonly number[]
}

export interface Views {
  readonly vanilla: ErrorRate
  readonly plan: ErrorRate
  /** Wrong by vanilla and right by the plan, the clearest first; and the other way round. */
  readonly won: readonly Turned[]
  readonly lost: readonly Turned[]
  /** How likely so uneven a split of won and lost is where neither is better (McNemar's exact test, two-sided). */
  readonly pValue: number
  /** Classes of which an image turned: from those that gain most surely to those that lose most surely. */
  readonly byClass: readonly ClassTurns[]
  readonly views: readonly ViewFindings[]
  /** How many images two variants answer differently, in percent. */
  readonly disagreementPercent: readonly (readonly number[])[]
  /** By distance. */
  readonly disputed: readonly Disputed[]
}

const answersOf = (scores: Float32Array | Float64Array, classes: number): readonly number[] =>
  Array.from({ length: scores.length / classes }, (_, row) => bestClass(scores, row, classes))

/** The answers of scores, with their margins. */
const judged = (
  scores: Float32Array | Float64Array,
  classes: number,
  labels: readonly number[],
): readonly ViewAnswer[] => {
  const probabilities = softmaxRows(scores, classes)
  return answersOf(scores, classes).map((predicted, row) => {
    let other = 0
    for (let c = 0; c < classes; c++) if (c !== labels[row]) other = Math.max(other, probabilities[row * classes + c])
    return { predicted, margin: probabilities[row * classes + labels[row]] - other }
  })
}

/** How far a class's net is from that of fair coins, in their standard deviations. */
const evidenceOf = ({ won, lost, net }: ClassTurns): number => net / Math.sqrt(won + lost)

const byClass = (labels: readonly number[], won: readonly Turned[], lost: readonly Turned[]): readonly ClassTurns[] => {
  const count = (of: readonly number[]): ReadonlyMap<number, number> => {
    const counts = new Map<number, number>()
    for (const label of of) counts.set(label, (counts.get(label) ?? 0) + 1)
    return counts
  }
  const [images, ups, downs] = [count(labels), count(won.map(t => t.label)), count(lost.map(t => t.label))]
  return [...images]
    .map(([label, n]) => {
      const [up, down] = [ups.get(label) ?? 0, downs.get(label) ?? 0]
      return { class: label, images: n, won: up, lost: down, net: up - down, pValue: mcNemar(up, down) }
    })
    .filter(({ won, lost }) => won + lost > 0)
    .sort((a, b) => evidenceOf(b) - evidenceOf(a) || a.class - b.class)
}

/** How far each image's variants are from their mean: total variation, averaged over them. */
const distances = (views: readonly View[], classes: number, images: number): readonly number[] => {
  const each = views.map(({ logits }) => softmaxRows(logits, classes))
  const total = views.reduce((sum, { times }) => sum + times, 0)
  return Array.from({ length: images }, (_, row) => {
    let distance = 0
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      let mean = 0
      for (let k = 0; k < each.length; k++) mean += (views[k].times * each[k][i]) / total
      for (let k = 0; k < each.length; k++) distance += (views[k].times * Math.abs(each[k][i] - mean)) / (2 * total)
    }
    return distance
  })
}

const share = (a: readonly number[], b: readonly number[], differ: boolean): number =>
  (100 * a.filter((value, k) => (value !== b[k]) === differ).length) / a.length

/** What a plan did to each image: which it turned right or wrong, by class, and where its variants disagree. */
export const viewsOf = ({ labels, classes, vanilla, views, reduction }: ViewsInput): Views => {
  const scores = reduceLogits(
    views.map(({ logits }) => logits),
    { classes, reduction, weights: views.map(({ times }) => times) },
  )
  const [before, after] = [judged(vanilla, classes, labels), judged(scores, classes, labels)]
  const rightUnder = (of: Float32Array | Float64Array, row: number): boolean =>
    rankOf(of, row, classes, labels[row]) === 0
  const turned = labels.map((label, index): Turned => ({ index, label, vanilla: before[index], plan: after[index] }))
  const won = turned
    .filter(({ index }) => !rightUnder(vanilla, index) && rightUnder(scores, index))
    .sort((a, b) => b.plan.margin - a.plan.margin)
  const lost = turned
    .filter(({ index }) => rightUnder(vanilla, index) && !rightUnder(scores, index))
    .sort((a, b) => a.plan.margin - b.plan.margin)
  const answers = views.map(({ logits }) => answersOf(logits, classes))
  const planAnswers = after.map(({ predicted }) => predicted)
  const far = distances(views, classes, labels.length)
  return {
    vanilla: errorOf(vanilla, labels),
    plan: errorOf(scores, labels),
    won,
    lost,
    pValue: mcNemar(won.length, lost.length),
    byClass: byClass(labels, won, lost),
    views: views.map(({ variant, times, logits }, k) => ({
      variant,
      times,
      error: errorOf(logits, labels),
      agreementPercent: share(answers[k], planAnswers, false),
    })),
    disagreementPercent: answers.map(a => answers.map(b => share(a, b, true))),
    disputed: labels
      .map((label, index) => ({
        index,
        label,
        plan: after[index],
        distance: far[index],
        answers: answers.map(of => of[index]),
      }))
      .filter(({ answers }) => answers.some(answer => answer !== answers[0]))
      .sort((a, b) => b.distance - a.distance || a.index - b.index),
  }
}
