import { describe, expect, it } from 'vitest'
import { wilsonPercent } from '../../../../src/execute/score.ts'
import { impactPage } from '../../../../src/report/page/impact-page.ts'
import { type SearchFindings, searchPage } from '../../../../src/report/page/search-page.ts'
import type { Page } from '../../../../src/report/page/section.ts'
import { type SweepFindings, sweepPage } from '../../../../src/report/page/sweep-page.ts'
import { sourced } from './findings.ts'

const charts = ({ sections }: Page) => sections.flatMap(section => (section.kind === 'chart' ? [section] : []))

const transformed = (only: number, geo: number, max: number) => ({
  only,
  only_difference_interval: [-0.12, 0.88] as const,
  branch: { geo, max },
  branch_difference_interval: { geo: [-2.4, -1.4] as const, max: [-2, -1] as const },
})

describe('the page of impact', () => {
  const page = impactPage({
    ...sourced,
    network: 'cifar-resnet-20',
    data: 'cifar100 test',
    images: 10_000,
    vanilla_error_percent: 31.17,
    positions: [
      {
        map: 0,
        name: 'conv1',
        shape: [32, 32, 16],
        results: {
          flip: transformed(31.55, 29.24, 29.7),
          'scale(1.1)': transformed(42.43, 32.88, 33.19),
        },
      },
      {
        map: 9,
        name: 'layer3.2',
        shape: [8, 8, 64],
        results: { flip: transformed(32.07, 31.56, 31.42) },
      },
    ],
  })

  it('has a chart for the maps by themselves and one for each reduction, a line a transform', () => {
    expect(charts(page).map(({ id }) => id)).toEqual(['only', 'branch-geo', 'branch-max'])
    const [only, geo] = charts(page).map(({ chart }) => chart)
    expect(only).toMatchObject({
      levels: [{ name: 'vanilla', value: 31.17 }],
      x: { names: { 0: 'conv1, 32×32×16', 9: 'layer3.2, 8×8×64' } },
      lines: [
        {
          name: 'flip',
          points: [
            { x: 0, value: 31.55, interval: [31.17 - 0.12, 31.17 + 0.88] },
            { x: 9, value: 32.07 },
          ],
        },
        { name: 'scale(1.1)', points: [{ x: 0, value: 42.43 }] },
      ],
    })
    expect(geo).toMatchObject({
      lines: [{ points: [{ value: 29.24 }, { value: 31.56 }] }, { points: [{ value: 32.88 }] }],
    })
    expect(charts(page)[0].table?.rows).toEqual([
      [{ number: '0' }, 'conv1, 32×32×16', { number: '31.55 (−0.12 to +0.88)' }, { number: '42.43 (−0.12 to +0.88)' }],
      [{ number: '9' }, 'layer3.2, 8×8×64', { number: '32.07 (−0.12 to +0.88)' }, { number: '–' }],
    ])
  })
})

const cell = (
  plan: string,
  train: string,
  inference: string,
  mean: number,
  time: number | null,
): SweepFindings['table'][number] => ({
  plan,
  train_reduction: train,
  inference_reduction: inference,
  seeds: [0, 7],
  error_percent: { mean, spread: 0.5 },
  relative_time: time,
})

describe('the page of a sweep', () => {
  const table = [
    cell('vanilla', 'vanilla', 'vanilla', 40, 1),
    cell('flip-2', 'vanilla', 'max', 43, 1.3),
    cell('flip-2', 'max', 'vanilla', 47.5, 1),
    cell('flip-2', 'max', 'max', 38.25, 1.3),
  ]

  it('sets error against time, by reductions, beside vanilla', () => {
    const page = sweepPage({ ...sourced, network: 'n', table })
    expect(charts(page).map(({ id }) => id)).toEqual(['time', 'matrix-flip-2'])
    expect(charts(page)[0].chart).toMatchObject({
      kind: 'scatter',
      levels: [{ name: 'vanilla', value: 40 }],
      groups: [
        { name: 'vanilla, vanilla', points: [{ name: 'vanilla', x: 1, y: 40, interval: [39.5, 40.5] }] },
        { name: 'vanilla, max', points: [{ name: 'flip-2', x: 1.3, y: 43 }] },
        { name: 'max, vanilla', points: [{ name: 'flip-2', x: 1, y: 47.5 }] },
        { name: 'max, max', points: [{ name: 'flip-2', x: 1.3, y: 38.25 }] },
      ],
    })
  })

  it('says first what looks wrong', () => {
    const [first] = sweepPage({ ...sourced, network: 'n', table, warnings: ['at chance'] }).sections
    expect(first).toMatchObject({ kind: 'text', heading: 'Mind', paragraphs: ['at chance'] })
  })

  it('has a matrix for each plan, with holes where nothing was run', () => {
    const [, { chart }] = charts(sweepPage({ ...sourced, network: 'n', table }))
    expect(chart).toMatchObject({
      rows: { names: ['vanilla', 'max'] },
      columns: { names: ['max', 'vanilla'] },
      values: [
        [{ value: 43 }, { value: null }],
        [{ value: 38.25 }, { value: 47.5 }],
      ],
    })
  })

  it('has no chart of times where nothing was timed, and the verdicts where there are some', () => {
    const claims = [
      { says: 'a', rule: 'r', verdict: 'reproduced', because: ['x', 'y'] },
      { says: 'b', rule: 's', verdict: 'untested here', because: ['u', 'v'] },
    ]
    const page = sweepPage({ ...sourced, network: 'n', table: table.map(c => ({ ...c, relative_time: null })), claims })
    expect(charts(page).map(({ id }) => id)).toEqual(['matrix-flip-2'])
    expect(page.sections.at(-1)).toMatchObject({
      folded: true,
      text: 'Untested here: b (v).',
      rows: [['a', 'reproduced', 'x; y', 'r']],
    })
  })
})

const differences = {
  difference_interval: [-3, -2] as const,
  report_difference_interval: [-2.5, -1.4] as const,
}

describe('the page of a search', () => {
  const found: SearchFindings = {
    ...sourced,
    network: 'n',
    plan: 'flip@1:geo',
    beats_vanilla: true,
    budget: '2.2x',
    budget_relative: 2.2,
    relative_cost: 1.98,
    select: { data: 'first', images: 5000, error_percent: 28.5, vanilla_error_percent: 31 },
    report: {
      data: 'second',
      images: 5000,
      error_percent: 29.24,
      vanilla_error_percent: 31.2,
      tta_error_percent: 29.3,
      won: 300,
      lost: 202,
      p_value: 0.00001,
    },
    front: [
      { plan: 'vanilla', relative_cost: 1, error_percent: 31, report_error_percent: 31.2, ...differences },
      { plan: 'flip@1:geo', relative_cost: 1.98, error_percent: 28.5, report_error_percent: 29.24, ...differences },
    ],
    evaluated: 4000,
    seconds: 300,
  }

  it('shows the plan beside vanilla and flip TTA on other images, and the front with the budget on both', () => {
    const page = searchPage(found)
    expect(charts(page).map(({ id }) => id)).toEqual(['report', 'front', 'front-report'])
    const [report, front, other] = charts(page).map(({ chart }) => chart)
    expect(report).toMatchObject({
      names: ['vanilla', 'flip TTA', 'flip@1:geo'],
      bars: [{ values: [{ value: 31.2 }, { value: 29.3 }, { value: 29.24, interval: wilsonPercent(1462, 5000) }] }],
    })
    expect(charts(page)[0].text).toContain('turned 300 right and 202 wrong')
    const groups = (first: number, second: number, interval: readonly number[]) => [
      { name: 'plans', points: [{ name: 'vanilla', x: 1, y: first }] },
      { name: 'the chosen plan', points: [{ name: 'flip@1:geo', x: 1.98, y: second, interval }] },
    ]
    const held = (value: number) => ({ levels: [{ name: 'vanilla', value }], limit: { value: 2.2 } })
    expect(front).toMatchObject({ groups: groups(31, 28.5, [28, 29]), ...held(31) })
    expect(other).toMatchObject({ groups: groups(31.2, 29.24, [31.2 - 2.5, 31.2 - 1.4]), ...held(31.2) })
  })

  it('shows flip TTA once where it was chosen', () => {
    const page = searchPage({ ...found, plan: 'flip@0:geo' })
    expect(charts(page)[0].chart).toMatchObject({ names: ['vanilla', 'flip@0:geo, flip TTA'] })
  })

  it('shows stages as their thresholds move, with the worst case and who goes on', () => {
    const stages = ['vanilla', 'flip@1:geo']
    const [plan, name] = ['vanilla/0.4/flip@1:geo', 'vanilla/0.4/flip@1:geo, 24.9 % go on']
    const staged: SearchFindings = {
      ...found,
      plan,
      relative_cost: 1.3,
      front: [
        ...found.front,
        { plan, relative_cost: 1.3, error_percent: 28.6, report_error_percent: 29.3, ...differences },
      ],
      adaptive: { stages, shares_percent: [100, 24.9], report_shares_percent: [100, 25.3], worst_relative_cost: 2.1 },
      curve: {
        stages,
        points: [
          {
            thresholds: [0],
            relative_cost: 1,
            shares_percent: [100, 0],
            error_percent: 31,
            report_error_percent: 31.2,
          },
          {
            thresholds: [0.4],
            relative_cost: 1.3,
            shares_percent: [100, 24.9],
            error_percent: 28.6,
            report_error_percent: 29.3,
          },
        ],
      },
    }
    const page = searchPage(staged)
    const [, front, other] = charts(page).map(({ chart }) => chart)
    const groups = (first: number, second: number) => [
      { name: 'plans', points: [{ name: 'vanilla' }, { name: 'flip@1:geo' }] },
      { name: 'the chosen plan', points: [{ name: plan, label: '2 stages', y: second }] },
      {
        joined: true,
        points: [
          { x: 1, y: first },
          { name, x: 1.3, y: second },
        ],
      },
    ]
    expect(front).toMatchObject({ groups: groups(31, 28.6) })
    expect(other).toMatchObject({ groups: groups(31.2, 29.3) })
    expect(page.sections[0]).toMatchObject({
      facts: expect.arrayContaining([
        { name: 'mean time over vanilla', value: '1.30×' },
        { name: 'time where all images go on', value: '2.10×' },
        { name: 'images that go on', value: '24.9 %' },
      ]),
    })
  })

  it('says where nothing beats vanilla, with the warnings', () => {
    const page = searchPage({ ...found, plan: 'vanilla', beats_vanilla: false, warnings: ['mind this'] })
    expect(page.sections).toContainEqual(
      expect.objectContaining({ paragraphs: [expect.stringContaining('beats vanilla within 2.2x'), 'mind this'] }),
    )
    expect(charts(page)[0].chart).toMatchObject({ names: ['vanilla', 'flip TTA'] })
  })
})
