import type { CertaintyMeasure } from '../../ir/index.ts'
import { certaintiesOf } from '../../ir/ops/certainty.ts'
import { factsOfKind, type NetworkOutput, type OutputKind } from '../../passes/index.ts'
import { softmaxRows } from '../base/softmax.ts'
import type { Scores } from './call.ts'
import { disagreementOf } from './disagreement.ts'
import { isAnswer } from './score.ts'

/** What one output says of n images. */
export interface PredictedOutput {
  readonly kind: OutputKind
  /** `[n, …]`: of an image a vector, or `[h, w, channels]`. */
  readonly shape: readonly number[]
  /** As they come out, row by row. Where a network makes no numbers of an image, its row is NaN. */
  readonly data: Float32Array
  /** Of a kind that answers in probabilities; for labels `p`, where `1 − p` is that it does not hold. Computed when it is first read. */
  readonly probabilities?: Float32Array
}

/** Answers of n images, row by row. */
export interface Prediction {
  readonly n: number
  /** Every output by its name. */
  readonly outputs: Readonly<Record<string, PredictedOutput>>
  /** Of the first output, where it is classes: how many, and what follows of them. Else 0, and no numbers. */
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

/** An output of a network, and the shape of what it says of one image. */
export interface ShapedOutput extends NetworkOutput {
  readonly shape: readonly number[]
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

const probabilitiesOf = ({ kind, gives, shape }: ShapedOutput, data: Float32Array): Float32Array => {
  if (gives === 'probabilities') return data
  return factsOfKind(kind).probabilities === 'sigmoid'
    ? data.map(sigmoid)
    : new Float32Array(softmaxRows(data, shape[shape.length - 1]))
}

const predictedOf = (n: number, output: ShapedOutput, data: Float32Array): PredictedOutput => {
  const shown = { kind: output.kind, shape: [n, ...output.shape], data }
  if (factsOfKind(output.kind).probabilities === undefined) return shown
  const probabilities = computedOnce(() => probabilitiesOf(output, data))
  return {
    ...shown,
    get probabilities() {
      return probabilities()
    },
  }
}

/** What the first output says of classes, where it does; else nothing. */
const classesOf = (outputs: readonly ShapedOutput[], values: readonly Float32Array[]) => {
  const [first] = outputs
  if (first?.kind !== 'classes') return { classes: 0, logits: new Float32Array(0) }
  const logits = first.gives === 'probabilities' ? values[0].map(Math.log) : values[0]
  return { classes: first.shape[0], logits }
}

/** What a model says of images; `measures` are those of the gates after each stage but the last. */
export const predictionOf = (
  { outputs: values, stages, certainty, variants }: Scores,
  outputs: readonly ShapedOutput[],
  measures: readonly CertaintyMeasure[],
): Prediction => {
  const n = stages.length
  const { classes, logits } = classesOf(outputs, values)
  const named = Object.fromEntries(outputs.map((output, k) => [output.name, predictedOf(n, output, values[k])]))
  const measured = (measure: CertaintyMeasure): Float32Array =>
    classes === 0
      ? new Float32Array(n).fill(Number.NaN)
      : Float32Array.from(certaintiesOf({ shape: [n, classes], data: logits }, measure))
  const probabilities = computedOnce(() =>
    classes === 0 ? logits : (named[outputs[0].name].probabilities as Float32Array),
  )
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
    outputs: named,
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

/** The images without an answer: some output's numbers are none, or no class is likelier than another for that. */
export const unansweredRows = ({ n, classes, logits, outputs }: Prediction): readonly number[] => {
  const values = Object.values(outputs)
  const hasNumbers = (row: number): boolean =>
    values.every(({ data }) => {
      const each = data.length / n
      return data.subarray(row * each, (row + 1) * each).every(value => !Number.isNaN(value))
    })
  return Array.from({ length: n }, (_, row) => row).filter(
    row => !(classes > 0 && values.length === 1 ? isAnswer(logits, row, classes) : hasNumbers(row)),
  )
}
