import type { Preprocess } from '../data/index.ts'
import { Refusal } from './refusal.ts'

/** What a decoder makes of an image: a network’s input, or why there is none. */
export type Decoded =
  | { readonly input: Float32Array }
  | { readonly refused: { readonly status: 413 | 415 | 422; readonly line: string } }

/** Makes networks’ inputs of encoded images. */
export interface Decoder {
  /** @throws Refusal where the image cannot be decoded, or too many wait */
  readonly decode: (encoded: Uint8Array, preprocess: Preprocess) => Promise<Float32Array>
  readonly close: () => Promise<void>
}

/** The input that was made. @throws Refusal where there is none */
export const inputOrRefusal = (decoded: Decoded): Float32Array => {
  if ('input' in decoded) return decoded.input
  const { status, line } = decoded.refused
  throw new Refusal(status, line)
}
