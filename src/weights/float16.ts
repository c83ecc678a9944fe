/** The value of IEEE 754 binary16 bits; every one is a float32. */
const fromHalfBits = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Widens binary16 values, given as their bits, to float32 without loss. */
export const widenFloat16 = (bits: Uint16Array): Float32Array => Float32Array.from(bits, fromHalfBits)

/** Widens bfloat16 values, given as their bits (the upper half of a float32), to float32 without loss. */
export const widenBfloat16 = (bits: Uint16Array): Float32Array =>
  new Float32Array(Uint32Array.from(bits, half => half << 16).buffer)
