import sharp from 'sharp'
import { chunksOf, pngOf } from './png.ts'

type Size = readonly [height: number, width: number]

/** A PNG of bytes, `[h, w, 1]` or `[h, w, 3]`. */
export const encodeImage = async (data: Uint8Array, [height, width]: Size): Promise<Uint8Array> => {
  const channels = data.length === height * width ? 1 : 3
  const image = sharp(data, { raw: { width, height, channels } })
  return new Uint8Array(
    await image
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .png()
      .toBuffer(),
  )
}

/** The colours of classes that the masks of Pascal VOC have: the bits of a class's number, dealt out to red, green and blue. */
export const classColours: Uint8Array = Uint8Array.from({ length: 768 }, (_, at) => {
  const [index, c] = [Math.floor(at / 3), at % 3]
  let colour = 0
  for (let bit = 7, rest = index; bit >= 0; bit--, rest >>= 3) colour |= ((rest >> c) & 1) << bit
  return colour
})

/** A PNG whose pixels are numbers of classes, and are seen in {@link classColours}. */
export const encodeMask = async (data: Uint8Array, size: Size): Promise<Uint8Array> => {
  const [head, ...rest] = chunksOf(await encodeImage(data, size))
  return pngOf([{ ...head, data: head.data.with(9, 3) }, { name: 'PLTE', data: classColours }, ...rest])
}
