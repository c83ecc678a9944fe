import { type Measured, written } from './chart.ts'
import type { Page, Section, Sourced } from './section.ts'

interface Answer {
  readonly predicted: number
  readonly class?: string
  readonly margin: number
}

interface Image {
  readonly index: number
  readonly file: string
  readonly label: number
  readonly label_class?: string
}

interface Turned extends Image {
  readonly vanilla: Answer
  readonly plan: Answer
}

/** What `views` found, as far as its page reads it. */
export interface ViewsFindings extends Sourced {
  readonly network: string
  readonly plan: string
  readonly data: string
  readonly images: number
  readonly error_percent: number
  readonly error_interval_percent: readonly [number, number]
  readonly vanilla_error_percent: number
  readonly vanilla_error_interval_percent: readonly [number, number]
  readonly p_value: number
  readonly won: readonly Turned[]
  readonly lost: readonly Turned[]
  readonly by_class: readonly {
    readonly class: number
    readonly name?: string
    readonly images: number
    readonly won: number
    readonly lost: number
    readonly net: number
  }[]
  readonly variants: readonly {
    readonly variant: string
    readonly error_percent: number
    readonly error_interval_percent: readonly [number, number]
    readonly agreement_percent: number
  }[]
  readonly disagreement_percent: readonly (readonly number[])[]
  readonly disputed: readonly (Image & {
    readonly plan: Answer
    readonly distance: number
    readonly answers: readonly { readonly variant: string; readonly predicted: number; readonly class?: string }[]
  })[]
  /** How many images disagree at all; `disputed` has the first of them. */
  readonly disputed_images: number
}

/** PNGs by the index of the image, of the first so many of each list. */
export interface Thumbnails {
  readonly count: number
  readonly of: ReadonlyMap<number, Uint8Array>
}

const classesShown = 24

const named = (index: number, name: string | undefined): string => name ?? `class ${index}`
const answered = ({ predicted, class: name }: { readonly predicted: number; readonly class?: string }): string =>
  named(predicted, name)
const margin = ({ margin }: Answer): string => `${margin < 0 ? '−' : '+'}${Math.abs(margin).toFixed(2)}`
const both = (a: Answer, b: Answer): string => `margin ${margin(a)} → ${margin(b)}`

const gallery = (
  heading: string,
  text: string,
  images: readonly (Image & { readonly lines: readonly string[] })[],
  thumbnails: Thumbnails,
  total = images.length,
): readonly Section[] => {
  const shown = images.slice(0, thumbnails.count).flatMap(({ index, label, label_class, lines }) => {
    const png = thumbnails.of.get(index)
    return png === undefined ? [] : [{ png, name: named(label, label_class), lines: [...lines, `image ${index}`] }]
  })
  if (shown.length === 0) return []
  const count =
    shown.length < total ? ` Here are the ${shown.length} clearest of ${total.toLocaleString('en-US')}.` : ''
  return [{ kind: 'gallery', heading, text: `${text}${count}`, images: shown }]
}

const turnedGallery = (
  heading: string,
  text: string,
  turned: readonly Turned[],
  thumbnails: Thumbnails,
): readonly Section[] =>
  gallery(
    heading,
    text,
    turned.map(each => ({
      ...each,
      lines: [`${answered(each.vanilla)} → ${answered(each.plan)}`, both(each.vanilla, each.plan)],
    })),
    thumbnails,
  )

/** Of many classes, those at both ends. */
const endsOf = <A>(classes: readonly A[]): readonly A[] =>
  classes.length <= classesShown
    ? classes
    : [...classes.slice(0, classesShown / 2), ...classes.slice(-classesShown / 2)]

const classSections = ({ by_class }: ViewsFindings): readonly Section[] => {
  const shown = endsOf(by_class)
  const name = (each: ViewsFindings['by_class'][number]): string => named(each.class, each.name)
  if (by_class.length === 0) return []
  return [
    {
      kind: 'chart',
      id: 'classes',
      heading: 'By class',
      text: `Images that the plan won to the right, lost to the left${shown.length < by_class.length ? `; the ${classesShown / 2} classes that gain most and the ${classesShown / 2} that lose most, of ${by_class.length} of which an image turned` : ''}.`,
      chart: {
        kind: 'bars',
        names: shown.map(name),
        namesTitle: 'class',
        x: { title: 'images', unit: 'count' },
        stacked: true,
        bars: [
          { name: 'won', values: shown.map(({ won }) => ({ value: won })) },
          { name: 'lost', values: shown.map(({ lost }) => ({ value: 0 - lost })) },
        ],
      },
      table: {
        head: ['class', 'images', 'won', 'lost', 'net'],
        rows: by_class.map(each => [
          name(each),
          ...[each.images, each.won, each.lost, each.net].map(value => ({ number: String(value) })),
        ]),
      },
    },
  ]
}

const variantSections = ({ variants, disagreement_percent, ...findings }: ViewsFindings): readonly Section[] => {
  if (variants.length < 2) return []
  const names = variants.map(({ variant }) => variant)
  const vanilla = {
    name: 'vanilla',
    value: findings.vanilla_error_percent,
    interval: findings.vanilla_error_interval_percent,
  }
  const rows: readonly (Required<Measured> & { readonly name: string; readonly agreement?: number })[] = [
    ...(names.includes('id') ? [] : [vanilla]),
    ...variants.map(v => ({
      name: v.variant,
      value: v.error_percent,
      interval: v.error_interval_percent,
      agreement: v.agreement_percent,
    })),
    { name: findings.plan, value: findings.error_percent, interval: findings.error_interval_percent },
  ]
  return [
    {
      kind: 'chart',
      id: 'variants',
      heading: 'Each variant by itself',
      text: 'Its error, beside that of the plan. A variant is named by what it does to feature maps; id, which does nothing, is the network without branches.',
      chart: {
        kind: 'bars',
        names: rows.map(({ name }) => name),
        namesTitle: '',
        x: { title: 'error', unit: 'percent' },
        stacked: false,
        bars: [{ name: 'error', values: rows }],
      },
      table: {
        head: ['', 'error, %', 'answers as the plan, %'],
        rows: rows.map(({ name, value, interval, agreement }) => [
          name,
          { number: `${written(value, 'percent')} (${interval.map(bound => written(bound, 'percent')).join('–')})` },
          { number: agreement === undefined ? '' : written(agreement, 'percent') },
        ]),
      },
    },
    {
      kind: 'chart',
      id: 'disagreement',
      heading: 'Where variants disagree',
      text: 'Images that two variants answer differently, in percent.',
      chart: {
        kind: 'matrix',
        rows: { title: 'variant', names },
        columns: { title: 'variant', names },
        unit: 'percent',
        values: disagreement_percent.map(row => row.map(value => ({ value }))),
      },
    },
  ]
}

const disputedSections = (
  { disputed, disputed_images, images }: ViewsFindings,
  thumbnails: Thumbnails,
): readonly Section[] =>
  gallery(
    'The most disputed images',
    `Variants answer ${disputed_images.toLocaleString('en-US')} of ${images.toLocaleString('en-US')} images differently. What counts here is how far apart their probabilities are.`,
    disputed.map(each => ({
      ...each,
      lines: [
        ...[...new Set(each.answers.map(answered))].map(
          answer =>
            `${answer}: ${each.answers.filter(other => answered(other) === answer).length} of ${each.answers.length}`,
        ),
        `the plan: ${answered(each.plan)}`,
      ],
    })),
    thumbnails,
    disputed_images,
  )

/** The page of `views`: which images a plan turned right and wrong, by class, and where its variants disagree. */
export const viewsPage = (findings: ViewsFindings, thumbnails: Thumbnails): Page => {
  const { network, plan, data, images, won, lost, p_value } = findings
  const net = won.length - lost.length
  return {
    name: 'views',
    title: `${network} under ${plan}, image by image`,
    subtitle: `${images.toLocaleString('en-US')} images of ${data}`,
    sections: [
      {
        kind: 'facts',
        facts: [
          { name: 'vanilla error', value: `${findings.vanilla_error_percent.toFixed(2)} %` },
          { name: 'error under the plan', value: `${findings.error_percent.toFixed(2)} %` },
          { name: 'turned right', value: String(won.length) },
          { name: 'turned wrong', value: String(lost.length) },
          { name: 'net', value: `${net < 0 ? '−' : '+'}${Math.abs(net)}` },
        ],
      },
      {
        kind: 'text',
        paragraphs: [
          `Were the plan no better and no worse than the network as it is, so uneven a split would come about with a probability of ${p_value < 1e-4 ? p_value.toExponential(1) : p_value.toFixed(4)} (McNemar's exact test). A margin is the probability of the image's class less that of the likeliest other class.`,
        ],
      },
      ...classSections(findings),
      ...turnedGallery('Turned right', 'Wrong without branches, right under the plan.', won, thumbnails),
      ...turnedGallery('Turned wrong', 'Right without branches, wrong under the plan.', lost, thumbnails),
      ...variantSections(findings),
      ...disputedSections(findings, thumbnails),
    ],
    result: findings,
  }
}
