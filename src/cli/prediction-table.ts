import { rankedClasses } from '../execute/ranking.ts'
import { isAnswer } from '../execute/score.ts'
import type { PredictionFormat } from './predictions-file.ts'

/** What a table of answers has columns for. */
export interface TableColumns {
  readonly names: readonly string[] | undefined
  /** How many of the likeliest classes. */
  readonly top: number
  /** Whether the images have labels, which it repeats. */
  readonly labelled: boolean
  /** Whether the plan has stages. */
  readonly staged: boolean
}

/** A cell as RFC 4180 has it. */
const cell = (value: string | number | undefined): string => {
  const text = value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const row = (cells: readonly (string | number | undefined)[]): string => cells.map(cell).join(',')

const rounded = (value: number): number => Number(value.toFixed(6))

/**
 * A table in CSV, a row an image: its file, the likeliest class with its probability and how certain that is; then the next classes, the stage, the label that the data
 * has, and why there is no answer where there is none.
 */
export const predictionTable = ({ names, top, labelled, staged }: TableColumns): PredictionFormat => {
  const nameOf = (index: number): string | number => names?.[index] ?? index
  const further = Array.from({ length: top - 1 }, (_, k) => [`label_${k + 2}`, `probability_${k + 2}`])
  const head = [
    ...['file', 'label', 'probability', 'certainty'],
    ...further.flat(),
    ...(staged ? ['stage'] : []),
    ...(labelled ? ['expected'] : []),
    'error',
  ]
  /** The cells after the file; those of what is not known are empty. */
  const after = (best: readonly (string | number)[], stage?: number, expected?: number, error?: string) => [
    ...Array.from({ length: 1 + 2 * top }, (_, k) => best[k]),
    ...(staged ? [stage] : []),
    ...(labelled ? [expected === undefined ? undefined : nameOf(expected)] : []),
    error,
  ]
  return {
    head: row(head),
    lineOf: ({ names: files, labels }, k, { probabilities, classes, stages, certainty }) => {
      const known = isAnswer(probabilities, k, classes)
      const pairs = known ? rankedClasses(probabilities, k, classes, top) : []
      const [first = [], ...next] = pairs.map(({ index, probability }) => [nameOf(index), rounded(probability)])
      const best = known ? [...first, rounded(certainty[k]), ...next.flat()] : []
      return row([files[k], ...after(best, stages[k], labels?.[k], known ? undefined : 'its scores are no numbers')])
    },
    skippedLine: ({ problem: { where, seen } }) => row([where, ...after([], undefined, undefined, seen)]),
  }
}
