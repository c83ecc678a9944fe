import { describe, expect, it } from 'vitest'
import { type Interpolation, resample } from '../../../src/data/resample.ts'

const pattern = (height: number, width: number) => ({
  height,
  width,
  data: Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / (3 * width)), Math.floor(i / 3) % width, i % 3]
    return (37 * y + 91 * x + 53 * c + x * y * 7) % 256
  }),
})

/** Green of the pattern as Pillow 13 resizes it: `Image.resize((width, height), Image.BILINEAR)`, or `BICUBIC`. */
const pillow: readonly (readonly [
  interpolation: Interpolation,
  from: readonly [number, number],
  to: readonly [number, number],
  green: readonly number[],
])[] = [
  ['bilinear', [7, 9], [3, 4], [132, 133, 148, 103, 128, 141, 132, 115, 135, 131, 128, 129]],
  [
    'bilinear',
    [6, 10],
    [6, 3],
    [137, 164, 98, 119, 128, 110, 153, 130, 143, 118, 156, 111, 127, 97, 123, 174, 165, 156],
  ],
  [
    'bilinear',
    [5, 4],
    [9, 11],
    [
      53, 57, 90, 123, 156, 190, 223, 197, 138, 77, 70, 65, 69, 103, 137, 159, 163, 166, 149, 121, 93, 89, 86, 90, 126,
      161, 165, 118, 71, 68, 94, 119, 122, 106, 111, 148, 185, 186, 130, 74, 76, 112, 149, 154, 127, 132, 170, 208, 211,
      157, 102, 105, 143, 181, 186, 148, 146, 134, 122, 113, 112, 110, 134, 174, 213, 218, 168, 161, 109, 58, 40, 81,
      123, 156, 187, 218, 222, 189, 182, 132, 81, 65, 108, 150, 154, 134, 114, 112, 201, 195, 145, 95, 80, 124, 167,
      152, 102, 52, 46,
    ],
  ],
  ['bicubic', [7, 9], [3, 4], [131, 133, 155, 100, 131, 139, 131, 115, 133, 131, 127, 128]],
  [
    'bicubic',
    [6, 10],
    [6, 3],
    [135, 167, 97, 115, 130, 109, 151, 133, 142, 120, 158, 109, 131, 91, 125, 177, 165, 153],
  ],
  [
    'bicubic',
    [5, 4],
    [9, 11],
    [
      41, 52, 78, 115, 156, 214, 252, 223, 138, 70, 46, 53, 64, 95, 135, 162, 178, 180, 160, 119, 86, 74, 76, 88, 127,
      173, 174, 114, 54, 50, 86, 119, 129, 95, 110, 157, 211, 209, 128, 48, 46, 102, 150, 166, 116, 130, 172, 222, 222,
      157, 91, 91, 141, 183, 197, 151, 147, 134, 118, 107, 100, 103, 133, 190, 232, 249, 185, 164, 107, 36, 17, 61, 121,
      164, 204, 229, 240, 207, 188, 133, 65, 49, 103, 161, 166, 133, 105, 96, 218, 200, 149, 86, 73, 129, 183, 164, 92,
      34, 14,
    ],
  ],
]

describe('resample', () => {
  it.each(pillow)(
    '%s, from %j to %j gives what Pillow gives, to the bit',
    (interpolation, from, [rows, columns], green) => {
      const { data, height, width } = resample(pattern(...from), rows, columns, undefined, interpolation)
      expect([height, width]).toEqual([rows, columns])
      expect([...data].filter((_, i) => i % 3 === 1)).toEqual(green)
    },
  )

  it.each([
    [[9, 11], 3, 2, 4, 5],
    [[5, 4], 0, 0, 5, 3],
    [[7, 9], 1, 1, 6, 8],
    [[7, 9], 2, 0, 3, 9],
  ] as const)('to %j gives a crop as the whole has it', ([height, width], top, left, rows, columns) => {
    const image = pattern(7, 9)
    const whole = resample(image, height, width)
    const crop = resample(image, height, width, { top, left, rows, columns })
    const wanted = Array.from({ length: rows }, (_, y) => {
      const from = ((top + y) * whole.width + left) * 3
      return [...whole.data.subarray(from, from + columns * 3)]
    })
    expect([...crop.data]).toEqual(wanted.flat())
  })

  it('takes of a long image that is enlarged what the crop asks for', () => {
    const crop = { top: 3, left: 9_000_000_000, rows: 2, columns: 4 }
    const { data } = resample(
      { data: new Uint8Array(3 * 50_000).fill(77), height: 1, width: 50_000 },
      256_000,
      12_800_000_000,
      crop,
    )
    expect(data).toEqual(new Uint8Array(24).fill(77))
  })
})
