import type { Batch, Preprocess } from '../../data/index.ts'
import type { Prediction } from '../../execute/prediction.ts'
import { unansweredRows } from '../../execute/prediction.ts'
import type { Measured } from '../../network/fit-targets.ts'
import type { Measure, Measuring } from './measure.ts'
import { multiLabel } from './multi-label.ts'
import { regression } from './regression.ts'
import { restoration } from './restoration.ts'
import { retrieval } from './retrieval.ts'
import { segmentation } from './segmentation.ts'

/** All there is to measure. */
export const allMeasuring: readonly Measuring[] = [segmentation, restoration, multiLabel, retrieval, regression]

/** What is summed up over images, and of what. */
export interface MeasuredSum {
  readonly target: Measured['target']
  readonly kind: Measured['kind']
  readonly sum: unknown
}

/** A measure with its value. */
export interface MeasuredValue extends Pick<Measure<unknown>, 'title' | 'unit' | 'better'> {
  readonly name: string
  readonly value: number | undefined
}

/** @throws where nothing measures it */
const measuringOf = ({ target, kind }: Pick<Measured, 'target' | 'kind'>): Measuring => {
  const found = allMeasuring.find(each => each.target === target && each.kinds.includes(kind))
  if (found === undefined) throw new Error(`nothing measures ${kind} by ${target}`)
  return found
}

/** One sum of several. */
export const joinSums = (sums: readonly MeasuredSum[]): MeasuredSum | undefined => {
  if (sums.length === 0) return undefined
  const [{ target, kind }] = sums
  return { target, kind, sum: measuringOf(sums[0]).sum(sums.map(({ sum }) => sum)) }
}

/** The sum of a batch’s images, but for those without an answer. @throws EspalierError where a target is none */
export const sumOfBatch = (
  { output, target, kind }: Measured,
  batch: Batch,
  prediction: Prediction,
  preprocess: Preprocess,
): MeasuredSum | undefined => {
  const { targets = [], names } = batch
  const { shape, data, probabilities = data } = prediction.outputs[output] ?? { shape: [], data: new Float32Array(0) }
  const own = shape.slice(1)
  const each = own.reduce((a, b) => a * b, 1)
  const without = new Set(unansweredRows(prediction))
  return joinSums(
    targets.flatMap((held, row) => {
      if (without.has(row)) return []
      const values = probabilities.subarray(row * each, (row + 1) * each)
      return {
        target,
        kind,
        sum: measuringOf({ target, kind }).one({ kind, shape: own, values, preprocess }, held, names[row]),
      }
    }),
  )
}

/** The measures that a sum gives. */
export const valuesOf = (sum: MeasuredSum): readonly MeasuredValue[] =>
  Object.entries(measuringOf(sum).measures).map(([name, { title, unit, better, of }]) => ({
    ...{ name, title, unit, better },
    value: of(sum.sum),
  }))
