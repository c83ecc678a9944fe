type Numbers = ArrayLike<number>

const side = 7
const window = side ** 2
/** Wang et al. 2004, equation 13. */
const [k1, k2] = [0.01, 0.03]

/** Sums over all squares of {@link side} pixels that lie whole in one channel of an image, by a running table. */
const windowSums = (h: number, w: number, of: (pixel: number) => number): Float64Array => {
  const table = new Float64Array((h + 1) * (w + 1))
  const at = (y: number, x: number): number => y * (w + 1) + x
  for (let y = 0; y < h; y++)
    for (let x = 0, row = 0; x < w; x++) {
      row += of(y * w + x)
      table[at(y + 1, x + 1)] = table[at(y, x + 1)] + row
    }
  const [rows, columns] = [h - side + 1, w - side + 1]
  return Float64Array.from({ length: rows * columns }, (_, k) => {
    const [y, x] = [Math.floor(k / columns), k % columns]
    return table[at(y + side, x + side)] - table[at(y, x + side)] - table[at(y + side, x)] + table[at(y, x)]
  })
}

/**
 * Structural similarity as scikit-image’s default has it: uniform windows of 7 × 7, covariances of samples, the mean over windows that lie whole in the image and
 * over channels. Undefined of an image that is smaller than a window.
 *
 * @see Wang, Bovik, Sheikh, Simoncelli, Image quality assessment, 2004
 */
export const ssim = (
  a: Numbers,
  b: Numbers,
  [h, w, channels]: readonly [h: number, w: number, channels: number],
  range: number,
): number | undefined => {
  if (h < side || w < side) return undefined
  const [c1, c2] = [(k1 * range) ** 2, (k2 * range) ** 2]
  let total = 0
  for (let c = 0; c < channels; c++) {
    const sums = (of: (x: number, y: number) => number): Float64Array =>
      windowSums(h, w, pixel => of(a[pixel * channels + c], b[pixel * channels + c]))
    const [sa, sb] = [sums(x => x), sums((_, y) => y)]
    const [saa, sbb, sab] = [sums(x => x * x), sums((_, y) => y * y), sums((x, y) => x * y)]
    let mean = 0
    for (let k = 0; k < sa.length; k++) {
      const [ma, mb] = [sa[k] / window, sb[k] / window]
      const covariance = (sum: number, product: number): number => (sum - window * product) / (window - 1)
      const [va, vb, vab] = [covariance(saa[k], ma * ma), covariance(sbb[k], mb * mb), covariance(sab[k], ma * mb)]
      mean += ((2 * ma * mb + c1) * (2 * vab + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
    }
    total += mean / sa.length
  }
  return total / channels
}
