import { describe, expect, it } from 'vitest'
import type { Transform } from '../../../../ir/index.ts'
import { variantKey } from '../../../../passes/index.ts'
import { random } from '../../../../src/base/random.ts'
import {
  choose,
  likelihoodSigma,
  type Measure,
  type Measured,
  paretoFront,
  shownFront,
} from '../../../../src/experiment/search/choice.ts'
import { evidence, type LogitsOf } from '../../../../src/experiment/search/evidence.ts'
import type { Candidate, Searched } from '../../../../src/experiment/search/search.ts'
import type { Sites } from '../../../../src/experiment/search/space.ts'

const [images, classes] = [2000, 4]
const labels = Array.from({ length: images }, (_, image) => image % classes)

/** A plan that all images go through: its map says how much it knows of the label, in tenths. */
const knowing = (map: number): Sites =>
  map === 0 ? [] : [{ map, transforms: [{ kind: 'shift', dy: 1, dx: 0 } satisfies Transform] }]

const logitsOf: LogitsOf = async variants =>
  new Map(
    variants.map(variant => {
      const known = 1 + (variant[0]?.map ?? 0) / 10
      const { normal } = random(1, 'noise')
      const data = Float32Array.from(
        { length: images * classes },
        (_, i) => (i % classes === labels[Math.floor(i / classes)] ? known : 0) + normal(),
      )
      return [variantKey(variant), data]
    }),
  )

/** A search that looked at these plans, with what they were predicted to cost. */
const searched = async (costs: Readonly<Record<number, number>>): Promise<Searched> => {
  const all = evidence(labels, logitsOf)
  const plans = Object.entries({ 0: 1, ...costs }).map(([map, cost]) => ({ sites: knowing(Number(map)), cost }))
  await all.gather(plans.map(({ sites }) => sites))
  const candidates = plans
    .map(({ sites, cost }): Candidate => ({ sites, reduction: 'geo', score: all.score(sites, 'geo'), cost }))
    .sort((a, b) => a.score.negativeLogLikelihood - b.score.negativeLogLikelihood)
  const vanilla = candidates.find(({ sites }) => sites.length === 0) as Candidate
  return { evidence: all, vanilla, candidates, evaluated: plans.length, rounds: 1 }
}

const mapOf = (candidate: Candidate | undefined): number | undefined => candidate?.sites[0]?.map

/** Plans take what they are predicted to, times how wrong that is. */
const measuring =
  (wrong: (map: number) => number, timed: number[] = []): Measure =>
  async candidates => {
    timed.push(...candidates.map(candidate => mapOf(candidate) as number))
    return candidates.map(candidate => candidate.cost * wrong(mapOf(candidate) as number))
  }

describe('choose', () => {
  it('takes the best that the clock says is within the budget', async () => {
    const plans = await searched({ 9: 2.4, 7: 2.1, 5: 1.9, 3: 1.5 })
    const exact = await choose(
      plans,
      labels,
      2.2,
      measuring(() => 1),
    )
    expect(mapOf(exact.chosen?.candidate)).toBe(7)
    expect(exact.chosen?.relative).toBeCloseTo(2.1)
    const slow = await choose(
      plans,
      labels,
      2.2,
      measuring(map => (map === 7 ? 1.2 : 1)),
    )
    expect(mapOf(slow.chosen?.candidate)).toBe(5)
    const fast = await choose(
      plans,
      labels,
      2.2,
      measuring(() => 0.9),
    )
    expect(mapOf(fast.chosen?.candidate)).toBe(9)
  })

  it('learns from what it timed: what is then predicted to be far over is not timed first', async () => {
    const costs = Object.fromEntries(Array.from({ length: 19 }, (_, k) => [19 - k, 2.2 - k / 10]))
    const timed: number[] = []
    const { chosen } = await choose(
      await searched(costs),
      labels,
      2.2,
      measuring(() => 2, timed),
    )
    expect(chosen?.relative).toBeLessThanOrEqual(2.2)
    // Costs to 1.1 are within the budget; the first six that are timed are not, and with them it is known.
    expect(mapOf(chosen?.candidate)).toBe(8)
    expect(timed.slice(0, 6)).toEqual([19, 18, 17, 16, 15, 14])
    expect(timed[6]).toBeLessThan(12)
  })

  it('times what it takes once more, and the second time counts', async () => {
    const plans = await searched({ 9: 2.1, 7: 1.9, 5: 1.5 })
    const calls: (readonly number[])[] = []
    const { chosen, measured } = await choose(plans, labels, 2.2, async candidates => {
      calls.push(candidates.map(candidate => mapOf(candidate) as number))
      // A first time that flatters one plan.
      return candidates.map(({ cost, sites }) => (sites[0].map === 9 && calls.length > 1 ? 2.4 : cost))
    })
    expect(calls).toEqual([[9, 7, 5], [9], [7]])
    expect([mapOf(chosen?.candidate), chosen?.relative]).toEqual([7, 1.9])
    expect(measured.find(({ candidate }) => mapOf(candidate) === 9)?.relative).toBe(2.4)
  })

  it('says that nothing beats vanilla where nothing does by more than chance', async () => {
    expect(
      (
        await choose(
          await searched({}),
          labels,
          9,
          measuring(() => 1),
        )
      ).chosen,
    ).toBeUndefined()
    const plans = await searched({ 5: 1.5 })
    expect(
      mapOf(
        (
          await choose(
            plans,
            labels,
            9,
            measuring(() => 1),
          )
        ).chosen?.candidate,
      ),
    ).toBe(5)
    expect(
      (
        await choose(
          plans,
          labels,
          1.2,
          measuring(() => 1),
        )
      ).chosen,
    ).toBeUndefined()
    // Likelier labels do not make up for more errors.
    const worse = plans.candidates.map(c => (c.sites.length > 0 ? { ...c, score: { ...c.score, wrong: images } } : c))
    expect(
      (
        await choose(
          { ...plans, candidates: worse },
          labels,
          9,
          measuring(() => 1),
        )
      ).chosen,
    ).toBeUndefined()
  })

  it('times what else the front may have', async () => {
    const { measured } = await choose(
      await searched({ 9: 2, 6: 1.5, 3: 1.2 }),
      labels,
      2.2,
      measuring(() => 1),
    )
    expect(measured.map(({ candidate }) => mapOf(candidate)).sort()).toEqual([3, 6, 9])
  })
})

describe('likelihoodSigma', () => {
  it('is a t value of the images’ losses: the more one knows, the larger; of vanilla 0', async () => {
    const plans = await searched({ 3: 1.5, 9: 1.5 })
    const [nine, three, vanilla] = [9, 3, undefined].map(
      map => plans.candidates.find(c => mapOf(c) === map) as Candidate,
    )
    const sigma = (candidate: Candidate): number => likelihoodSigma(plans, labels, candidate, plans.vanilla)
    expect(sigma(vanilla)).toBe(0)
    expect(sigma(three)).toBeGreaterThan(3)
    expect(sigma(nine)).toBeGreaterThan(sigma(three))
  })
})

describe('paretoFront', () => {
  it('has what nothing cheaper equals', () => {
    const points: readonly (readonly [number, number])[] = [
      [2, 5],
      [1, 9],
      [3, 5],
      [1, 8],
      [4, 1],
      [5, 2],
    ]
    expect(
      paretoFront(
        points,
        ([cost]) => cost,
        ([, wrong]) => wrong,
      ),
    ).toEqual([
      [1, 8],
      [2, 5],
      [4, 1],
    ])
  })
})

describe('the front that is shown', () => {
  const timed = (wrong: number, relative: number): Measured => ({
    candidate: { sites: [], reduction: 'geo', cost: 1, score: { wrong } } as unknown as Candidate,
    relative,
  })
  const [vanilla, cheap, dear] = [timed(9, 1), timed(5, 1.2), timed(3, 2)]

  it('has the chosen plan once, where it is on it', () => {
    expect(shownFront(cheap, [vanilla, cheap, dear])).toEqual([vanilla, cheap, dear])
    expect(shownFront({ ...vanilla }, [vanilla, cheap])).toEqual([vanilla, cheap])
  })

  it('has it beside the others where a cheaper one errs no more', () => {
    const chosen = timed(6, 1.5)
    expect(shownFront(chosen, [vanilla, cheap, chosen, dear])).toEqual([vanilla, cheap, chosen, dear])
  })
})
