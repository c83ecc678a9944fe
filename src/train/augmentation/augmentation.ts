import * as t from 'io-ts'
import { Extent } from '../../../ir/index.ts'
import { AboveZero, FromZero, numberThat, tagged, WholeNumber } from '../closed-record.ts'

const Share = numberThat('a number above 0, at most 1', x => x > 0 && x <= 1)
const range = (of: t.Type<number, number, unknown>) => t.readonly(t.tuple([of, of]))

/**
 * What is drawn anew for an image each time it is seen. In place of the preprocessing's resize and crop, only as the first: `random-crop`, a crop
 * anywhere of an image whose shorter side is `resize_to` pixels (AlexNet), or as it is, enlarged where it is smaller; `random-resized-crop`, a crop of a random share `scale` of the area and a random
 * ratio of width to height, resized (Inception). On pixels of the network's extents: `pad-and-crop`, black pixels all around, then a crop anywhere; `flip`, left and right
 * swapped in one of two; `colour-jitter`, brightness, contrast and saturation by factors of 1 ± theirs, in random order; `pca-lighting`, along the
 * principal components of ImageNet's colours (AlexNet), coefficients of deviation `std`.
 */
export const Augmentation = tagged({
  'random-crop': { required: {}, optional: { resize_to: Extent } },
  'random-resized-crop': { required: {}, optional: { scale: range(Share), ratio: range(AboveZero) } },
  'pad-and-crop': { required: { padding: WholeNumber } },
  flip: { required: {} },
  'colour-jitter': { required: {}, optional: { brightness: FromZero, contrast: FromZero, saturation: FromZero } },
  'pca-lighting': { required: { std: FromZero } },
})
export type Augmentation = t.TypeOf<typeof Augmentation>
export type AugmentationOf<K extends Augmentation['kind']> = Extract<Augmentation, { readonly kind: K }>
