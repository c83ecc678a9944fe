import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../../../ir/index.ts'
import { placePlan, printPlan } from '../../../../passes/index.ts'
import { decodeSweep, type SweepConfig } from '../../../../src/experiment/sweep/config.ts'
import { expandGrid, rowName, type SweepTraining } from '../../../../src/experiment/sweep/grid.ts'
import { createZooNetwork } from '../../../../src/index.ts'
import { fixedPlanOf } from '../../../fixed-plan.ts'

const { graph } = createZooNetwork('preact-resnet-14?classes=10')

const grid = (config: Pick<SweepConfig, 'plans'> & Partial<SweepConfig>): readonly SweepTraining[] | string => {
  const sweep = decodeSweep({ network: 'n', train: 't', evaluate: 'e', recipe: 'default', ...config }, 'c.json')
  if (E.isLeft(sweep)) return renderProblems(sweep.left)
  const trainings = expandGrid(sweep.right, graph)
  return E.isLeft(trainings) ? renderProblems(trainings.left) : trainings.right
}

const trainings = (config: Parameters<typeof grid>[0]): readonly SweepTraining[] => {
  const found = grid(config)
  if (typeof found === 'string') throw new Error(found)
  return found
}

/** `plan training→inference: what is run`. */
const runsOf = ({ runs }: SweepTraining): readonly string[] =>
  runs.map(
    ({ plan, train_reduction, inference_reduction, evaluated }) =>
      `${plan} ${train_reduction}→${inference_reduction}: ${printPlan(evaluated)}`,
  )

describe('expandGrid', () => {
  it('trains each branching under each reduction and seed, and vanilla once a seed', () => {
    const found = trainings({
      plans: ['vanilla', 'vanilla-tta', 'flip-1', 'flip-2', 'flip-3'],
      train_reductions: ['max', 'none'],
      seeds: [4, 5],
    })
    const names = ['vanilla', 'flip-1-max', 'flip-1-none', 'flip-2-max', 'flip-2-none', 'flip-3-max', 'flip-3-none']
    expect(found.map(({ name, seed }) => `${name} ${seed}`)).toEqual(
      [4, 5].flatMap(seed => names.map(name => `${name} ${seed}`)),
    )
    expect(found.every(({ seed, runs }) => runs.every(run => run.seed === seed))).toBe(true)
  })

  it('runs what was trained under every inference reduction and without its branches, and vanilla with all branches', () => {
    const [vanilla, max, none] = trainings({
      plans: ['vanilla', 'flip-1'],
      train_reductions: ['max', 'none'],
      inference_reductions: ['max', 'geo'],
    })
    expect(runsOf(vanilla)).toEqual([
      'vanilla vanilla→vanilla: vanilla',
      'flip-1 vanilla→max: flip-1-max',
      'flip-1 vanilla→geo: flip-1-geo',
      'flip-1 vanilla→vanilla: vanilla',
    ])
    expect(runsOf(max)).toEqual([
      'flip-1 max→max: flip-1-max',
      'flip-1 max→geo: flip-1-geo',
      'flip-1 max→vanilla: vanilla',
    ])
    expect(runsOf(none)).toEqual([
      'flip-1 none→max: flip-1-max',
      'flip-1 none→geo: flip-1-geo',
      'flip-1 none→vanilla: vanilla',
    ])
    expect(printPlan(none.plan)).toBe('flip-1-none,geo')
  })

  it('shares a training between test-time augmentations', () => {
    const [vanilla, flip, ...more] = trainings({
      plans: ['vanilla', 'flip-1'],
      inference_reductions: ['sum'],
      tta: [false, true],
    })
    expect(more).toEqual([])
    expect(runsOf(vanilla)).toEqual([
      'vanilla vanilla→vanilla: vanilla',
      'vanilla-tta vanilla→sum: vanilla-tta-sum',
      'flip-1 vanilla→sum: flip-1-sum',
      'flip-1 vanilla→vanilla: vanilla',
      'flip-1-tta vanilla→sum: flip-1-sum-tta',
      'flip-1-tta vanilla→vanilla: vanilla-tta-geo',
    ])
    expect(runsOf(flip)).toEqual([
      'flip-1 max→sum: flip-1-sum',
      'flip-1 max→vanilla: vanilla',
      'flip-1-tta max→sum: flip-1-sum-tta',
      'flip-1-tta max→vanilla: vanilla-tta-geo',
    ])
  })

  it('takes -tta and reductions of a plan at their word', () => {
    const [vanilla, flip] = trainings({ plans: ['vanilla-tta-sum', 'flip-2-none,geo-tta'], train_reductions: ['max'] })
    expect(runsOf(vanilla)).toEqual([
      'vanilla-tta vanilla→sum: vanilla-tta-sum',
      'flip-2-tta vanilla→geo: flip-2-geo-tta',
      'flip-2-tta vanilla→vanilla: vanilla-tta-geo',
    ])
    expect(flip.name).toBe('flip-2-none')
    expect(runsOf(flip)).toEqual(['flip-2-tta none→geo: flip-2-geo-tta', 'flip-2-tta none→vanilla: vanilla-tta-geo'])
  })

  it('trains once what trains the same under another name', () => {
    // The last branchable map of this network is 6.
    const [one, ...more] = trainings({ plans: ['flip-1', 'flip-only1', 'flip@6'], inference_reductions: ['max'] })
    expect(more).toEqual([])
    expect(one.name).toBe('flip-1-max')
    expect(one.runs.map(run => run.plan)).toEqual(['flip-1', 'flip-1', 'flip-only1', 'flip-only1', 'flip@6', 'flip@6'])
  })

  it('trains no vanilla where none is asked for', () => {
    expect(trainings({ plans: ['rotate@3', 'scale-1'] }).map(({ name }) => name)).toEqual([
      'rotate@3:max',
      'scale-1-max',
    ])
  })

  it('has every plan fit the network', () => {
    for (const { runs, plan } of trainings({ plans: ['vanilla', 'flip-3', 'd4@2', 'shift4@1:geo'] }))
      for (const each of [plan, ...runs.map(run => run.evaluated)])
        expect(E.isRight(placePlan(each, graph, Math.random))).toBe(true)
  })

  it.each([
    ['flip-9', 'at most 6'],
    ['flop-1', 'flip-1'],
    ['flip-1-none', 'none,geo'],
    ['{flip}@3', 'does not branch'],
  ])('refuses %s', (text, words) => {
    expect(grid({ plans: [text] })).toContain(words)
  })

  it('refuses test-time augmentation for the compact form, which has no name for it', () => {
    expect(grid({ plans: ['flip@3'], tta: [false, true] })).toContain('compact form')
  })

  it('calls what takes as long the same', () => {
    expect(
      ['vanilla-tta-sum', 'flip-2-max-tta', 'flip@3:sum', 'rotate-only1-none,geo'].map(fixedPlanOf).map(rowName),
    ).toEqual(['vanilla-tta', 'flip-2-tta', 'flip@3', 'rotate-only1'])
  })
})
