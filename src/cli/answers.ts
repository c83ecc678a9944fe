import type { ToldOutput } from '../execute/told.ts'
import type { ImageAnswer } from '../experiment/evaluation.ts'

/** Up to this many images are answered in text; JSON has all. */
export const answersShown = 20

/** An answer in JSON: the likeliest class by name where there are names, and the next ones; nulls and none where the scores are no numbers. */
export const answerJson = ({ index, image, stage, certainty, best, outputs }: ImageAnswer) => ({
  index,
  image,
  stage,
  outputs,
  label: best[0]?.class ?? best[0]?.index ?? null,
  probability: best[0]?.probability ?? null,
  certainty: Number.isNaN(certainty) ? null : certainty,
  best: best.map(({ index, class: name, probability }) => ({ class_index: index, class: name ?? null, probability })),
})

const percent = (share: number): string => `${(100 * share).toFixed(2).padStart(6)} %`
const numberOf = (value: number): string => value.toPrecision(5)

/** As many numbers of an output are shown in text. */
const numbersShown = 8

const listed = (values: readonly number[]): string =>
  `${values.slice(0, numbersShown).map(numberOf).join(' ')}${values.length > numbersShown ? ` … (${values.length})` : ''}`

const calledBy =
  (what: string) =>
  ({ index, name }: { readonly index: number; readonly name?: string }): string =>
    name ?? `${what} ${index}`

const linesOf = (told: ToldOutput): readonly string[] => {
  switch (told.kind) {
    case 'classes':
      return told.best.map(each => `${percent(each.probability)}  ${calledBy('class')(each)}`)
    case 'labels':
      return told.labels.map(each => `${percent(each.probability)}  ${calledBy('label')(each)}`)
    case 'embedding':
      return [`${listed(told.values)}, length ${numberOf(told.length)}`]
    case 'values':
      return [listed(told.values)]
    case 'map-classes':
      return told.shares.map(each => `${percent(each.share)} of pixels  ${calledBy('class')(each)}`)
    case 'map-labels':
      return told.shares.map(each => `${percent(each.share)} of pixels  ${calledBy('label')(each)}`)
    case 'map-values':
      return told.channels.map(
        ({ least, mean, most }, k) => `channel ${k}: ${numberOf(least)} to ${numberOf(most)}, mean ${numberOf(mean)}`,
      )
    case 'heatmaps':
      return told.points.map(
        each => `${calledBy('point')(each)} at row ${each.at[0]}, column ${each.at[1]}: ${numberOf(each.value)}`,
      )
  }
}

const describeOutput = ([name, told]: readonly [string, ToldOutput]): string =>
  [
    `  ${name}: ${told.kind}${'size' in told ? `, ${told.size.join(' × ')}` : ''}`,
    ...linesOf(told).map(line => `    ${line}`),
  ].join('\n')

const describeOutputs = (outputs: NonNullable<ImageAnswer['outputs']>): readonly string[] =>
  Object.entries(outputs).map(describeOutput)

export const describeAnswer = ({ image, best, outputs }: ImageAnswer): string =>
  [
    image,
    ...(outputs === undefined ? [] : describeOutputs(outputs)),
    ...(best.length === 0 && outputs === undefined ? ['  no answer: its scores are no numbers'] : []),
    ...(outputs === undefined ? best : []).map(
      ({ index, class: name, probability }) =>
        `  ${(100 * probability).toFixed(2).padStart(6)} %  ${name ?? `class ${index}`}`,
    ),
  ].join('\n')
