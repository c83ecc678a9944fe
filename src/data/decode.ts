import sharp, { type Metadata, type Sharp } from 'sharp'
import { rgbOfCmyk } from './cmyk.ts'
import { headBytes, imageFormat } from './image-format.ts'
import { inFlight } from './in-flight.ts'

/** Red, green, blue, 0 to 255, row by row: `[height, width, 3]`. */
export interface Pixels {
  readonly data: Uint8Array
  readonly height: number
  readonly width: number
}

const megapixels = 100

/** What can be decoded, in words. */
export const decodable = `an image that can be decoded: JPEG, PNG, WebP, GIF, TIFF or AVIF, of at most ${megapixels} megapixels`

/** Kinds of colour whose bytes are red, green and blue, or grey, or inks. */
const colours: readonly string[] = ['srgb', 'rgb', 'b-w', 'rgb16', 'grey16', 'cmyk']

/** Tag 262 of a TIFF's first directory, and what it says of luma with two colour differences. */
const photometric = 262
const lumaAndChroma = 6
const compression = 259
const jpeg = 7

/** The numbers of a TIFF's first directory by tag, where they are short. */
const shortTags = (bytes: Uint8Array): ReadonlyMap<number, number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = bytes[0] === 0x49
  const tags = new Map<number, number>()
  if (bytes.length < 8 || view.getUint16(2, little) !== 42) return tags
  const directory = view.getUint32(4, little)
  if (directory + 2 > bytes.length) return tags
  const count = view.getUint16(directory, little)
  for (let k = 0, at = directory + 2; k < count && at + 12 <= bytes.length; k++, at += 12)
    if (view.getUint16(at + 2, little) === 3) tags.set(view.getUint16(at, little), view.getUint16(at + 8, little))
  return tags
}

/** Whether the decoder would take luma and chroma for colours: it converts them only where they are compressed as JPEG. */
const isUnconverted = (encoded: Uint8Array): boolean => {
  const tags = shortTags(encoded)
  return tags.get(photometric) === lumaAndChroma && tags.get(compression) !== jpeg
}

const refusal = (encoded: Uint8Array, { format, width, height, space, depth }: Metadata): string | undefined => {
  if (width * height > megapixels * 1e6) return `${width} × ${height} pixels`
  if (!colours.includes(space) || (space === 'cmyk' && depth !== 'uchar'))
    return `${depth} pixels of colour space ${space}`
  return format === 'tiff' && isUnconverted(encoded) ? 'a TIFF of luma and chroma' : undefined
}

/** Why bytes are not given to the decoder, which could draw more than images: an SVG has no pixels of its own. */
const refusedFormat = (encoded: Uint8Array): string | undefined => {
  const format = imageFormat(encoded.subarray(0, headBytes))
  if (format === undefined) return 'bytes that begin like no image'
  return format.readable ? undefined : `an image as ${format.name}`
}

const open = (encoded: Uint8Array): Sharp =>
  sharp(encoded, { limitInputPixels: false, failOn: 'error', autoOrient: true, ignoreIcc: true })

const raw = async (image: Sharp): Promise<Pixels & { readonly channels: number }> => {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const { height, width, channels } = info
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), height, width, channels }
}

const rgb = async (encoded: Uint8Array, space: string): Promise<Pixels> => {
  if (space !== 'cmyk') return raw(open(encoded).toColourspace('srgb').removeAlpha())
  const { data, height, width, channels } = await raw(
    open(encoded).pipelineColourspace('cmyk').toColourspace('cmyk').removeAlpha(),
  )
  if (channels !== 4) throw new Error(`${channels} inks`)
  return { data: rgbOfCmyk(data), height, width }
}

/** Of decoded images, with those that wait to be cut: the bytes that all batches together hold. */
const decodedBytesAtMost = 2 ** 28
const holding = inFlight(decodedBytesAtMost)

/** What the head of an encoded image says, before a pixel is decoded. Throws what the decoder does, or why the image is refused. */
export const readHead = async (encoded: Uint8Array): Promise<Metadata> => {
  const other = refusedFormat(encoded)
  if (other !== undefined) throw new Error(other)
  const head = await open(encoded).metadata()
  const seen = refusal(encoded, head)
  if (seen !== undefined) throw new Error(seen)
  return head
}

/**
 * What comes of an encoded image's pixels, upright as its EXIF says, in RGB: colour profiles, alpha and all frames but the first are left out, as Pillow's
 * `convert('RGB')` does, and 16 bits keep the upper 8. Images are decoded side by side within a budget of memory. Throws what the decoder does, or why the image is refused.
 */
export const withDecoded = async <A>(encoded: Uint8Array, use: (pixels: Pixels) => A): Promise<A> => {
  const { width, height, space } = await readHead(encoded)
  return holding(width * height * 3, async () => use(await rgb(encoded, space)))
}
