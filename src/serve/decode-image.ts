import { either as E } from 'fp-ts'
import { fitImages, imageHead, type Preprocess } from '../data/index.ts'
import type { Decoded } from './decoder.ts'
import { lineOf, refuse } from './refusal.ts'

const readable = ['jpeg', 'png', 'webp']

const refused = (status: 413 | 415 | 422, seen: string, expected: string): Decoded => ({
  refused: { status, line: refuse(status, 'image', seen, expected).message },
})

/** Decodes, fits and normalizes one image, of at most so many pixels: what its head says is looked at first. */
export const decodeImage = async (
  encoded: Uint8Array,
  preprocess: Preprocess,
  mostPixels: number,
): Promise<Decoded> => {
  const head = await imageHead(encoded)
  if (E.isLeft(head)) return refused(415, head.left, 'a JPEG, PNG or WebP image')
  const { format, height, width } = head.right
  if (!readable.includes(format)) return refused(415, `an image as ${format}`, 'JPEG, PNG or WebP')
  if (width * height > mostPixels)
    return refused(413, `${width} × ${height} pixels`, `at most ${mostPixels / 1e6} megapixels`)
  const fitted = await fitImages([{ image: encoded, where: 'image' }], preprocess)
  return E.isRight(fitted) ? { input: fitted.right } : { refused: { status: 422, line: lineOf(fitted.left) } }
}
