import type { Array4 } from './model.ts'

/** Plain definitions on `[n, c, h, w]`, written for these tests: nothing here is shared with the product. */
export interface Slide {
  readonly size: readonly [number, number]
  readonly strides?: readonly [number, number]
  readonly dilations?: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number]
  readonly outputs?: readonly [number, number]
}

export const at = ({ dims: [, c, h, w], values }: Array4, b: number, i: number, y: number, x: number): number | null =>
  y < 0 || x < 0 || y >= h || x >= w ? null : values[((b * c + i) * h + y) * w + x]

/** Each output pixel from the pixels under its window, row by row, null outside the image. */
export const slide = (
  image: Array4,
  channels: number,
  options: Slide,
  reduce: (under: (i: number) => readonly (number | null)[], o: number) => number,
): readonly number[] => {
  const [n, , h, w] = image.dims
  const { size, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] } = options
  const [oh, ow] = options.outputs ?? [
    Math.floor((h + pads[0] + pads[2] - (size[0] - 1) * dilations[0] - 1) / strides[0]) + 1,
    Math.floor((w + pads[1] + pads[3] - (size[1] - 1) * dilations[1] - 1) / strides[1]) + 1,
  ]
  const out: number[] = []
  for (let b = 0; b < n; b++)
    for (let o = 0; o < channels; o++)
      for (let y = 0; y < oh; y++)
        for (let x = 0; x < ow; x++)
          out.push(
            reduce(i => {
              const under: (number | null)[] = []
              for (let r = 0; r < size[0]; r++)
                for (let s = 0; s < size[1]; s++)
                  under.push(
                    at(
                      image,
                      b,
                      i,
                      y * strides[0] - pads[0] + r * dilations[0],
                      x * strides[1] - pads[1] + s * dilations[1],
                    ),
                  )
              return under
            }, o),
          )
  return out
}

export const convolve = (
  image: Array4,
  filter: Array4,
  options: Omit<Slide, 'size'>,
  groups = 1,
  bias?: Array4,
): readonly number[] => {
  const [outputs, depth, r, s] = filter.dims
  return slide(image, outputs, { ...options, size: [r, s] }, (under, o) => {
    const group = Math.floor(o / (outputs / groups))
    let sum = bias?.values[o] ?? 0
    for (let i = 0; i < depth; i++)
      under(group * depth + i).forEach((value, tap) => {
        sum += (value ?? 0) * filter.values[(o * depth + i) * r * s + tap]
      })
    return sum
  })
}

const real = (under: readonly (number | null)[]): readonly number[] => under.filter(v => v !== null)

export const maxPool = (image: Array4, options: Slide): readonly number[] =>
  slide(image, image.dims[1], options, (under, o) => Math.max(...real(under(o))))

export const meanPool = (image: Array4, options: Slide, countPadding = false): readonly number[] =>
  slide(image, image.dims[1], options, (under, o) => {
    const all = under(o)
    return real(all).reduce((a, b) => a + b, 0) / (countPadding ? all.length : real(all).length)
  })

/** A function of every value with its position. */
export const mapped = (
  image: Array4,
  f: (value: number, i: number, y: number, x: number, b: number) => number,
): readonly number[] => {
  const [, c, h, w] = image.dims
  return image.values.map((value, k) =>
    f(value, Math.floor(k / (h * w)) % c, Math.floor(k / w) % h, k % w, Math.floor(k / (c * h * w))),
  )
}
