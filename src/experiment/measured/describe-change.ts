import { signed } from '../../base/format.ts'
import type { NamedMeasure } from '../../measures/index.ts'
import type { MeasureChange } from './changes.ts'

const digitsOf = ({ unit }: Pick<NamedMeasure, 'unit'>): number => (unit === '' ? 4 : 2)

/** A measure's value for people, without its unit. */
export const numberOf = (measure: Pick<NamedMeasure, 'unit'>, value: number): string => value.toFixed(digitsOf(measure))

/** A difference of two values, with its sign. */
export const differenceOf = (measure: Pick<NamedMeasure, 'unit'>, value: number): string =>
  signed(value, digitsOf(measure))

/** `PSNR of an image 26.85 → 26.88 dB`, or under another title. */
export const fromTo = (change: MeasureChange, title = `${change.title} of an image`): string => {
  const [vanilla, plan] = [change.vanilla, change.plan].map(value => numberOf(change, value))
  return `${title} ${vanilla} → ${plan}${change.unit === '' ? '' : ` ${change.unit}`}`
}

/** `PSNR 26.85 → 26.88 dB (+0.03, 95 % interval +0.02 to +0.04), better for 78 images, worse for 22.` */
export const describeChange = (change: MeasureChange): string => {
  const { difference, differenceInterval, won, lost, images } = change
  const [low, high] = (differenceInterval ?? []).map(bound => differenceOf(change, bound))
  const interval = differenceInterval === undefined ? '' : `, 95 % interval ${low} to ${high}`
  return `${fromTo(change)} (${differenceOf(change, difference)}${interval}), better for ${won} of ${images}, worse for ${lost}.`
}
