import workerpool from 'workerpool'
import type { Preprocess } from '../data/index.ts'
import { decodeImage } from './decode-image.ts'

// A process of its own: what a hostile image does to the decoder ends this, not the server.
workerpool.worker({
  decode: (encoded: Uint8Array, preprocess: Preprocess, mostPixels: number) =>
    decodeImage(encoded, preprocess, mostPixels),
})
