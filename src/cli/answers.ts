import type { ImageAnswer } from '../experiment/evaluation.ts'

/** Up to this many images are answered in text; JSON has all. */
export const answersShown = 20

/** An answer in JSON: the likeliest class by name where there are names, and the next ones; nulls and none where the scores are no numbers. */
export const answerJson = ({ index, image, best }: ImageAnswer) => ({
  index,
  image,
  label: best[0]?.class ?? best[0]?.index ?? null,
  probability: best[0]?.probability ?? null,
  best: best.map(({ index, class: name, probability }) => ({ class_index: index, class: name ?? null, probability })),
})

export const describeAnswer = ({ image, best }: ImageAnswer): string =>
  [
    image,
    ...(best.length === 0 ? ['  no answer: its scores are no numbers'] : []),
    ...best.map(
      ({ index, class: name, probability }) =>
        `  ${(100 * probability).toFixed(2).padStart(6)} %  ${name ?? `class ${index}`}`,
    ),
  ].join('\n')
