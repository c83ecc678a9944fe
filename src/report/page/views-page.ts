import { signed } from '../../base/format.ts'
import { type Measured, written } from './chart.ts'
import type { Page, Section } from './section.ts'
import { classNamed, type ViewsFindings } from './views-findings.ts'
import { disputedGallery, type Thumbnails, turnedGallery } from './views-gallery.ts'

const classesShown = 24

/** Of many classes, those at both ends. */
const endsOf = <A>(classes: readonly A[]): readonly A[] =>
  classes.length <= classesShown
    ? classes
    : [...classes.slice(0, classesShown / 2), ...classes.slice(-classesShown / 2)]

const classSections = ({ by_class }: ViewsFindings): readonly Section[] => {
  const shown = endsOf(by_class)
  const name = (each: ViewsFindings['by_class'][number]): string => classNamed(each.class, each.name)
  if (by_class.length === 0) return []
  return [
    {
      kind: 'chart',
      id: 'classes',
      heading: 'By class',
      text: `Images that the plan won to the right, lost to the left${shown.length < by_class.length ? `; the ${classesShown / 2} classes that gain most surely and the ${classesShown / 2} that lose most surely, of ${by_class.length} of which an image turned` : ''}. In the table, how likely so uneven a split is by chance (McNemar): of many classes some are uneven by chance.`,
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
        head: ['class', 'images', 'won', 'lost', 'net', 'p'],
        rows: by_class.map(each => [
          name(each),
          ...[each.images, each.won, each.lost, each.net].map(value => ({ number: String(value) })),
          { number: each.p_value.toPrecision(2) },
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
          { name: 'net', value: signed(net, 0) },
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
      ...disputedGallery(findings, thumbnails),
    ],
    result: findings,
  }
}
