import * as t from 'io-ts'
import { Extent, Real } from '../../ir/index.ts'

const Channels = t.readonlyArray(Real)

/**
 * How an image becomes a network's input: resized so that its shorter side is `resize_to` (the longer `cut` to whole pixels, or `rounded`), or to exactly `size`, or not at all (`none`), bilinearly where no other `interpolation` is said; cropped at the
 * centre to `size` (`[height, width]`, in pixels), half of an odd margin rounded to the even side, or cut down (`center-floor`); then `(pixel · scale − mean) / std`, channel by channel, pixels from 0 to 255. With one channel, what is resized is its luma.
 */
export const Preprocess = t.intersection(
  [
    t.strict({ size: t.readonly(t.tuple([Extent, Extent]), '[height, width] in pixels, or the side of a square') }),
    t.partial({
      resize: t.keyof({ 'shorter-side': null, exact: null, none: null }),
      resize_to: Extent,
      longer_side: t.keyof({ cut: null, rounded: null }),
      interpolation: t.keyof({ bilinear: null, bicubic: null }),
      crop: t.keyof({ center: null, 'center-floor': null }),
      scale: Real,
      mean: Channels,
      std: Channels,
      channels: t.union([t.literal(1), t.literal(3)]),
    }),
  ],
  'Preprocess',
)
export type Preprocess = t.TypeOf<typeof Preprocess>

/** How an image is cut for a network: to the size of its preprocessing, or, for one of open height and width, not at all. */
export type Cut = Preprocess & { readonly own?: boolean }

/** Writes `(pixel · scale − mean) / std` for RGB pixels, `[h, w, 3]`, at an offset of a batch: all three channels, or the first where one is wanted. */
export const normalizeInto = (
  pixels: Uint8Array | Float32Array,
  { scale = 1, mean = [0], std = [1], channels = 3 }: Preprocess,
  into: Float32Array,
  offset: number,
): void => {
  for (let c = 0; c < channels; c++) {
    const m = mean.length === 1 ? mean[0] : mean[c]
    const s = std.length === 1 ? std[0] : std[c]
    for (let i = c, at = offset + c; i < pixels.length; i += 3, at += channels) into[at] = (pixels[i] * scale - m) / s
  }
}
