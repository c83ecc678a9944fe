/** A stream of pseudorandom numbers: the same seed and label give the same stream on every machine. */
export interface Random {
  /** Uniform in [0, 1), 32 bits fine. */
  readonly next: () => number
  /** Uniform in [low, high). */
  readonly between: (low: number, high: number) => number
  /** Uniform among 0 … count − 1. */
  readonly below: (count: number) => number
  /** Standard normal. */
  readonly normal: () => number
}

/** Hashes text to 128 bits (cyrb128, public domain), enough to seed the generator's whole state. */
const hash128 = (text: string): readonly [number, number, number, number] => {
  let a = 1779033703
  let b = 3144134277
  let c = 1013904242
  let d = 2773480762
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i)
    a = b ^ Math.imul(a ^ k, 597399067)
    b = c ^ Math.imul(b ^ k, 2869860233)
    c = d ^ Math.imul(c ^ k, 951274213)
    d = a ^ Math.imul(d ^ k, 2716044179)
  }
  a = Math.imul(c ^ (a >>> 18), 597399067)
  b = Math.imul(d ^ (b >>> 22), 2869860233)
  c = Math.imul(a ^ (c >>> 17), 951274213)
  d = Math.imul(b ^ (d >>> 19), 2716044179)
  return [a ^ b ^ c ^ d, b ^ a, c ^ a, d ^ a]
}

/**
 * The stream that belongs to a seed and a label, independent of every other label's: one per parameter, per image,
 * per branch, so that drawing more of one changes no other. The generator is sfc32 (Chris Doty-Humphrey, PractRand).
 */
export const random = (seed: number, label = ''): Random => {
  let [a, b, c, d] = hash128(`${seed}:${label}`)
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 12; i++) next()
  let spare: number | undefined
  // Box and Muller make two at a time; 1 − u is never 0.
  const normal = (): number => {
    if (spare !== undefined) {
      const kept = spare
      spare = undefined
      return kept
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next()))
    const angle = 2 * Math.PI * next()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    below: count => Math.floor(count * next()),
    normal,
  }
}

/** The numbers 0 … count − 1 in an order drawn from the stream (Fisher and Yates). */
export const shuffled = (count: number, { below }: Random): Int32Array => {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1)
    const kept = order[i]
    order[i] = order[j]
    order[j] = kept
  }
  return order
}
