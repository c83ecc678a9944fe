import type { Batch } from '../data/index.ts'
import type { Prediction } from '../runner.ts'
import { topClasses } from '../score.ts'

/** What the network says of one image: its most probable classes, best first. */
export interface ImageAnswer {
  readonly image: string
  readonly best: readonly {
    readonly class_index: number
    readonly class: string | null
    readonly probability: number
  }[]
}

/** Up to this many images are answered one by one when there are no labels to count errors against. */
export const answersShown = 20
const classesShown = 5

export const answersOf = (
  batch: Batch,
  { probabilities, classes: width }: Prediction,
  names: readonly string[] | undefined,
): readonly ImageAnswer[] =>
  batch.names.slice(0, answersShown).map((image, row) => ({
    image,
    best: topClasses(probabilities, row, width, classesShown).map(index => ({
      class_index: index,
      class: names?.[index] ?? null,
      probability: probabilities[row * width + index],
    })),
  }))

export const describeAnswer = ({ image, best }: ImageAnswer): string =>
  [
    image,
    ...best.map(
      ({ class_index, class: name, probability }) =>
        `  ${(100 * probability).toFixed(2).padStart(6)} %  ${name ?? `class ${class_index}`}`,
    ),
  ].join('\n')
