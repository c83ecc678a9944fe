/** The value of IEEE 754 binary16 bits; every one is a float32. */
const fromHalfBits = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Widens binary16 values, given as their bits, to float32 without loss. */
export const widenFloat16 = (bits: Uint16Array): Float32Array => {
  const values = new Float32Array(bits.length)
  for (let k = 0; k < bits.length; k++) values[k] = fromHalfBits(bits[k])
  return values
}

/** Widens bfloat16 values, given as their bits (the upper half of a float32), to float32 without loss. */
export const widenBfloat16 = (bits: Uint16Array): Float32Array =>
  new Float32Array(Uint32Array.from(bits, half => half << 16).buffer)

/** Distance between neighbouring binary16 values at a magnitude below the largest. */
const halfStep = (magnitude: number): number => 2 ** (Math.max(-14, Math.floor(Math.log2(magnitude))) - 10)

const toHalfBits = (value: number): number => {
  const magnitude = Math.abs(value)
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  if (Number.isNaN(value)) return 0x7e00
  if (magnitude >= 65520) return sign | 0x7c00
  if (magnitude < 2 ** -25) return sign
  const step = halfStep(magnitude)
  const scaled = magnitude / step
  const below = Math.floor(scaled)
  const rest = scaled - below
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
  // Counted from the step's own zero, a carry runs into the exponent as it should.
  const exponent = Math.log2(step) + 24
  return sign | (exponent * 1024 + rounded)
}

/** Rounds to the nearest binary16 value, ties to even, as its bits; too large a magnitude becomes infinite. */
export const narrowFloat16 = (values: ArrayLike<number>): Uint16Array => Uint16Array.from(values, toHalfBits)

/** Rounds to the nearest bfloat16 value, ties to even, as its bits. */
export const narrowBfloat16 = (values: Float32Array): Uint16Array =>
  Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits, k) =>
    Number.isNaN(values[k]) ? 0x7fc0 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16,
  )
