import { checkArgument, isObject } from '../../ir/index.ts'
import { isAnswer, topClasses } from './score.ts'

/** A class with its probability; its name where names are known. */
export interface RankedClass {
  readonly index: number
  readonly class?: string
  readonly probability: number
}

/** The likeliest classes of one row of probabilities, the likeliest first. */
export const rankedClasses = (
  probabilities: Float32Array,
  row: number,
  classes: number,
  count: number,
  names?: readonly string[],
): readonly RankedClass[] =>
  topClasses(probabilities, row, classes, count).map(index => {
    const name = names?.[index]
    return { index, ...(name === undefined ? {} : { class: name }), probability: probabilities[row * classes + index] }
  })

/** Rows of probabilities: `n × classes`. */
interface Probabilities {
  readonly n: number
  readonly classes: number
  readonly probabilities: Float32Array
}

/** The `k` likeliest classes of each image of a prediction, the likeliest first; none of one whose scores are no numbers. */
export const topK = (
  prediction: Probabilities,
  k: number,
  names?: readonly string[],
): readonly (readonly RankedClass[])[] => {
  const isPrediction = isObject(prediction) && prediction.probabilities instanceof Float32Array
  checkArgument('topK, prediction', prediction, isPrediction, 'a prediction', 'await model.predict(images)')
  checkArgument('topK, k', k, Number.isSafeInteger(k) && k >= 1, 'a whole number from 1')
  checkArgument('topK, names', names, names === undefined || Array.isArray(names), 'an array of class names')
  const { n, classes, probabilities } = prediction
  return Array.from({ length: n }, (_, row) =>
    classes > 0 && isAnswer(probabilities, row, classes) ? rankedClasses(probabilities, row, classes, k, names) : [],
  )
}
