import { expect } from 'vitest'
import type { Carried } from '../../src/train/step.ts'

/** What the scripts here say of tensors by name: their sums, and their lengths as vectors. */
export type Fingerprints = Readonly<Record<string, { readonly sum: number; readonly l2: number }>>

/** That weights after steps are those of the script, within 5e-5. */
export const expectFingerprints = (last: Carried, wanted: Fingerprints): void => {
  for (const [name, { sum, l2 }] of Object.entries(wanted)) {
    const data = [...(last.get(name)?.data ?? [])]
    expect(
      data.reduce((total, x) => total + x, 0),
      name,
    ).toBeCloseTo(sum, 4)
    expect(Math.hypot(...data), name).toBeCloseTo(l2, 4)
  }
}
