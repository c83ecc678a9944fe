import { describe, expect, it } from 'vitest'
import { parsePlan, printPlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { random } from '../../../../src/base/random.ts'
import { remainingShares } from '../../../../src/experiment/search/cost.ts'
import type { Candidate } from '../../../../src/experiment/search/search.ts'
import {
  adaptivePlan,
  costOf,
  type JudgedPlan,
  type OpenSequence,
  sharesOf,
} from '../../../../src/experiment/search/sequence.ts'
import { chooseSequence, type SequenceClock } from '../../../../src/experiment/search/sequence-choice.ts'
import { openSequence, provenPlans, sequencesOf, stagePlans } from '../../../../src/experiment/search/sequences.ts'
import type { Sites } from '../../../../src/experiment/search/space.ts'
import { sitesOf } from '../../../../src/experiment/search/trained.ts'
import { createZooNetwork } from '../../../../src/index.ts'
import { fixedPlanOf } from '../../../fixed-plan.ts'

const images = 2000

const branches = (map: number): Sites =>
  map === 0 ? [] : [{ map, transforms: [{ kind: 'shift', dy: 1, dx: 0 } as const] }]

/** A plan that errs on images by how hard they are, and knows it: the more it costs, the less. */
const plan = (map: number, cost: number, errs: number): JudgedPlan => {
  const { next } = random(map, 'certainty')
  const hardness = Float64Array.from({ length: images }, (_, image) => ((image * 7919) % images) / images)
  const smoothed = hardness.map(hard => Math.max(0, hard - 1 + errs * 1.5))
  const wrong = Uint8Array.from(hardness, hard => Number(hard > 1 - errs))
  return {
    candidate: {
      sites: branches(map),
      reduction: 'geo',
      cost,
      score: {
        images,
        wrong: wrong.reduce((sum, is) => sum + is, 0),
        temperature: 1,
        negativeLogLikelihood: 0,
        smoothedError: 0,
      },
    },
    certainty: hardness.map(hard => Math.min(1, Math.max(0, 1 - hard + 0.1 * (next() - 0.5)))),
    unlikelihood: smoothed.map(error => -Math.log(1 - 0.9 * Math.min(1, error))),
    smoothed,
    wrong,
  }
}

const [vanilla, better, best] = [plan(0, 1, 0.4), plan(1, 2, 0.3), plan(2, 5, 0.25)]
const nothingShared = (plans: readonly Sites[]): readonly number[] => plans.map(() => 1)
const open = sequencesOf([vanilla, better, best], nothingShared)

/** What a sequence takes where its later stages take `factor` times their cost, whatever the search made of their prices. */
const trueTime = (stages: readonly JudgedPlan[], shares: readonly number[], factor: number): number =>
  stages.reduce((sum, { candidate }, k) => sum + candidate.cost * shares[k] * (k === 0 ? 1 : factor), 0)

/** A clock that is off by a factor, one for each time it is asked. */
const clockOf = (factor: number, off: (call: number) => number = () => 1) => {
  const calls: ('throughAll' | 'mean')[] = []
  const wrongly = (time: number): number => time * off(calls.length - 1)
  const clock: SequenceClock = {
    throughAll: async sequences => {
      calls.push('throughAll')
      return sequences.map(({ stages }) =>
        wrongly(
          trueTime(
            stages,
            stages.map(() => 1),
            factor,
          ),
        ),
      )
    },
    mean: async ({ stages, shares }) => {
      calls.push('mean')
      return wrongly(trueTime(stages, shares, factor))
    },
  }
  return { calls, clock }
}
const asPredicted = ({ prices }: OpenSequence): readonly number[] => prices
const choose = (budget: number, clock: SequenceClock, among = open, compiledPrices = asPredicted) =>
  chooseSequence(among, { vanilla, budget, measure: 'margin', compiledPrices, clock })
const timeOf = ({ chosen }: Awaited<ReturnType<typeof choose>>, factor = 1): number =>
  chosen === undefined ? Number.NaN : trueTime(chosen.candidate.stages, chosen.candidate.shares, factor)

describe('chooseSequence', () => {
  it('takes what errs least within the budget by the clock', async () => {
    const { chosen } = await choose(1.8, clockOf(1).clock)
    expect(chosen?.relative).toBeLessThanOrEqual(1.8)
    expect(chosen?.relative).toBeGreaterThan(1.7)
    expect(chosen?.worst).toBeGreaterThan(2.5)
    expect(chosen?.candidate.score.wrong).toBeLessThan(vanilla.candidate.score.wrong)
  })

  it('lowers thresholds where later stages take more than was predicted, and raises them where they take less', async () => {
    const shares = await Promise.all(
      [0.7, 1, 1.5].map(async factor => {
        const choice = await choose(1.8, clockOf(factor).clock, sequencesOf([vanilla, better], nothingShared))
        expect(timeOf(choice, factor)).toBeLessThanOrEqual(1.8)
        expect(timeOf(choice, factor)).toBeGreaterThan(1.7)
        return choice.chosen?.candidate.shares[1] ?? Number.NaN
      }),
    )
    expect(shares).toEqual(shares.toSorted((a, b) => b - a))
    expect(new Set(shares).size).toBe(3)
  })

  it('times what it takes twice, and lowers the thresholds where the mean is over the budget', async () => {
    const among = sequencesOf([vanilla, better], nothingShared)
    // The first mean time flatters.
    const { clock, calls } = clockOf(1, call => (call === 1 ? 0.98 : call === 2 ? 1.1 : 1))
    const { chosen, measured } = await choose(1.6, clock, among)
    expect(calls.slice(0, 3)).toEqual(['throughAll', 'mean', 'mean'])
    const [over] = measured
    expect(over.relative).toBeGreaterThan(1.6)
    expect(chosen?.relative).toBeLessThanOrEqual(1.6)
    expect(chosen?.candidate.thresholds[0]).toBeLessThan(over.candidate.thresholds[0])
  })

  it.each([1.2, 1.45, 2])(
    'uses most of a budget of %d by a clock that is noisy, and does not take much more',
    async budget => {
      const used: number[] = []
      for (let seed = 0; seed < 40; seed++) {
        const { normal } = random(seed, 'noise')
        const choice = await choose(budget, clockOf(1.1, () => 1 + 0.05 * normal()).clock)
        used.push((timeOf(choice, 1.1) - 1) / (budget - 1))
      }
      const sorted = used.toSorted((a, b) => a - b)
      expect(sorted[0]).toBeGreaterThan(0.6)
      expect(sorted[20]).toBeGreaterThan(0.8)
      expect(sorted[39]).toBeLessThan(1.25)
    },
  )

  it.each([...[2, 4, 5].map(seed => ({ right: 0, expected: 2, seed })), { right: 100, expected: 3, seed: 1 }])(
    'takes $expected stages, seed $seed, where a third is right on $right images more, and otherwise better by chance',
    async of => {
      const hardest = [...better.certainty.keys()].sort((a, b) => better.certainty[a] - better.certainty[b])
      const righted = new Set(hardest.filter(image => better.wrong[image] === 1).slice(0, of.right))
      const { normal } = random(of.seed, 'chance')
      const third = {
        ...better,
        candidate: { ...better.candidate, cost: 3 },
        wrong: better.wrong.map((is, image) => (righted.has(image) ? 0 : is)),
        smoothed: better.smoothed.map((loss, image) => (righted.has(image) ? 0 : loss + 0.3 * normal())),
      }
      const among = [
        [vanilla, better],
        [vanilla, better, third],
      ].map(stages => openSequence(stages, nothingShared))
      const { chosen } = await choose(2.8, clockOf(1).clock, among)
      expect(chosen?.candidate.stages).toHaveLength(of.expected)
    },
  )

  it('compiles before it times: what costs more than was predicted is neither timed nor taken', async () => {
    const dearAsCompiled = ({ stages, prices }: OpenSequence): readonly number[] =>
      stages.length === 3 ? [prices[0], 4 * prices[1], 4 * prices[2]] : prices
    const timed: number[] = []
    const { clock } = clockOf(1)
    const counted: SequenceClock = {
      ...clock,
      throughAll: sequences => {
        timed.push(...sequences.map(({ stages }) => stages.length))
        return clock.throughAll(sequences)
      },
    }
    const among = [
      [vanilla, better],
      [vanilla, better, best],
    ].map(stages => openSequence(stages, nothingShared))
    expect((await choose(2.8, clock, among)).chosen?.candidate.stages).toHaveLength(3)
    expect((await choose(2.8, counted, among, dearAsCompiled)).chosen?.candidate.stages).toHaveLength(2)
    expect(timed[0]).toBe(2)
  })

  it('gives up after some times where the clock never keeps the budget', async () => {
    const { clock, calls } = clockOf(1, call => 2 ** (call + 1))
    expect((await choose(1.8, clock)).chosen).toBeUndefined()
    expect(calls.length).toBeLessThanOrEqual(14)
  })

  it('takes nothing that is not better than vanilla beyond chance', async () => {
    const { calls, clock } = clockOf(1)
    const same = sequencesOf([vanilla, { ...vanilla, candidate: { ...vanilla.candidate, cost: 2 } }], nothingShared)
    expect(await choose(1.8, clock, same)).toEqual({ chosen: undefined, measured: [] })
    const few = vanilla.unlikelihood.map((loss, image) => (image === 3 ? 0 : loss))
    const hardly = { ...vanilla, unlikelihood: few, candidate: { ...vanilla.candidate, cost: 2 } }
    expect((await choose(1.8, clock, sequencesOf([vanilla, hardly], nothingShared))).chosen).toBeUndefined()
    expect(calls).toEqual([])
  })
})

describe('sequences', () => {
  it('are all twos and threes, in the order of the plans', () => {
    expect(open.map(({ stages }) => stages.map(({ candidate }) => candidate.sites[0]?.map ?? 0))).toEqual([
      [0, 1],
      [0, 1, 2],
      [0, 2],
      [1, 2],
    ])
  })

  it('cost what shares say, and read as plans', async () => {
    const { chosen } = await choose(1.8, clockOf(1).clock)
    const sequence = (chosen as NonNullable<typeof chosen>).candidate
    expect(sharesOf(sequence)).toEqual(sequence.shares)
    expect(costOf(sequence, sequence.shares)).toBeCloseTo(sequence.cost, 9)
    const read = adaptivePlan(sequence)
    expect(orThrow(parsePlan(printPlan(read)))).toEqual(read)
  })

  it('pay for what the stages before have not computed', () => {
    const { graph } = createZooNetwork('preact-resnet-8?classes=10')
    const of = (...plans: readonly string[]): readonly number[] =>
      remainingShares(graph)(plans.map(name => sitesOf(fixedPlanOf(name), graph)))
    expect(of('vanilla', 'vanilla-tta-geo')).toEqual([1, expect.closeTo(0.5, 9)])
    expect(of('vanilla', 'vanilla')).toEqual([1, 0])
    expect(of('vanilla-tta-geo', 'vanilla')).toEqual([1, 0])
    expect(of('vanilla', 'vanilla-tta-geo', 'd4@0:geo')).toEqual([1, expect.closeTo(0.5, 9), expect.closeTo(0.75, 9)])
    // A branch inside shares what lies before it.
    const [, inside] = of('vanilla', 'flip@3:geo')
    expect(inside).toBeGreaterThan(0.05)
    expect(inside).toBeLessThan(0.5)
    const { prices } = openSequence([vanilla, better], plans => plans.map((_, k) => (k === 0 ? 1 : 0.5)))
    expect(prices).toEqual([1, 1])
  })
})

describe('provenPlans', () => {
  it('leaves out what is no better than vanilla beyond chance', () => {
    const lucky = { ...vanilla, candidate: { ...vanilla.candidate }, unlikelihood: vanilla.unlikelihood.with(3, 0) }
    expect(provenPlans([vanilla, lucky, better], vanilla)).toEqual([vanilla, better])
  })
})

describe('stagePlans', () => {
  const candidate = (map: number, cost: number, loss: number): Candidate => ({
    ...vanilla.candidate,
    sites: branches(map),
    cost,
    score: { ...vanilla.candidate.score, negativeLogLikelihood: loss },
  })

  it('has vanilla, what nothing cheaper equals, and what is always to be looked at, the cheapest first', () => {
    const [first, cheap, dear, useless, asked] = [
      candidate(0, 1, 1),
      candidate(1, 2, 0.9),
      candidate(2, 3, 0.8),
      candidate(3, 3, 0.95),
      candidate(4, 4, 2),
    ]
    const searched = { candidates: [dear, cheap, useless, first, asked], vanilla: first }
    const found = stagePlans(searched, 'likelihood', [asked.sites])
    expect(found).toEqual([first, cheap, dear, asked])
  })

  it('is thinned out where the front is long', () => {
    const front = Array.from({ length: 60 }, (_, k) => candidate(k, 1 + k, 1 - k / 100))
    const found = stagePlans({ candidates: front, vanilla: front[0] }, 'likelihood', [])
    expect(found).toHaveLength(12)
    expect([found[0], found.at(-1)]).toEqual([front[0], front[59]])
  })
})
