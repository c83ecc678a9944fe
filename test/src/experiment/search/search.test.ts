import { describe, expect, it } from 'vitest'
import { type Reduction, reductions, type Transform } from '../../../../ir/index.ts'
import { printPlan, type Variant, variantKey } from '../../../../passes/index.ts'
import { random } from '../../../../src/base/random.ts'
import { evidence, type LogitsOf } from '../../../../src/experiment/search/evidence.ts'
import { objectiveOf, objectives } from '../../../../src/experiment/search/objective.ts'
import { type Candidate, type SearchOptions, type Subject, search } from '../../../../src/experiment/search/search.ts'
import { keyOf, type Place, planOf, type Sites, variantsIn } from '../../../../src/experiment/search/space.ts'

const id: Transform = { kind: 'd4', element: 'id' }
const shift: Transform = { kind: 'shift', dy: 1, dx: 0 }
const scale: Transform = { kind: 'scale', factor: 1.1 }
const [images, classes] = [300, 5]
const places: readonly Place[] = [1, 3].map(map => ({ map, transforms: [shift, scale] }))
const labels = Array.from({ length: images }, (_, image) => (image * 7) % classes)

/** Answers that know the label and err by noise of two kinds: what all variants have in common, and what each step adds. */
const madeUp =
  (seed: number): LogitsOf =>
  async (variants, count) =>
    new Map(
      variants.map(variant => {
        const parts = ['common', ...(variant.length === 0 ? ['id'] : variant.map(step => variantKey([step])))]
        const noises = [...parts, variantKey(variant)].map(part => random(seed, part))
        const level = noises.map((_, k) => (k === 0 ? 1 : noises[k].between(0.3, 1.5)))
        const logits = Float32Array.from({ length: count * classes }, (_, i) => {
          const signal = i % classes === labels[Math.floor(i / classes)] ? 1.5 : 0
          return noises.reduce((sum, { normal }, k) => sum + level[k] * normal(), signal)
        })
        return [variantKey(variant), logits]
      }),
    )

const cost = (sites: Sites): number => {
  const [early, late] = [1, 3].map(map => sites.find(site => site.map === map)?.transforms.length ?? 1)
  return 0.2 + 0.4 * early + 0.4 * early * late
}

const subject = (seed: number, asked: (variants: readonly Variant[], images: number) => void = () => {}): Subject => {
  const logitsOf = madeUp(seed)
  return {
    labels,
    places,
    logitsOf: (variants, count) => {
      asked(variants, count)
      return logitsOf(variants, count)
    },
    guessedCost: cost,
    cost,
  }
}

const options: SearchOptions = { most: 2.2, reductions: ['geo', 'sum', 'max'], objective: 'likelihood' }

const subsets = [[id], [shift], [scale], [id, shift], [id, scale], [scale, shift], [id, scale, shift]]
/** Every plan that there is. */
const everything: readonly Sites[] = subsets.flatMap(a =>
  subsets.map(b =>
    [
      { map: 1, transforms: a },
      { map: 3, transforms: b },
    ].filter(({ transforms }) => transforms !== subsets[0]),
  ),
)

const name = ({ sites, reduction }: Pick<Candidate, 'sites' | 'reduction'>): string =>
  printPlan(planOf(sites, reduction))

describe('search', () => {
  it.each([1, 2, 3].flatMap(seed => objectives.map(objective => ({ seed, objective }))))(
    'finds what looking at every plan finds: $objective, seed $seed',
    async ({ seed, objective }) => {
      const found = await search(subject(seed), { ...options, objective, screening: images })
      const all = evidence(labels, madeUp(seed))
      await all.gather(everything)
      const plans = everything
        .filter(sites => cost(sites) <= options.most)
        .flatMap(sites =>
          reductions.map((reduction: Reduction) => ({ sites, reduction, score: all.score(sites, reduction) })),
        )
      const best = Math.min(...plans.map(({ score }) => objectiveOf(score, objective)))
      expect(objectiveOf(found.candidates[0].score, objective)).toBeCloseTo(best, 6)
      const known = new Map(plans.map(plan => [name(plan), plan.score]))
      for (const candidate of found.candidates) expect(candidate.score.wrong).toBe(known.get(name(candidate))?.wrong)
    },
  )

  it('keeps the cost, has every plan once for each reduction, the best first', async () => {
    for (const most of [1, 1.4, 2.2]) {
      const { candidates, vanilla } = await search(subject(4), { ...options, most })
      expect(candidates.every(candidate => candidate.cost <= most)).toBe(true)
      expect(candidates).toContain(vanilla)
      expect(new Set(candidates.map(c => `${keyOf(c.sites)} ${c.reduction}`)).size).toBe(candidates.length)
      const worths = candidates.map(({ score }) => score.negativeLogLikelihood)
      expect(worths).toEqual(worths.toSorted((a, b) => a - b))
      // Without room for a second variant there are only transforms that all images go through.
      if (most === 1) expect(candidates.every(({ sites }) => variantsIn(sites) === 1)).toBe(true)
    }
  })

  it('computes each variant once, but for the screening, which sees few images', async () => {
    const asked: string[] = []
    const few: number[] = []
    await search(
      subject(5, (variants, count) => {
        if (count < images) few.push(count)
        else asked.push(...variants.map(variantKey))
      }),
      { ...options, most: 9, screening: 50 },
    )
    expect(few).toEqual([50])
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked.some(key => key.includes('+'))).toBe(true)
  })

  it('begins with the plans that it is given', async () => {
    const start: Sites = [
      { map: 1, transforms: [id, shift] },
      { map: 3, transforms: [id, scale] },
    ]
    const { candidates } = await search(subject(6), { ...options, most: 9, beam: 1, offspring: 1, start: [start] })
    expect(
      candidates
        .filter(({ sites }) => keyOf(sites) === keyOf(start))
        .map(c => c.reduction)
        .sort(),
    ).toEqual(['geo', 'max', 'sum'])
  })

  it('ends at once when it is interrupted', async () => {
    const control = new AbortController()
    const rounds: number[] = []
    const searching = search(subject(7), {
      ...options,
      signal: control.signal,
      onRound: ({ round }) => {
        rounds.push(round)
        control.abort()
      },
    })
    await expect(searching).rejects.toThrow(/abort/)
    expect(rounds).toEqual([1])
  })
})
