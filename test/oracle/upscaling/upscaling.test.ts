import { describe, expect, it } from 'vitest'
import { hasShared } from '../../shared.ts'
import { photos } from './photos.ts'
import { figures, type PlanName, plans, upscaled } from './upscaled.ts'

describe.skipIf(!hasShared)('a network of open size that doubles images', () => {
  it.each(Object.keys(plans) as PlanName[])('answers as TensorFlow.js does: %s', async plan => {
    const { every997 } = figures()
    const few = (await photos(8)).filter(({ name }) => name in every997).slice(0, 2)
    expect(few.length).toBe(2)
    for (const { name, output } of await upscaled(plan, few, { backend: 'wasm', executor: 'eager' })) {
      const seen = output.filter((_, k) => k % 997 === 0)
      const wanted = every997[name][plan]
      expect(seen.length).toBe(wanted.length)
      wanted.forEach((value, k) => {
        expect(Math.abs(seen[k] - value)).toBeLessThan(1e-4)
      })
    }
  })
})
