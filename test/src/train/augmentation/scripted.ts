import type { Random } from '../../../../src/base/random.ts'

/** Draws that are given: uniform ones in [0, 1), and normal ones. */
export const scripted = (uniform: readonly number[], normal: readonly number[] = []): Random => {
  const [uniforms, normals] = [[...uniform], [...normal]]
  const take = (from: number[]): number => {
    const value = from.shift()
    if (value === undefined) throw new Error('no draw is left')
    return value
  }
  const next = (): number => take(uniforms)
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    below: count => Math.floor(count * next()),
    normal: () => take(normals),
  }
}
