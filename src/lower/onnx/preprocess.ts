import type { Preprocess } from '../../data/index.ts'
import type { ImageLayout } from './model.ts'
import type { Writer } from './writer.ts'

const float32 = 1
const uint8 = 2
const int64 = 7

/** Where the axes of an image are. */
const axesOf = { nhwc: { sides: [1, 2], channels: 3 }, nchw: { sides: [2, 3], channels: 1 } } as const

/** ITU-R 601-2's luma in 16 bits, as Pillow's `convert('L')` rounds it. */
const writeLuma = (w: Writer, pixels: string, layout: ImageLayout): string => {
  const { channels } = axesOf[layout]
  const shape = [1, 1, 1, 1].map((extent, axis) => (axis === channels ? 3 : extent))
  const weights = w.add('Reshape', [w.ints([19595, 38470, 7471]), w.ints(shape)])
  const weighted = w.add('Mul', [w.add('Cast', [pixels], { to: int64 }), weights])
  const sum = w.add('Add', [w.add('ReduceSum', [weighted, w.ints([channels])], { keepdims: 1 }), w.ints([0x8000])])
  return w.add('Cast', [w.add('Div', [sum, w.ints([0x10000])])], { to: uint8 })
}

/** Height and width of an image whose shorter side is resized to a length, `[2]`; the longer is cut to whole pixels, or rounded. */
const writeExtents = (
  w: Writer,
  pixels: string,
  length: number,
  longerSide: Preprocess['longer_side'],
  [first]: readonly number[],
): string => {
  const sides = w.add('Shape', [pixels], { start: first, end: first + 2 })
  const shorter = w.add('ReduceMin', [sides], { keepdims: 1 })
  if (longerSide !== 'rounded') return w.add('Div', [w.add('Mul', [sides, w.ints([length])]), shorter])
  const doubled = w.add('Add', [w.add('Mul', [sides, w.ints([2 * length])]), shorter])
  return w.add('Div', [doubled, w.add('Mul', [shorter, w.ints([2])])])
}

/** The centre of an image, half of an odd margin rounded to the even side, or cut down. */
const writeCrop = (
  w: Writer,
  pixels: string,
  extents: string,
  { size, crop }: Preprocess,
  sides: readonly number[],
): string => {
  const margin = w.add('Sub', [extents, w.ints(size)])
  const two = w.ints([2])
  const half = w.add('Div', [margin, two])
  const odd = (): string => w.add('Mul', [w.add('Mod', [margin, two]), w.add('Mod', [half, two])])
  const from = crop === 'center-floor' ? half : w.add('Add', [half, odd()])
  return w.add('Slice', [pixels, from, w.add('Add', [from, w.ints(size)]), w.ints(sides)])
}

/** `pixel · scale / std − mean / std`, channel by channel. */
const writeNormalization = (
  w: Writer,
  pixels: string,
  { scale = 1, mean = [0], std = [1] }: Preprocess,
  layout: ImageLayout,
): string => {
  const count = Math.max(mean.length, std.length)
  const at = (list: readonly number[], k: number): number => (list.length === 1 ? list[0] : list[k])
  const shape = [1, 1, 1, 1].map((extent, axis) => (axis === axesOf[layout].channels ? count : extent))
  const each = (of: (mean: number, std: number) => number): string =>
    w.floats(
      shape,
      Float32Array.from({ length: count }, (_, k) => of(at(mean, k), at(std, k))),
    )
  const scaled = w.add('Mul', [w.add('Cast', [pixels], { to: float32 }), each((_, s) => scale / s)])
  return w.add('Add', [scaled, each((m, s) => -m / s)])
}

/**
 * Writes how pixels become a network's input, bytes of red, green and blue of any height and width: grey where it has one channel, resized with
 * antialiasing, cropped at the centre, normalized.
 */
export const writePreprocess = (w: Writer, pixels: string, preprocess: Preprocess, layout: ImageLayout): string => {
  const { size, resize, resize_to: length, longer_side, interpolation, channels } = preprocess
  const { sides } = axesOf[layout]
  const shorter = resize === 'shorter-side' && length !== undefined
  const coloured = channels === 1 ? writeLuma(w, pixels, layout) : pixels
  const extents = shorter ? writeExtents(w, coloured, length, longer_side, sides) : w.ints(size)
  const resized = w.add('Resize', [coloured, '', '', extents], {
    ...(interpolation === 'bicubic' ? { mode: 'cubic', cubic_coeff_a: { float: -0.5 } } : { mode: 'linear' }),
    antialias: 1,
    exclude_outside: 1,
    axes: sides,
  })
  const fitted = shorter ? writeCrop(w, resized, extents, preprocess, sides) : resized
  return writeNormalization(w, fitted, preprocess, layout)
}
