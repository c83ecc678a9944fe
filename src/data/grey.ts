import type { Pixels } from './decode.ts'
import type { Preprocess } from './preprocess.ts'

/** Channels of the images that a preprocessing makes. */
export const channelsOf = ({ channels = 3 }: Preprocess): 1 | 3 => channels

/** ITU-R 601-2's luma, `0.299 R + 0.587 G + 0.114 B`, in 16 bits as Pillow's `convert('L')` rounds it. */
const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16

/** Pixels as they are, or where one channel is wanted with their luma in all three. */
export const inChannels = ({ data, height, width }: Pixels, preprocess: Preprocess): Pixels => {
  if (channelsOf(preprocess) === 3) return { data, height, width }
  const grey = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i += 3) grey.fill(luma(data[i], data[i + 1], data[i + 2]), i, i + 3)
  return { data: grey, height, width }
}
