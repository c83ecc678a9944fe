import { readFile } from 'node:fs/promises'
import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { fitImage, type ImageInput, type Preprocess } from '../../../src/data/index.ts'
import { hasShared, sharedPath } from '../../shared.ts'

const one: Preprocess = { size: [1, 1] }

const fitted = async (image: ImageInput, preprocess: Preprocess = one): Promise<readonly number[]> => {
  const fit = await fitImage(image, preprocess, 'the image')
  if (E.isLeft(fit)) throw new Error(JSON.stringify(fit.left))
  return [...fit.right]
}

const refusal = async (image: ImageInput): Promise<string> => {
  const fit = await fitImage(image, one, 'the image')
  return E.isLeft(fit) ? `${fit.left.tag} ${fit.left.where}` : 'none'
}

const plain = () =>
  sharp(Buffer.from(Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => [200, 100, 50][i % 3])), {
    raw: { width: 16, height: 8, channels: 3 },
  })

describe('an image', () => {
  let forms: Readonly<
    Record<string, { readonly encoded: Buffer; readonly expected: readonly number[]; readonly within: number }>
  >
  beforeAll(async () => {
    const [rgb, grey] = [[200, 100, 50], new Array<number>(3).fill(128)]
    forms = {
      png: { encoded: await plain().png().toBuffer(), expected: rgb, within: 0 },
      transparent: { encoded: await plain().ensureAlpha(0).png().toBuffer(), expected: rgb, within: 0 },
      palette: { encoded: await plain().png({ palette: true }).toBuffer(), expected: rgb, within: 0 },
      '16 bit': { encoded: await plain().toColourspace('rgb16').png().toBuffer(), expected: rgb, within: 0 },
      grey: { encoded: await plain().greyscale().png().toBuffer(), expected: grey, within: 1 },
      'grey 16 bit': {
        encoded: await plain().greyscale().toColourspace('grey16').png().toBuffer(),
        expected: grey,
        within: 1,
      },
      'grey with alpha': {
        encoded: await plain().greyscale().ensureAlpha(0.5).png().toBuffer(),
        expected: grey,
        within: 1,
      },
      jpeg: { encoded: await plain().jpeg({ quality: 100 }).toBuffer(), expected: rgb, within: 2 },
      cmyk: {
        encoded: await plain().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
        expected: rgb,
        within: 20,
      },
      gif: { encoded: await plain().gif().toBuffer(), expected: rgb, within: 2 },
      webp: { encoded: await plain().webp().toBuffer(), expected: rgb, within: 4 },
      tiff: { encoded: await plain().tiff().toBuffer(), expected: rgb, within: 3 },
    }
  })

  it('becomes RGB bytes, however it is encoded', async () => {
    for (const [name, { encoded, expected, within }] of Object.entries(forms)) {
      const pixel = await fitted(new Uint8Array(encoded))
      const worst = Math.max(...pixel.map((value, c) => Math.abs(value - expected[c])))
      expect(pixel.length, name).toBe(3)
      expect(worst, name).toBeLessThanOrEqual(within)
    }
  })

  it('stands upright as its EXIF says', async () => {
    const sideways = await sharp(Buffer.from([255, 0, 0, 0, 255, 0]), { raw: { width: 2, height: 1, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer()
    expect(await fitted(new Uint8Array(sideways), { size: [2, 1] })).toEqual([255, 0, 0, 0, 255, 0])
  })

  it('is cropped at the centre of its longer side', async () => {
    const ramp = { height: 2, width: 7, data: Uint8Array.from({ length: 42 }, (_, i) => Math.floor(i / 3) % 7) }
    const crop = await fitted(ramp, { size: [2, 2], resize: 'shorter-side', resize_to: 2, crop: 'center' })
    expect(crop.filter((_, i) => i % 3 === 0)).toEqual([2, 3, 2, 3])
  })

  it('is refused where it is corrupt, cut short, enormous or of the wrong length', async () => {
    const { png, jpeg } = forms
    const noise = await sharp(Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) % 251)), {
      raw: { width: 64, height: 64, channels: 3 },
    })
      .jpeg()
      .toBuffer()
    const huge = Buffer.from(png.encoded)
    huge.writeUInt32BE(100_000, 16)
    huge.writeUInt32BE(100_000, 20)
    for (const encoded of [
      Buffer.alloc(0),
      Buffer.from('no image'),
      png.encoded.subarray(0, 50),
      jpeg.encoded.subarray(0, 60),
      noise.subarray(0, noise.length >> 1),
      huge,
    ])
      expect(await refusal(new Uint8Array(encoded))).toBe('unreadable-image the image')
    expect(await refusal({ data: new Uint8Array(16), height: 2, width: 2 })).toBe('wrong-size the image')
  })

  it.skipIf(!hasShared)('of a photograph has the extents and range of its manifest (needs ../shared)', async () => {
    const photo = new Uint8Array(await readFile(sharedPath('photos', 'n01440764_tench.JPEG')))
    const pixels = await fitted(photo, { size: [227, 227], resize: 'shorter-side', resize_to: 256 })
    expect(pixels.length).toBe(227 * 227 * 3)
    // Mean of what Pillow gives for the same file and extents.
    expect(pixels.reduce((sum, value) => sum + value, 0) / pixels.length).toBeCloseTo(113.8115, 2)
  })
})
