import { table } from '../../base/format.ts'
import type { Sourced } from '../sourced.ts'
import type { VariantLogits } from '../variants/logits.ts'
import type { ViewAnswer, Views } from './views.ts'

/** The most disputed images that a result lists. */
export const disputedListed = 100

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
  readonly sourced: Sourced
}

/** The keys of `views --json`. */
export const viewsResult = (views: Views, { names, files, ran, sourced, ...call }: ViewsCall) => {
  const answer = ({ predicted, margin }: ViewAnswer) => ({
    predicted,
    ...(names === undefined ? {} : { class: names[predicted] }),
    margin,
  })
  const image = ({ index, label }: { readonly index: number; readonly label: number }) => ({
    index,
    file: files.get(index) ?? '',
    label,
    ...(names === undefined ? {} : { label_class: names[label] }),
  })
  const turned = (of: Views['won']) =>
    of.map(each => ({ ...image(each), vanilla: answer(each.vanilla), plan: answer(each.plan) }))
  const variants = views.views.map(({ variant }) => variant)
  return {
    network: call.network,
    plan: call.plan,
    data: call.data,
    ...(call.initializedFrom === undefined ? {} : { initialized_from_seed: call.initializedFrom }),
    images: ran.images,
    error_percent: views.plan.percent,
    error_interval_percent: views.plan.interval,
    vanilla_error_percent: views.vanilla.percent,
    vanilla_error_interval_percent: views.vanilla.interval,
    p_value: views.p_value,
    won: turned(views.won),
    lost: turned(views.lost),
    by_class: views.by_class.map(each => ({ ...each, ...(names === undefined ? {} : { name: names[each.class] }) })),
    variants: views.views.map(({ variant, times, error, agreement_percent }) => ({
      variant,
      times,
      error_percent: error.percent,
      error_interval_percent: error.interval,
      agreement_percent,
    })),
    disagreement_percent: views.disagreement_percent,
    disputed_images: views.disputed.length,
    disputed: views.disputed.slice(0, disputedListed).map(each => ({
      ...image(each),
      plan: answer(each.plan),
      distance: each.distance,
      answers: each.answers.map((predicted, k) => ({
        variant: variants[k],
        predicted,
        ...(names === undefined ? {} : { class: names[predicted] }),
      })),
    })),
    backend: ran.backend,
    executor: ran.executor,
    precision: ran.precision,
    batch: ran.batch,
    seconds: call.seconds,
    ...(ran.interrupted ? { interrupted: true } : {}),
    ...sourced,
  }
}

export type ViewsResult = ReturnType<typeof viewsResult>

const classesPrinted = 8

/** One sentence on the whole, the classes that gain and lose most, and the variants. */
export const describeViews = (result: ViewsResult): string => {
  const { network, plan, images, won, lost, by_class, variants, disputed_images } = result
  const ends =
    by_class.length <= 2 * classesPrinted
      ? by_class
      : [...by_class.slice(0, classesPrinted), ...by_class.slice(-classesPrinted)]
  return [
    `${network} under ${plan}, ${images} images: ${won.length} turned right, ${lost.length} turned wrong (p = ${result.p_value.toPrecision(2)}); error ${result.vanilla_error_percent.toFixed(2)} % → ${result.error_percent.toFixed(2)} %.`,
    ...(ends.length === 0
      ? []
      : [
          table(
            ['won', 'lost', 'net', 'class'],
            ends.map(({ won, lost, net, name, class: index }) => [
              ...[won, lost, net].map(String),
              name ?? String(index),
            ]),
          ),
        ]),
    ...(variants.length < 2
      ? []
      : [
          table(
            ['error %', 'answers as the plan, %', 'variant'],
            variants.map(each => [each.error_percent.toFixed(2), each.agreement_percent.toFixed(2), each.variant]),
          ),
          `Variants disagree on ${disputed_images} images.`,
        ]),
  ].join('\n\n')
}
