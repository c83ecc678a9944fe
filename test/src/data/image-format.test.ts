import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { headBytes, imageFormat } from '../../../src/data/image-format.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

describe('the format of an image', () => {
  it.each([
    ['JPEG', 'jpeg'],
    ['PNG', 'png'],
    ['GIF', 'gif'],
    ['WebP', 'webp'],
    ['TIFF', 'tiff'],
    ['AVIF', 'avif'],
  ] as const)('is told by the first bytes: %s', async (name, format) => {
    const pixels = sharp(Buffer.alloc(16 * 16 * 3), { raw: { width: 16, height: 16, channels: 3 } })
    const encoded = await pixels.toFormat(format).toBuffer()
    expect(imageFormat(encoded.subarray(0, headBytes))).toEqual({ name, readable: true })
  })

  it.each([
    ['BMP', 'BM\xf6\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'],
    ['PPM', 'P6\n8 8\n255\n'],
    ['PPM', 'P3 # a comment\n8 8\n255\n'],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['JPEG XL', '\xff\x0a\0\0'],
    ['PSD', '8BPS\0\x01'],
    ['ICO', '\0\0\x01\0\x01\0\x10\x10'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['SVG', '\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by hand -->\n<svg:svg width="8">'],
  ])('is told where it is not read: %s', (name, head) => {
    expect(imageFormat(bytes(head))).toEqual({ name, readable: false })
  })

  it('takes the brand of an image that HEIF holds from all that it names', () => {
    expect(imageFormat(bytes('\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf'))).toEqual({ name: 'AVIF', readable: true })
    expect(imageFormat(bytes('\0\0\0\x18ftypisom\0\0\0\0isomavc1'))).toBeUndefined()
  })

  it.each(['', 'BM', 'BMW is a car', 'file,class_index\n', '<html><body>', '<?xml version="1.0"?><plist>', 'Page 6'])(
    'is none: %j',
    text => expect(imageFormat(bytes(text))).toBeUndefined(),
  )
})
