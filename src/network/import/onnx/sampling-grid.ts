type Matrix = readonly (readonly number[])[]

/**
 * Where each output pixel of a warp samples the input, `[h, w, 2]` with x before y, as `GridSample` takes it: −1 and 1
 * are the outer edges of the outer pixels. Pixel p samples at `c + M(p − c)`, c the centre.
 */
export const samplingGrid = (h: number, w: number, [[xx, xy], [yx, yy]]: Matrix): Float32Array => {
  const [cx, cy] = [(w - 1) / 2, (h - 1) / 2]
  const grid = new Float32Array(h * w * 2)
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const atX = cx + xx * (x - cx) + xy * (y - cy)
      const atY = cy + yx * (x - cx) + yy * (y - cy)
      grid.set([(2 * atX + 1) / w - 1, (2 * atY + 1) / h - 1], (y * w + x) * 2)
    }
  return grid
}

/** The first column of M where the map has several columns, the second where it has several rows, else the unit matrix. */
export const matrixOf = (h: number, w: number, grid: ArrayLike<number>): Matrix => {
  const slope = (of: 0 | 1, from: number, to: number, steps: number): number =>
    ((grid[to * 2 + of] - grid[from * 2 + of]) * (of === 0 ? w : h)) / 2 / steps
  const alongX = w > 1 ? [slope(0, 0, w - 1, w - 1), slope(1, 0, w - 1, w - 1)] : undefined
  const alongY = h > 1 ? [slope(0, 0, (h - 1) * w, h - 1), slope(1, 0, (h - 1) * w, h - 1)] : undefined
  const [xx, yx] = alongX ?? (alongY === undefined ? [1, 0] : [alongY[1], -alongY[0]])
  const [xy, yy] = alongY ?? [-yx, xx]
  return [
    [xx, xy],
    [yx, yy],
  ]
}
