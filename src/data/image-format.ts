/** A kind of image file; `readable`: whether what decodes images here reads it. */
export interface ImageFormat {
  readonly name: string
  readonly readable: boolean
}

/** So many first bytes tell a format. */
export const headBytes = 1024

const latin1 = (head: Uint8Array, from: number, to: number): string =>
  Buffer.from(head.subarray(from, to)).toString('latin1')

const startsWith =
  (...beginnings: readonly string[]) =>
  (head: Uint8Array): boolean =>
    beginnings.some(beginning => latin1(head, 0, beginning.length) === beginning)

/** The brands of an ISO base media file, `ftyp` first: its own, then those it is compatible with. */
const brands = (head: Uint8Array): readonly string[] => {
  if (latin1(head, 4, 8) !== 'ftyp') return []
  const end = Math.min(head[2] * 256 + head[3], head.length)
  const compatible = Array.from({ length: Math.max(0, Math.floor((end - 16) / 4)) }, (_, k) => 16 + 4 * k)
  return [8, ...compatible].map(at => latin1(head, at, at + 4))
}

const avif = ['avif', 'avis']
const heic = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']

const isSvg = (head: Uint8Array): boolean => {
  const text = Buffer.from(head)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
  return /^<(?:\?xml|!--|!DOCTYPE|(?:\w+:)?svg)/i.test(text) && /<(?:\w+:)?svg[\s>]/i.test(text)
}

/** The sizes that the second header of a bitmap has, which begins at byte 14. */
const bitmapHeaders = [12, 16, 40, 52, 56, 64, 108, 124]

type Rule = readonly [name: string, readable: boolean, is: (head: Uint8Array) => boolean]

const rules: readonly Rule[] = [
  ['JPEG', true, startsWith('\xff\xd8\xff')],
  ['PNG', true, startsWith('\x89PNG\r\n\x1a\n')],
  ['GIF', true, startsWith('GIF87a', 'GIF89a')],
  ['WebP', true, head => startsWith('RIFF')(head) && latin1(head, 8, 12) === 'WEBP'],
  ['TIFF', true, startsWith('II*\0', 'MM\0*', 'II+\0', 'MM\0+')],
  ['AVIF', true, head => brands(head).some(brand => avif.includes(brand))],
  ['HEIC', false, head => heic.includes(brands(head)[0])],
  [
    'BMP',
    false,
    head => startsWith('BM')(head) && head.length > 17 && bitmapHeaders.includes(head[14]) && head[15] === 0,
  ],
  ['PPM', false, head => /^P(?:[1-7]|[Ff])[\s#]/.test(latin1(head, 0, 3))],
  ['JPEG XL', false, startsWith('\xff\x0a', '\0\0\0\x0cJXL ')],
  ['JPEG 2000', false, startsWith('\0\0\0\x0cjP  ', '\xff\x4f\xff\x51')],
  ['ICO', false, head => startsWith('\0\0\x01\0', '\0\0\x02\0')(head) && head[4] > 0 && head[5] === 0],
  ['PSD', false, startsWith('8BPS')],
  ['QOI', false, startsWith('qoif')],
  ['OpenEXR', false, startsWith('v/1\x01')],
  ['Radiance', false, startsWith('#?RADIANCE', '#?RGBE')],
  ['DDS', false, startsWith('DDS ')],
  ['FITS', false, startsWith('SIMPLE  =')],
  ['SVG', false, isSvg],
]

/** What kind of image a file is by its first {@link headBytes} bytes, whatever its name; undefined where it is none. */
export const imageFormat = (head: Uint8Array): ImageFormat | undefined => {
  const rule = rules.find(([, , is]) => is(head))
  return rule === undefined ? undefined : { name: rule[0], readable: rule[1] }
}
