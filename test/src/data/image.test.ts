import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { rgbOfCmyk } from '../../../src/data/cmyk.ts'
import { shorterSideTo } from '../../../src/data/image.ts'
import { fitImage, type ImageInput, type Preprocess } from '../../../src/data/index.ts'
import { hasShared, sharedPath } from '../../shared.ts'

const hasCases = existsSync(sharedPath('cases', 'crop-parity'))

const one: Preprocess = { size: [1, 1] }

const fitted = async (image: ImageInput, preprocess: Preprocess = one): Promise<readonly number[]> => {
  const fit = orThrow(await fitImage(image, preprocess, 'the image'))
  return [...fit.data]
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
        within: 60,
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

  it('is cropped as torchvision does where the margin is odd: half of it to the even side', async () => {
    const firstRow = async (width: number, size: number) => {
      const ramp = {
        height: 4,
        width,
        data: Uint8Array.from({ length: 12 * width }, (_, i) => Math.floor(i / 3) % width),
      }
      const [first] = await fitted(ramp, { size: [size, size], resize: 'shorter-side', resize_to: 4 })
      return first
    }
    expect([await firstRow(5, 4), await firstRow(7, 4), await firstRow(9, 4), await firstRow(11, 4)]).toEqual([
      0, 2, 2, 4,
    ])
  })

  it('has its longer side cut to whole pixels as torchvision does', () => {
    // 7 · 13 / 8 = 11.375, and 13 · 7 / 9 = 10.1; of 8 × 15 to 7, 13.125; of 8 × 9 to 5, 5.625.
    expect(shorterSideTo({ height: 8, width: 13 }, 7)).toEqual([7, 11])
    expect(shorterSideTo({ height: 9, width: 8 }, 5)).toEqual([5, 5])
    expect(shorterSideTo({ height: 9, width: 8 }, 5, 'rounded')).toEqual([6, 5])
  })

  it('of inks becomes red, green and blue as Pillow has them', async () => {
    // Image.frombytes('CMYK', (4, 1), …).convert('RGB') of Pillow 13.
    const inks = [0, 0, 0, 0, 255, 128, 0, 0, 10, 200, 77, 30, 90, 91, 92, 255]
    expect([...rgbOfCmyk(Uint8Array.from(inks))]).toEqual([255, 255, 255, 0, 127, 255, 216, 49, 157, 0, 0, 0])
  })

  it('keeps the upper 8 of 16 bits', async () => {
    const values = Uint16Array.of(0x0102, 0x80ff, 0xff00)
    const deep = sharp(values, { raw: { width: 1, height: 1, channels: 3, depth: 'ushort' } as never })
    expect(await fitted(new Uint8Array(await deep.toColourspace('rgb16').png().toBuffer()))).toEqual([1, 0x80, 0xff])
  })

  it('of many frames is its first', async () => {
    const frames = sharp(Buffer.from([255, 0, 0, 0, 0, 255]), {
      raw: { width: 1, height: 2, channels: 3, pageHeight: 1 },
    } as never)
    expect(await fitted(new Uint8Array(await frames.gif().toBuffer()))).toEqual([255, 0, 0])
  })

  it('is refused by name where it is none of pixels, too large or in colours that nobody converts', async () => {
    const seen = async (encoded: Buffer) => {
      const fit = await fitImage(new Uint8Array(encoded), one, 'the image')
      return E.isLeft(fit) ? fit.left.seen : 'none'
    }
    expect(await seen(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'))).toBe(
      'an image as SVG',
    )
    expect(await seen(Buffer.from('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0', 'latin1'))).toBe('an image as BMP')
    expect(await seen(Buffer.from('words'))).toBe('bytes that begin like no image')
    const tiff = async (tags: Readonly<Record<number, number>>) => {
      const bytes = await plain().tiff({ compression: 'none' }).toBuffer()
      for (let at = bytes.readUInt32LE(4) + 2; at < bytes.length - 12; at += 12)
        bytes.writeUInt16LE(tags[bytes.readUInt16LE(at)] ?? bytes.readUInt16LE(at + 8), at + 8)
      return seen(bytes)
    }
    const [width, height, photometric] = [256, 257, 262]
    expect([
      await tiff({}),
      await tiff({ [width]: 50_000, [height]: 2001 }),
      await tiff({ [photometric]: 6 }),
      await tiff({ [photometric]: 8 }),
    ]).toEqual(['none', '50000 × 2001 pixels', 'a TIFF of luma and chroma', 'uchar pixels of colour space lab'])
  })

  it.skipIf(!hasCases)('has the pixels that torchvision gives it (needs ../shared)', async () => {
    for (const [folder, file] of [
      ['cmyk', 'pp8.json'],
      ['crop-parity', 'ppcrop.json'],
    ]) {
      const of = (...path: readonly string[]) => readFile(sharedPath('cases', folder, ...path))
      const preprocess: Preprocess = JSON.parse((await of(file)).toString())
      for (const [name, planes] of Object.entries<unknown>(JSON.parse((await of('expected.json')).toString()))) {
        if (!Array.isArray(planes)) continue
        const pixels = await fitted(new Uint8Array(await of('images', name)), preprocess)
        expect(
          [0, 1, 2].flatMap(c => pixels.filter((_, i) => i % 3 === c)),
          name,
        ).toEqual(planes)
      }
    }
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
