/** Keys' cubic convolution: what a number counts at a distance from where others are interpolated, in steps from one to the next. */
export const keysCubic = (a: number, distance: number): number => {
  const x = Math.abs(distance)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
}
