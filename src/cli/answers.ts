import type { Batch } from '../data/index.ts'
import type { Prediction } from '../execute/runner.ts'
import { isAnswer, topClasses } from '../execute/score.ts'

/**
 * What the network says of one image: its most probable class, by name where there are names, and the next ones; nulls and none where its
 * scores are no numbers.
 */
export interface ImageAnswer {
  /** Its number in the data. */
  readonly index: number
  readonly image: string
  readonly label: string | number | null
  readonly probability: number | null
  readonly best: readonly {
    readonly class_index: number
    readonly class: string | null
    readonly probability: number
  }[]
}

/** Up to this many images are answered in text; JSON has all. */
export const answersShown = 20
const classesShown = 5

export const answersOf = (
  batch: Batch,
  { probabilities, classes: width }: Prediction,
  names: readonly string[] | undefined,
): readonly ImageAnswer[] =>
  batch.names.map((image, row) => {
    const index = batch.indices[row]
    if (!isAnswer(probabilities, row, width)) return { index, image, label: null, probability: null, best: [] }
    const best = topClasses(probabilities, row, width, classesShown).map(index => ({
      class_index: index,
      class: names?.[index] ?? null,
      probability: probabilities[row * width + index],
    }))
    const [{ class: name, class_index, probability }] = best
    return { index, image, label: name ?? class_index, probability, best }
  })

export const describeAnswer = ({ image, best }: ImageAnswer): string =>
  [
    image,
    ...(best.length === 0 ? ['  no answer: its scores are no numbers'] : []),
    ...best.map(
      ({ class_index, class: name, probability }) =>
        `  ${(100 * probability).toFixed(2).padStart(6)} %  ${name ?? `class ${class_index}`}`,
    ),
  ].join('\n')
