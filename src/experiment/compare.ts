import { counted, ratio } from '../base/format.ts'
import type { Model } from '../execute/model.ts'
import { type Clock, type Spread, spreadOf } from '../execute/race.ts'
import type { Images } from '../open/images.ts'
import { type EvaluationResult, evaluate, type ImageAnswer } from './evaluation.ts'
import { mcNemar } from './mcnemar.ts'
import { turnsOf } from './paired.ts'
import { timesInTurns } from './time-over.ts'

/** A network under a plan on an executor, and the images as it takes them. */
export interface Compared {
  readonly model: Pick<Model, 'predictEach' | 'stages' | 'outputs'>
  readonly images: Images
}

/** What one side says of an image: a class by name or number, and how probable it finds it; null where its scores are no numbers. */
export interface SideAnswer {
  readonly class: string | number
  readonly probability: number
}

/** An image that the two sides answer differently. */
export interface Disagreement {
  readonly index: number
  readonly image: string
  readonly label?: number
  readonly answers: readonly [a: SideAnswer | null, b: SideAnswer | null]
}

/** Two sides on the same images. */
export interface Comparison {
  readonly data: string
  readonly images: number
  /** Images that one side or both could not read, which are not among the others. */
  readonly skipped: number
  readonly disagreements: readonly Disagreement[]
  /** Where there are labels: the error of each, how many images B alone turns right and wrong, and McNemar's exact test of these. */
  readonly labelled?: {
    readonly errorPercent: readonly [a: number, b: number]
    readonly won: number
    readonly lost: number
    readonly p: number
  }
  /** Milliseconds for some images, in turns, and what B takes over A. */
  readonly times: {
    readonly images: number
    readonly milliseconds: readonly [a: Spread, b: Spread]
    readonly relative: Spread
  }
  readonly interrupted: boolean
}

export interface CompareOptions {
  readonly batch: number
  readonly limit: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
  readonly clock?: Clock
}

const sideAnswer = ({ best: [first] }: ImageAnswer): SideAnswer | null =>
  first === undefined ? null : { class: first.class ?? first.index, probability: first.probability }

const numberOf = ({ best: [first] }: ImageAnswer): number | undefined => first?.index

/** What two sides say of the images that both answered. */
const paired = ([a, b]: readonly EvaluationResult[]): readonly (readonly [ImageAnswer, ImageAnswer])[] => {
  const others = new Map(b.answers.map(answer => [answer.index, answer]))
  return a.answers.flatMap(answer => {
    const other = others.get(answer.index)
    return other === undefined ? [] : [[answer, other] as const]
  })
}

const scored = (pairs: readonly (readonly [ImageAnswer, ImageAnswer])[]): Comparison['labelled'] => {
  if (pairs.length === 0 || pairs.some(([{ label }]) => label === undefined)) return undefined
  const [a, b] = ([0, 1] as const).map(side => pairs.map(sides => numberOf(sides[side]) !== sides[side].label))
  const { won, lost } = turnsOf(a, b)
  const percent = (wrong: readonly boolean[]): number => (100 * wrong.filter(Boolean).length) / pairs.length
  const errorPercent = [percent(a), percent(b)] as const
  return { errorPercent, won, lost, p: mcNemar(won, lost) }
}

/** Compares two classifiers answer by answer, then times them in turns. @throws EspalierError where no image can be decoded */
export const compareModels = async (
  sides: readonly [a: Compared, b: Compared],
  { batch, limit, signal, onProgress, clock }: CompareOptions,
): Promise<Comparison> => {
  const done: EvaluationResult[] = []
  for (const [k, { model, images }] of sides.entries())
    done.push(
      await evaluate(model, images, {
        ...{ batch, limit, signal, answers: true, top: 1 },
        onProgress: ({ done, total }) => onProgress?.({ done: k * total + done, total: 2 * total }),
      }),
    )
  const pairs = paired(done)
  const models = sides.map(({ model }) => model)
  const { count, times } = await timesInTurns(
    models,
    sides.map(({ images }) => images),
    { batch, limit, clock },
  )
  const [own, over] = times
  return {
    data: done[0].data,
    images: pairs.length,
    skipped: new Set(done.flatMap(({ skipped }) => skipped.map(({ index }) => index))).size,
    disagreements: pairs
      .filter(([a, b]) => numberOf(a) !== numberOf(b))
      .map(([a, b]) => ({
        index: a.index,
        image: a.image,
        ...(a.label === undefined ? {} : { label: a.label }),
        answers: [sideAnswer(a), sideAnswer(b)],
      })),
    labelled: scored(pairs),
    times: {
      images: count,
      milliseconds: [spreadOf(own), spreadOf(over)],
      relative: spreadOf(over.map((time, k) => time / own[k])),
    },
    interrupted: done.some(({ interrupted }) => interrupted),
  }
}

const shownAtMost = 20

const answerText = (answer: SideAnswer | null): string =>
  answer === null ? 'no answer' : `${answer.class} (${(100 * answer.probability).toFixed(1)} %)`

const milliseconds = ({ median, min, max }: Spread): string =>
  `${median.toPrecision(3)} ms (${min.toPrecision(3)} to ${max.toPrecision(3)})`

/** A comparison in words. */
export const describeComparison = (comparison: Comparison, names: readonly [a: string, b: string]): string => {
  const { images, skipped, disagreements, labelled, times } = comparison
  const [a, b] = times.milliseconds
  const { median: relative, min, max } = times.relative
  const labels = (k: 0 | 1): string => ['A', 'B'][k]
  return [
    ...names.map((name, k) => `${labels(k as 0 | 1)}: ${name}`),
    `They agree on ${images - disagreements.length} of ${counted(images, 'image')}${skipped === 0 ? '' : `, ${skipped} left out`}.`,
    ...(labelled === undefined
      ? []
      : [
          `Error: A ${labelled.errorPercent[0].toFixed(2)} %, B ${labelled.errorPercent[1].toFixed(2)} %. B alone is right on ${labelled.won}, A alone on ${labelled.lost}: McNemar's p = ${labelled.p.toPrecision(2)}.`,
        ]),
    `${counted(times.images, 'image')} in turns: A ${milliseconds(a)}, B ${milliseconds(b)}; B takes ${ratio(relative)} (${ratio(min)} to ${ratio(max)}).`,
    ...disagreements
      .slice(0, shownAtMost)
      .map(({ image, answers: [x, y] }) => `  ${image}: A ${answerText(x)}, B ${answerText(y)}`),
    ...(disagreements.length > shownAtMost ? [`  … and ${disagreements.length - shownAtMost} more`] : []),
  ].join('\n')
}
