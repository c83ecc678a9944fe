import { decodeImage } from './decode-image.ts'
import { type Decoder, inputOrRefusal } from './decoder.ts'

/** Decodes in this process: for tests, and where no other process may be started. */
export const decodeHere = (mostPixels: number): Decoder => ({
  decode: async (encoded, preprocess) => inputOrRefusal(await decodeImage(encoded, preprocess, mostPixels)),
  close: async () => {},
})
