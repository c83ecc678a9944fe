import { table } from '../../base/format.ts'
import type { VariantLogits } from '../variants/logits.ts'
import type { ClassTurns, ViewAnswer, Views } from './views.ts'

/** The most disputed images that a result lists. */
export const disputedListed = 100

/** A class that an answer names, and by how much: its probability for the image's label less that of the likeliest other class. */
export interface NamedAnswer extends ViewAnswer {
  readonly class?: string
}

/** An image that is listed: its number in the data, where it came from, its label. */
export interface ListedImage {
  readonly index: number
  readonly file: string
  readonly label: number
  readonly labelClass?: string
}

/** An image that vanilla and the plan do not both get right or both wrong. */
export interface TurnedImage extends ListedImage {
  readonly vanilla: NamedAnswer
  readonly plan: NamedAnswer
}

/** An image that the variants disagree on, with what each of them answers. */
export interface DisputedImage extends ListedImage {
  readonly plan: NamedAnswer
  /** How far the variants' probabilities are from their mean, on average: total variation, 0 to 1. */
  readonly distance: number
  readonly answers: readonly { readonly variant: string; readonly predicted: number; readonly class?: string }[]
}

/** A distinct variant of the plan: how often the plan has it, its own error, and how many images it answers as the plan does. */
export interface VariantFindings {
  readonly variant: string
  readonly times: number
  readonly errorPercent: number
  readonly errorIntervalPercent: readonly [low: number, high: number]
  readonly agreementPercent: number
}

/** What a plan does to each labelled image; errors in percent, with Wilson's 95 % intervals. */
export interface ViewsResult {
  readonly network: string
  readonly plan: string
  readonly data: string
  /** The seed of weights that nobody trained. */
  readonly initializedFromSeed?: number
  readonly images: number
  readonly errorPercent: number
  readonly errorIntervalPercent: readonly [low: number, high: number]
  readonly vanillaErrorPercent: number
  readonly vanillaErrorIntervalPercent: readonly [low: number, high: number]
  /** How likely so uneven a split of won and lost is where neither is better (McNemar's exact test, two-sided). */
  readonly pValue: number
  /** Wrong by vanilla and right by the plan, the clearest first; and the other way round. */
  readonly won: readonly TurnedImage[]
  readonly lost: readonly TurnedImage[]
  /** Classes of which an image turned: from those that gain most surely to those that lose most surely. */
  readonly byClass: readonly (ClassTurns & { readonly name?: string })[]
  readonly variants: readonly VariantFindings[]
  /** How many images two variants answer differently, in percent: a row and a column for each of `variants`. */
  readonly disagreementPercent: readonly (readonly number[])[]
  readonly disputedImages: number
  /** The most disputed, by distance. */
  readonly disputed: readonly DisputedImage[]
  readonly backend: string
  readonly executor: string
  readonly precision: string
  readonly batch: number
  readonly seconds: number
  readonly interrupted?: true
}

export interface ViewsCall {
  readonly network: string
  readonly plan: string
  readonly data: string
  readonly ran: Pick<VariantLogits, 'images' | 'backend' | 'executor' | 'precision' | 'batch' | 'interrupted'>
  readonly initializedFrom: number | undefined
  readonly names: readonly string[] | undefined
  /** Where each image that is listed came from. */
  readonly files: ReadonlyMap<number, string>
  readonly seconds: number
}

/** The findings with names for classes and images. */
export const viewsResult = (views: Views, { names, files, ran, ...call }: ViewsCall): ViewsResult => {
  const named = (predicted: number) => (names === undefined ? { predicted } : { predicted, class: names[predicted] })
  const answer = ({ predicted, margin }: ViewAnswer): NamedAnswer => ({ ...named(predicted), margin })
  const image = ({ index, label }: { readonly index: number; readonly label: number }): ListedImage => ({
    index,
    file: files.get(index) ?? '',
    label,
    ...(names === undefined ? {} : { labelClass: names[label] }),
  })
  const turned = (of: Views['won']): readonly TurnedImage[] =>
    of.map(each => ({ ...image(each), vanilla: answer(each.vanilla), plan: answer(each.plan) }))
  const variants = views.views.map(({ variant }) => variant)
  return {
    network: call.network,
    plan: call.plan,
    data: call.data,
    ...(call.initializedFrom === undefined ? {} : { initializedFromSeed: call.initializedFrom }),
    images: ran.images,
    errorPercent: views.plan.percent,
    errorIntervalPercent: views.plan.interval,
    vanillaErrorPercent: views.vanilla.percent,
    vanillaErrorIntervalPercent: views.vanilla.interval,
    pValue: views.pValue,
    won: turned(views.won),
    lost: turned(views.lost),
    byClass: views.byClass.map(each => ({ ...each, ...(names === undefined ? {} : { name: names[each.class] }) })),
    variants: views.views.map(({ variant, times, error, agreementPercent }) => ({
      variant,
      times,
      errorPercent: error.percent,
      errorIntervalPercent: error.interval,
      agreementPercent,
    })),
    disagreementPercent: views.disagreementPercent,
    disputedImages: views.disputed.length,
    disputed: views.disputed.slice(0, disputedListed).map(each => ({
      ...image(each),
      plan: answer(each.plan),
      distance: each.distance,
      answers: each.answers.map((predicted, k) => ({ variant: variants[k], ...named(predicted) })),
    })),
    backend: ran.backend,
    executor: ran.executor,
    precision: ran.precision,
    batch: ran.batch,
    seconds: call.seconds,
    ...(ran.interrupted ? { interrupted: true } : {}),
  }
}

const classesPrinted = 8

/** One sentence on the whole, the classes that gain and lose most, and the variants. */
export const describeViews = (result: ViewsResult): string => {
  const { network, plan, images, won, lost, byClass, variants, disputedImages } = result
  const ends =
    byClass.length <= 2 * classesPrinted
      ? byClass
      : [...byClass.slice(0, classesPrinted), ...byClass.slice(-classesPrinted)]
  return [
    `${network} under ${plan}, ${images} images: ${won.length} turned right, ${lost.length} turned wrong (p = ${result.pValue.toPrecision(2)}); error ${result.vanillaErrorPercent.toFixed(2)} % → ${result.errorPercent.toFixed(2)} %.`,
    ...(ends.length === 0
      ? []
      : [
          table(
            ['won', 'lost', 'net', 'p', 'class'],
            ends.map(({ won, lost, net, pValue, name, class: index }) => [
              ...[won, lost, net].map(String),
              pValue.toPrecision(2),
              name ?? String(index),
            ]),
          ),
        ]),
    ...(variants.length < 2
      ? []
      : [
          table(
            ['error %', 'answers as the plan, %', 'variant'],
            variants.map(each => [each.errorPercent.toFixed(2), each.agreementPercent.toFixed(2), each.variant]),
          ),
          `Variants disagree on ${disputedImages} images.`,
        ]),
  ].join('\n\n')
}
