import { compose, printTransform, type Transform } from '../ir/index.ts'
import type { PlacedSite } from './placed-plan.ts'
import { comparePlaces, type PlaceNumber, printPlace } from './plan.ts'

/** A transform at a numbered place. */
export interface VariantStep extends PlaceNumber {
  readonly transform: Transform
}

/** One way through a network: what is done to its feature maps, in the order of the places. Empty: the network as it is. */
export type Variant = readonly VariantStep[]

/** Whether a transform leaves every map as it is. */
export const doesNothing = (transform: Transform): boolean => {
  switch (transform.kind) {
    case 'd4':
      return transform.element === 'id'
    case 'shift':
      return transform.dy === 0 && transform.dx === 0
    case 'rotate':
      return transform.degrees === 0
    case 'scale':
      return transform.factor === 1
  }
}

/** Both acts as one, where two transforms are acts. */
const composed = (first: Transform, second: Transform): Transform | undefined =>
  first.kind === 'd4' && second.kind === 'd4'
    ? { kind: 'd4', element: compose(second.element, first.element) }
    : undefined

/** The one form of a variant: ordered by place, acts that meet at one composed, what does nothing left out. */
export const canonicalVariant = (variant: Variant): Variant => {
  const steps: VariantStep[] = []
  for (const { transform, ...place } of variant.toSorted(comparePlaces)) {
    const last = steps.at(-1)
    const met = last !== undefined && comparePlaces(last, place) === 0 ? composed(last.transform, transform) : undefined
    if (met !== undefined) steps.pop()
    const step = { ...place, transform: met ?? transform }
    if (!doesNothing(step.transform)) steps.push(step)
  }
  return steps
}

/** `id`, `flip@4`, `shift(1,0)@4+flip@7`: equal for equal variants. */
export const variantKey = (variant: Variant): string =>
  canonicalVariant(variant)
    .map(step => `${printTransform(step.transform)}@${printPlace(step)}`)
    .join('+') || 'id'

/** The sets of a plan, each at its place. */
interface PlacedSets {
  readonly sites: readonly Pick<PlacedSite, 'map' | 'cut' | 'transforms'>[]
}

/**
 * The variants whose logits a plan reduces, in the order of its reduction: sites as they stand from the image on, the
 * last varies fastest. Equal ones are as many as the plan counts.
 */
export const variantsOfPlan = ({ sites }: PlacedSets): readonly Variant[] => {
  const fromImage = sites.toSorted(comparePlaces)
  const variants = fromImage.reduce<readonly Variant[]>(
    (before, { map, cut, transforms }) =>
      before.flatMap(variant =>
        transforms.map(transform => [...variant, { map, ...(cut === undefined ? {} : { cut }), transform }]),
      ),
    [[]],
  )
  return variants.map(canonicalVariant)
}

/** Variants without repetitions, those with much in common beside one another. */
export const distinctVariants = (variants: Iterable<Variant>): readonly Variant[] => {
  const known = new Map<string, Variant>()
  for (const variant of variants) known.set(variantKey(variant), canonicalVariant(variant))
  return [...known.values()].sort(byPath)
}

const byPath = (a: Variant, b: Variant): number => {
  for (let k = 0; k < Math.min(a.length, b.length); k++) {
    const difference = comparePlaces(a[k], b[k])
    if (difference !== 0) return difference
    const [left, right] = [printTransform(a[k].transform), printTransform(b[k].transform)]
    if (left !== right) return left < right ? -1 : 1
  }
  return a.length - b.length
}
