import { describe, expect, it } from 'vitest'
import { difference, judgeClaims, type Verdict } from '../../../../src/experiment/sweep/claims.ts'
import { asTrained, type DoneRun, sweepTable } from '../../../../src/experiment/sweep/table.ts'

/** `flip-1 max max`, with an error a seed and a time. */
const runs = (cell: string, errors: readonly number[], relative_time: number | null = null): readonly DoneRun[] => {
  const [plan, train_reduction, inference_reduction] = cell.split(' ')
  return errors.map((error_percent, seed) => ({
    plan,
    train_reduction: train_reduction as DoneRun['train_reduction'],
    inference_reduction: inference_reduction as DoneRun['inference_reduction'],
    seed,
    error_percent,
    relative_time,
  }))
}

const verdicts = (...cells: readonly (readonly DoneRun[])[]): Readonly<Record<string, Verdict>> =>
  Object.fromEntries(judgeClaims(sweepTable(cells.flat())).map(({ claim, verdict }) => [claim, verdict]))

describe('sweepTable', () => {
  it('gathers cells over seeds: mean, standard deviation of a sample, range, median time', () => {
    const [cell, other, ...more] = sweepTable([
      ...runs('flip-1 max sum', [30, 31, 35], 1.2),
      ...runs('flip-1 max geo', [40]),
    ])
    expect(more).toEqual([])
    expect(cell).toMatchObject({ plan: 'flip-1', train_reduction: 'max', inference_reduction: 'sum', seeds: [0, 1, 2] })
    expect(cell.error_percent.mean).toBeCloseTo(32, 12)
    expect(cell.error_percent.spread).toBeCloseTo(Math.sqrt(7), 12)
    expect(cell.error_percent).toMatchObject({ min: 30, max: 35 })
    expect(cell.relative_time).toBe(1.2)
    expect(other.error_percent).toEqual({ mean: 40, spread: null, min: 40, max: 40 })
    expect(other.relative_time).toBeNull()
  })

  it('has the cells of a plan together', () => {
    const cells = sweepTable([...runs('a max max', [1]), ...runs('b max max', [1]), ...runs('a none max', [1])])
    expect(cells.map(({ plan, train_reduction }) => `${plan} ${train_reduction}`)).toEqual(['a max', 'a none', 'b max'])
  })
})

describe('asTrained', () => {
  it('keeps each plan as it was trained, under the reduction that goes with its training', () => {
    const names = [
      'vanilla vanilla vanilla',
      'vanilla-tta vanilla geo',
      'vanilla-tta vanilla max',
      'flip-1 vanilla geo',
    ]
    const trained = ['max', 'sum', 'geo', 'none'].flatMap(train =>
      ['max', 'sum', 'geo', 'vanilla'].map(inference => `flip-1-tta ${train} ${inference}`),
    )
    const kept = asTrained(sweepTable([...names, ...trained].flatMap(name => runs(name, [1]))))
    expect(kept.map(cell => `${cell.plan} ${cell.train_reduction} ${cell.inference_reduction}`)).toEqual([
      'vanilla vanilla vanilla',
      'vanilla-tta vanilla geo',
      'flip-1-tta max max',
      'flip-1-tta sum sum',
      'flip-1-tta geo geo',
      'flip-1-tta none geo',
    ])
  })
})

describe('difference', () => {
  const [a, b, few] = sweepTable([
    ...runs('a max max', [10, 20, 30, 40]),
    ...runs('b max max', [12, 21, 33]).map(run => ({ ...run, seed: run.seed + 1 })),
    ...runs('c max max', [1, 2]),
  ])

  it('pairs by seed, over the seeds that both have', () => {
    const d = difference(a, b)
    expect(d).toMatchObject({ mean: 8, seeds: 3 })
    expect(d?.error).toBeCloseTo(1 / Math.sqrt(3), 12)
  })

  it('is none over fewer than three', () => {
    expect(difference(a, few)).toBeUndefined()
  })
})

describe('claim a: flip-n-max matches flip-TTA for less time', () => {
  const tta = runs('vanilla-tta vanilla geo', [29, 29.1, 28.9], 2)
  const vanilla = runs('vanilla vanilla vanilla', [34.5, 34.6, 34.4], 1)
  const a = (...cells: readonly (readonly DoneRun[])[]) => verdicts(vanilla, ...cells).a

  it('is reproduced where one is as good and faster', () => {
    expect(a(tta, runs('flip-2 max max', [28.9, 29.2, 28.8], 1.4))).toBe('reproduced')
    expect(a(tta, runs('flip-1 max max', [35, 35, 35.2], 1.1), runs('flip-3 max max', [28, 28, 28], 1.9))).toBe(
      'reproduced',
    )
  })

  it('is not where all that are faster are worse, or what is as good is no faster', () => {
    expect(a(tta, runs('flip-2 max max', [30, 30.2, 29.9], 1.4))).toBe('not reproduced')
    expect(a(tta, runs('flip-3 max max', [28, 28, 28], 2.1))).toBe('not reproduced')
  })

  it('takes the best of the reductions of test-time augmentation', () => {
    const worse = runs('vanilla-tta vanilla max', [33, 33, 33], 2)
    expect(a(worse, tta, runs('flip-2 max max', [30, 30.2, 29.9], 1.4))).toBe('not reproduced')
    expect(a(worse, runs('flip-2 max max', [30, 30.2, 29.9], 1.4))).toBe('reproduced')
  })

  it('is untested without the cells, the times or a third seed, and where seeds differ too much to tell', () => {
    const flip = runs('flip-2 max max', [28, 28, 28], 1.4)
    expect(a(flip)).toBe('untested here')
    expect(a(tta)).toBe('untested here')
    expect(a(tta, runs('flip-2 max max', [28, 28, 28]))).toBe('untested here')
    expect(a(tta.slice(0, 2), flip.slice(0, 2))).toBe('untested here')
    expect(a(tta, runs('flip-2 none max', [28, 28, 28], 1.4))).toBe('untested here')
    expect(a(tta, runs('flip-2 max max', [27, 33, 29], 1.4))).toBe('untested here')
    expect(a(tta, runs('flip-2 max max', [24, 30, 28], 1.4))).toBe('reproduced')
  })

  it('is untested where test-time augmentation gains nothing: there is nothing to match', () => {
    const flip = runs('flip-2 max max', [28, 28, 28], 1.4)
    const level = runs('vanilla vanilla vanilla', [29, 29.2, 28.8], 1)
    expect(verdicts(level, tta, flip).a).toBe('untested here')
    expect(verdicts(tta, flip).a).toBe('untested here')
    expect(verdicts(vanilla, tta, flip).a).toBe('reproduced')
  })
})

describe('claim b: -tta improves further', () => {
  const b = (...cells: readonly (readonly DoneRun[])[]) => verdicts(...cells).b
  const without = runs('flip-1 max max', [30, 31, 32])

  it('is judged seed by seed', () => {
    expect(b(without, runs('flip-1-tta max max', [29.5, 30.4, 31.5]))).toBe('reproduced')
    expect(b(without, runs('flip-1-tta max max', [29.5, 31.4, 32]))).toBe('not reproduced')
    expect(b(without, runs('flip-1-tta max max', [31, 32, 33]))).toBe('not reproduced')
  })

  it('wants every flip-n to improve', () => {
    const other = [runs('flip-2 max max', [30, 30, 30]), runs('flip-2-tta max max', [30.5, 30.4, 30.6])]
    expect(b(without, runs('flip-1-tta max max', [29, 30, 31.1]), ...other)).toBe('not reproduced')
  })

  it('is untested without both', () => {
    expect(b(without)).toBe('untested here')
    expect(b(without, runs('flip-1-tta max sum', [1, 1, 1]))).toBe('untested here')
  })
})

describe('claim c: reductions of training and inference belong together', () => {
  const c = (...cells: readonly (readonly DoneRun[])[]) => verdicts(...cells).c
  const max = [
    runs('flip-1 max max', [30, 31, 30]),
    runs('flip-1 max sum', [29, 30, 29.1]),
    runs('flip-1 max geo', [30, 31, 30.2]),
  ]
  const none = [runs('flip-1 none max', [32, 31, 33]), runs('flip-1 none geo', [30, 29.1, 31])]

  it('is reproduced where both hold', () => {
    expect(c(...max, ...none)).toBe('reproduced')
  })

  it('is not where one does not', () => {
    expect(c(...max, runs('flip-1 none max', [30, 30, 30]), runs('flip-1 none geo', [30, 30.1, 30]))).toBe(
      'not reproduced',
    )
    expect(c(runs('flip-1 max max', [30, 30, 30]), runs('flip-1 max geo', [29, 29, 29]), ...none)).toBe(
      'not reproduced',
    )
  })

  it('averages over rows', () => {
    const other = (worse: number) => [
      runs('flip-2 max max', [30 + worse, 30 + worse, 30 + worse]),
      runs('flip-2 max sum', [30 + worse, 30 + worse, 30 + worse]),
      runs('flip-2 max geo', [30, 30, 30]),
    ]
    expect(c(...max, ...none, ...other(0.5))).toBe('reproduced')
    expect(c(...max, ...none, ...other(1.5))).toBe('not reproduced')
  })

  it('is not where one half fails, whatever the other would', () => {
    expect(c(runs('flip-1 max max', [30, 30, 30]), runs('flip-1 max geo', [29, 29, 29]))).toBe('not reproduced')
    expect(c(runs('flip-1 none max', [30, 30, 30]), runs('flip-1 none geo', [30, 30.1, 30]))).toBe('not reproduced')
  })

  it('is untested without trainings under both, where the half that there is holds, and says that', () => {
    const half = judgeClaims(sweepTable(max.flat()))[2]
    expect(half.verdict).toBe('untested here')
    expect(half.because[0]).toMatch(/^trained with max, over flip-1: sum against geo: .* over 3 seeds$/)
    expect(c(...none)).toBe('untested here')
    expect(c(max[0], max[1], ...none)).toBe('untested here')
  })
})
