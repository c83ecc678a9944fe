import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { fitImages, type Preprocess } from '../../../src/data/index.ts'

const imagesOf = async (
  pixels: readonly number[],
  width: number,
  preprocess: Preprocess,
): Promise<readonly number[]> => {
  const height = pixels.length / 3 / width
  const image = await sharp(Buffer.from(pixels), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  return [...orThrow(await fitImages([{ image: new Uint8Array(image), where: 'it' }], preprocess))]
}

describe('an image of one channel', () => {
  it('is an image’s luma as Pillow’s convert("L") has it', async () => {
    const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 100, 50, 1, 2, 3, 17, 99, 254]
    expect(await imagesOf(colours, 6, { size: [1, 6], channels: 1 })).toEqual([76, 150, 29, 124, 2, 92])
    expect(await imagesOf([7, 7, 7], 1, { size: [1, 1], channels: 1, scale: 2, mean: [4], std: [5] })).toEqual([2])
  })

  it('is grey before it is resized, as Pillow resizes it', async () => {
    const pixels = Array.from({ length: 8 }, (_, i) => [(30 * i) % 256, (70 * i) % 256, (110 * i) % 256]).flat()
    expect(await imagesOf(pixels, 4, { size: [2, 4], channels: 1 })).toEqual([0, 63, 125, 159, 71, 104, 167, 200])
    expect(await imagesOf(pixels, 4, { size: [1, 2], channels: 1 })).toEqual([72, 152])
  })
})
