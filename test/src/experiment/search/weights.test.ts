import { describe, expect, it } from 'vitest'
import type { Reduction, Transform } from '../../../../ir/index.ts'
import { variantKey } from '../../../../passes/index.ts'
import { random } from '../../../../src/base/random.ts'
import { evidence, type LogitsOf } from '../../../../src/experiment/search/evidence.ts'
import type { Candidate, Searched } from '../../../../src/experiment/search/search.ts'
import { keyOf, type Sites } from '../../../../src/experiment/search/space.ts'
import { weighted } from '../../../../src/experiment/search/weights.ts'

const [images, classes] = [2000, 4]
const labels = Array.from({ length: images }, (_, image) => image % classes)
const id: Transform = { kind: 'd4', element: 'id' }
const shift: Transform = { kind: 'shift', dy: 1, dx: 0 }
const branch: Sites = [{ map: 2, transforms: [id, shift] }]

/** Independent noise: so much on the image as it is, so much on the other variant. */
const noisy =
  (plain: number, shifted: number): LogitsOf =>
  async variants =>
    new Map(
      variants.map(variant => {
        const { normal } = random(3, variantKey(variant))
        const noise = variant.length === 0 ? plain : shifted
        const logits = Float32Array.from(
          { length: images * classes },
          (_, i) => (i % classes === labels[Math.floor(i / classes)] ? 1 : 0) + noise * normal(),
        )
        return [variantKey(variant), logits]
      }),
    )

const found = async (
  logitsOf: LogitsOf,
  reduction: Reduction,
): Promise<{ searched: Searched; candidate: Candidate }> => {
  const all = evidence(labels, logitsOf)
  await all.gather([[], branch])
  const candidate = (sites: Sites): Candidate => ({ sites, reduction, score: all.score(sites, reduction), cost: 1 })
  const vanilla = candidate([])
  return {
    searched: { evidence: all, vanilla, candidates: [candidate(branch), vanilla], evaluated: 2, rounds: 1 },
    candidate: candidate(branch),
  }
}

describe('weighted', () => {
  it('has what is less noisy count more', async () => {
    // With noises 1 and √3, weights 3 and 1 are the best there are.
    const { searched, candidate } = await found(noisy(1, Math.sqrt(3)), 'geo')
    const better = await weighted(searched, labels, candidate)
    expect(keyOf(better.sites)).toBe('{id,id,id,shift(1,0)}@2:geo')
    expect(better.score.negativeLogLikelihood).toBeLessThan(candidate.score.negativeLogLikelihood)
  })

  it('leaves alone what is equally good, and max', async () => {
    const even = await found(noisy(1, 1), 'geo')
    expect(await weighted(even.searched, labels, even.candidate)).toBe(even.candidate)
    const largest = await found(noisy(1, 3), 'max')
    expect(await weighted(largest.searched, labels, largest.candidate)).toBe(largest.candidate)
  })
})
