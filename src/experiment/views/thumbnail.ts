import sharp from 'sharp'
import type { ImageInput } from '../../data/index.ts'

const largestSide = 160
const largestInput = 1e8

/** An image as a PNG of at most 160 pixels a side; smaller ones keep their size. @throws Error where it cannot be decoded */
export const thumbnail = async (image: ImageInput): Promise<Uint8Array> => {
  const opened =
    image instanceof Uint8Array
      ? sharp(image, { limitInputPixels: largestInput, autoOrient: true })
      : sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
  return opened
    .resize(largestSide, largestSide, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .flatten({ background: '#ffffff' })
    .png({ palette: false, compressionLevel: 9 })
    .toBuffer()
}
