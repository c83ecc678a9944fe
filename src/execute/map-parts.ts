import type { Pair } from '../../ir/index.ts'

/** Numbers of one image, row-major. */
export interface Grid {
  readonly h: number
  readonly w: number
  readonly c: number
  readonly data: Float32Array
}

/** The part of a grid from a row and a column on; beyond its end the last ones are repeated. */
export const partOf = ({ h, w, c, data }: Grid, [top, left]: Pair, [rows, columns]: Pair): Float32Array => {
  const out = new Float32Array(rows * columns * c)
  const whole = Math.min(columns, w - left) * c
  for (let y = 0; y < rows; y++) {
    const from = (Math.min(top + y, h - 1) * w + left) * c
    const to = y * columns * c
    out.set(data.subarray(from, from + whole), to)
    for (let x = whole; x < columns * c; x += c) out.copyWithin(to + x, to + whole - c, to + whole)
  }
  return out
}

/** The least multiple that is not below a number. */
export const upTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple
