import type { CertaintyMeasure } from '../../ir/index.ts'
import { certaintiesOf } from '../../ir/ops/certainty.ts'
import { softmaxRows } from '../base/softmax.ts'
import type { Scores } from './cascade.ts'
import { disagreementOf } from './disagreement.ts'

/** Scores of n images, row by row: `n × classes`. Where a network makes no numbers of an image, its row is NaN. */
export interface Prediction {
  readonly n: number
  readonly classes: number
  /** Each row sums to 1. Computed when it is first read, as what follows from it. */
  readonly probabilities: Float32Array
  /** The reduced scores before normalization: `probabilities = softmax(logits)`. */
  readonly logits: Float32Array
  /** The stage of an adaptive plan that each image reached, from 1; 1 under a fixed plan. */
  readonly stages: Uint8Array
  /** How certain each answer is, by the measure of its stage’s gate (of the last stage by that of the last gate): from 0 to 1. The margin under a fixed plan. */
  readonly certainty: Float32Array
  /** The largest probability of each image less the second. */
  readonly margin: Float32Array
  /** Of each image’s probabilities, in nats: from 0, one class alone, to the logarithm of the number of classes. */
  readonly entropy: Float32Array
  /** How far the variants of each image’s stage disagree: the generalized Jensen-Shannon divergence, in nats, from 0 to the logarithm of the number of classes. NaN where one ran alone. */
  readonly disagreement: Float32Array
}

const computedOnce = <A>(compute: () => A): (() => A) => {
  let value: A | undefined
  return () => {
    value ??= compute()
    return value
  }
}

/** What a model says of images; `measures` are those of the gates after each stage but the last. */
export const predictionOf = (
  { logits, stages, certainty, variants }: Scores,
  classes: number,
  measures: readonly CertaintyMeasure[],
): Prediction => {
  const n = stages.length
  const measured = (measure: CertaintyMeasure): Float32Array =>
    Float32Array.from(certaintiesOf({ shape: [n, classes], data: logits }, measure))
  const probabilities = computedOnce(() => new Float32Array(softmaxRows(logits, classes)))
  const margin = computedOnce(() => measured('margin'))
  const entropy = computedOnce(() => measured('entropy').map(known => (1 - known) * Math.log(classes)))
  const disagreement = computedOnce(() =>
    Float32Array.from(variants, ([batch, row]) => disagreementOf(batch, row, classes)),
  )
  const all = computedOnce(() => {
    const last = measures.at(-1)
    const ungated = last === undefined || last === 'margin' ? margin() : measured(last)
    return certainty.map((value, row) => (stages[row] > measures.length ? ungated[row] : value))
  })
  return {
    n,
    classes,
    logits,
    stages,
    get probabilities() {
      return probabilities()
    },
    get certainty() {
      return all()
    },
    get margin() {
      return margin()
    },
    get entropy() {
      return entropy()
    },
    get disagreement() {
      return disagreement()
    },
  }
}
