/** `a · b / 255` to the nearest whole number, for bytes. */
const scaled = (a: number, b: number): number => {
  const product = a * b + 128
  return ((product >> 8) + product) >> 8
}

/** Red, green and blue of cyan, magenta, yellow and black, four bytes a pixel, as Pillow's `convert('RGB')` has them: no profile, `(255 − k) · (255 − c) / 255`. */
export const rgbOfCmyk = (inks: Uint8Array): Uint8Array => {
  const pixels = inks.length / 4
  const rgb = new Uint8Array(pixels * 3)
  for (let p = 0; p < pixels; p++) {
    const light = 255 - inks[4 * p + 3]
    for (let c = 0; c < 3; c++) rgb[3 * p + c] = light - scaled(inks[4 * p + c], light)
  }
  return rgb
}
