import { EspalierError, problem } from '../../ir/index.ts'
import type { Batch, Preprocess } from '../data/index.ts'
import type { Prediction } from '../execute/prediction.ts'
import { unansweredRows } from '../execute/prediction.ts'
import type { Measured } from '../network/fit-targets.ts'
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

/** What each image of a batch comes to, but for those without an answer. @throws EspalierError where a target is none */
const sumsOf = (
  { output, target, kind }: Measured,
  { targets = [], names }: Batch,
  prediction: Prediction,
  preprocess: Preprocess,
): readonly { readonly row: number; readonly sum: MeasuredSum }[] => {
  const { shape, data, probabilities = data } = prediction.outputs[output] ?? { shape: [], data: new Float32Array(0) }
  const own = shape.slice(1)
  const each = own.reduce((a, b) => a * b, 1)
  const without = new Set(unansweredRows(prediction))
  const { one } = measuringOf({ target, kind })
  return targets.flatMap((held, row) => {
    if (without.has(row)) return []
    const values = probabilities.subarray(row * each, (row + 1) * each)
    const sum = one({ kind, shape: own, values, preprocess }, held, names[row])
    return { row, sum: { target, kind, sum } }
  })
}

/** The sum of a batch’s images, but for those without an answer. @throws EspalierError where a target is none */
export const sumOfBatch = (...batch: Parameters<typeof sumsOf>): MeasuredSum | undefined =>
  joinSums(sumsOf(...batch).map(({ sum }) => sum))

/** What measures an image, but for its value. */
export type NamedMeasure = Omit<MeasuredValue, 'value'>

/** The measures that say something of one image alone. @throws EspalierError where there are none */
export const measuresOfEach = ({ target, kind, output }: Measured, where: string): readonly NamedMeasure[] => {
  const { measures } = measuringOf({ target, kind })
  const found = Object.entries(measures).filter(([, { ofEach }]) => ofEach)
  const titles = Object.values(measures).map(({ title }) => title)
  if (found.length === 0)
    throw new EspalierError([
      problem(
        'bad-input',
        where,
        `${kind}, the output ${output}, measured by ${titles.join(', ')}`,
        'a measure that says something of one image alone, as PSNR, IoU and errors do',
        'run measures all images together',
      ),
    ])
  return found.map(([name, { title, unit, better }]) => ({ name, title, unit, better }))
}

/** An image, and what its measures are by their names; of those that there is nothing for none. */
export interface MeasuredImage {
  readonly index: number
  readonly image: string
  readonly values: Readonly<Record<string, number>>
}

/** The measures of each image of a batch, but for those without an answer. @throws EspalierError where a target is none */
export const imagesOfBatch = (...batch: Parameters<typeof sumsOf>): readonly MeasuredImage[] => {
  const [measured, { indices, names }] = batch
  const measures = Object.entries(measuringOf(measured).measures).filter(([, { ofEach }]) => ofEach)
  return sumsOf(...batch).map(({ row, sum: { sum } }) => ({
    index: indices[row],
    image: names[row],
    values: Object.fromEntries(
      measures.flatMap(([name, { of }]) => {
        const value = of(sum)
        return value === undefined ? [] : [[name, value]]
      }),
    ),
  }))
}

/** The measures that a sum gives. @throws EspalierError where targets are not what they seem to be */
export const valuesOf = ({ sum, ...of }: MeasuredSum): readonly MeasuredValue[] => {
  const { check, measures } = measuringOf(of)
  check?.(sum)
  return Object.entries(measures).map(([name, { title, unit, better, of }]) => ({
    ...{ name, title, unit, better },
    value: of(sum),
  }))
}
