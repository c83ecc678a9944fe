import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { certaintyMeasures, renderProblems } from '../../ir/index.ts'
import {
  decodePlan,
  fixedPlan,
  isAdaptive,
  parseFixedPlan,
  parsePlan,
  printPlan,
  stagesOf,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { fixedPlanOf } from '../fixed-plan.ts'

const margin = (below: number) => ({ measure: 'margin', below }) as const

const refused = (plan: ReturnType<typeof parsePlan>): string =>
  E.isLeft(plan) ? renderProblems(plan.left) : printPlan(plan.right)

describe('an adaptive plan', () => {
  it('is its stages with a gate between each two', () => {
    const plan = orThrow(parsePlan('vanilla / 0.7 / vanilla-tta-geo / entropy=.1 / flip@0,shift4@4:geo'))
    expect(isAdaptive(plan)).toBe(true)
    expect(plan).toEqual({
      stages: ['vanilla', 'vanilla-tta-geo', 'flip@0,shift4@4:geo'].map(fixedPlanOf),
      gates: [margin(0.7), { measure: 'entropy', below: 0.1 }],
    })
    expect(stagesOf(plan).map(printPlan)).toEqual(['vanilla', 'vanilla-tta-geo', 'flip@0,shift4@4:geo'])
    const fixed = fixedPlanOf('flip-2-max')
    expect([isAdaptive(fixed), stagesOf(fixed)]).toEqual([false, [fixed]])
  })

  it('prints as what parses to it, whatever its gates', () => {
    const stage = fc.constantFrom('vanilla', 'vanilla-tta-max', 'flip-2-none,geo', 'flip@0,{id,shift(1,0)}@4:max:sum')
    const gate = fc.record({
      measure: fc.constantFrom(...certaintyMeasures),
      below: fc.oneof(fc.constantFrom(0, 1, 1e-9, 5e-324), fc.double({ min: 0, max: 1, noNaN: true })),
    })
    const plans = fc.array(fc.tuple(stage, gate), { minLength: 1, maxLength: 3 }).map(rows => ({
      stages: [...rows.map(([s]) => s), 'vanilla-tta-geo'].map(fixedPlanOf),
      gates: rows.map(r => r[1]),
    }))
    fc.assert(
      fc.property(plans, plan => {
        const file = {
          stages: plan.stages.map(printPlan),
          thresholds: plan.gates.map(({ below }) => below),
          measure: plan.gates.map(({ measure }) => measure),
        }
        expect(parsePlan(printPlan(plan))).toEqual(E.right(plan))
        expect(decodePlan(JSON.parse(JSON.stringify(file)))).toEqual(E.right(plan))
      }),
    )
  })

  it.each([
    [
      'vanilla/2/flip-2',
      /plan "vanilla\/2\/flip-2": saw the threshold 2; .*\n {2}Try: 0\.02: a certainty is no percentage/,
    ],
    ['vanilla/68%/flip-2', /saw the threshold "68%"; .*\n {2}Try: 0\.68: a certainty is no percentage/],
    ['vanilla/1e3/flip-2', /saw the threshold 1000; expected a number from 0 to 1\.?$/],
    ['vanilla/-0.5/flip-2', /saw the threshold "-0\.5"; .*entropy=NUMBER.*\n {2}Try: vanilla\/0\.68\/vanilla-tta-geo/],
    ['vanilla/entrpy=0.5/flip-2', /saw the threshold "entrpy=0\.5"; expected .*entropy=NUMBER/],
    ['vanilla/constructor=0.5/flip-2', /saw the threshold "constructor=0\.5"/],
    ['vanilla//flip-2', /saw the threshold ""/],
    ['vanilla/flip-2', /saw 2 parts; expected plans with a threshold between each two/],
    ['vanilla/0.5', /saw 2 parts/],
    ['/0.5/', /plan "", stage 1 of "\/0\.5\/": saw no such plan/],
    [
      'vanilla/0.5/flipp-2',
      /plan "flipp-2", stage 2 of "vanilla\/0\.5\/flipp-2": saw no such plan.*\n {2}Try: nearest names: flip-2,/,
    ],
    ['vanilla/0.5/shift4@x', /the site "shift4@x"/],
  ])('%s is none', (text, said) => {
    expect(refused(parsePlan(text))).toMatch(said)
  })

  it('stands in a plan file, its stages in any form that a file has', () => {
    const stages = ['vanilla', { plan: 'vanilla-tta-geo' }, { sites: [{ set: 'flip', map: 0 }], reduction: 'max' }]
    const text = (gates: readonly string[]) => parsePlan(`vanilla/${gates[0]}/vanilla-tta-geo/${gates[1]}/flip@0:max`)
    expect(decodePlan({ stages, thresholds: [0.5, 0.1] })).toEqual(text(['0.5', '0.1']))
    expect(decodePlan({ stages, thresholds: [0.5, 0.1], measure: 'entropy' })).toEqual(
      text(['entropy=0.5', 'entropy=0.1']),
    )
    expect(decodePlan({ stages, thresholds: [0.5, 0.1], measure: ['margin', 'probability'] })).toEqual(
      text(['0.5', 'probability=0.1']),
    )
    expect(decodePlan({ plan: 'vanilla/0.5/flip-2-max' })).toEqual(parsePlan('vanilla/0.5/flip-2-max'))
  })

  it.each([
    [{ stages: ['vanilla', 'flip-2'], thresholds: [] }, /saw 2 stages, 0 thresholds, 0 measures/],
    [{ stages: [], thresholds: [] }, /saw 0 stages/],
    [{ stages: ['vanilla', 'flip-2'], thresholds: [0.5], measure: [] }, /1 thresholds, 0 measures/],
    [{ stages: ['vanilla', 'flip-2'], thresholds: [-0.1] }, /saw the threshold -0\.1/],
    [{ stages: ['vanilla', 'flip-2'], thresholds: [68] }, /saw the threshold 68; .*\n {2}Try: 0\.68/],
    [{ stages: ['vanilla', 'flip-2'], thresholds: ['0.5'] }, /no form of a plan file/],
    [{ stages: ['vanilla', 'flip-2'], thresholds: [0.5], measure: 'surprise' }, /no form of a plan file/],
    [{ stages: ['vanilla', 'flipp-2'], thresholds: [0.5] }, /plan "flipp-2", stage 2 of "file"[\s\S]*flip-2,/],
    [{ stages: ['vanilla', 3], thresholds: [0.5] }, /plan "file", stage 2 of "file": saw no form/],
    [
      { stages: ['vanilla/0.5/flip-2', 'flip-3'], thresholds: [0.5] },
      /stage 1 of "file": saw a plan of 2 stages; expected a plan without thresholds for a stage/,
    ],
  ])('%j is no plan file', (json, said) => {
    expect(refused(decodePlan(json))).toMatch(said)
  })

  it('is refused where one plan is wanted, its stages named', () => {
    const plan = orThrow(parsePlan('vanilla/0.5/flip-2-max'))
    expect(refused(fixedPlan(plan, 'train'))).toMatch(
      /plan "vanilla\/0\.5\/flip-2-max": saw a plan of 2 stages; expected a plan without thresholds for train\.\n {2}Try: one of the stages: vanilla or flip-2-max/,
    )
    expect(refused(parseFixedPlan('vanilla/0.5/flip-2-max'))).toMatch(/expected a plan without thresholds\./)
    expect(parseFixedPlan('flip-2-max')).toEqual(E.right(fixedPlanOf('flip-2-max')))
  })
})
