import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { printPlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { parseStages, placedStages } from '../../../../src/experiment/search/given-stages.ts'
import { planOf } from '../../../../src/experiment/search/space.ts'
import { createZooNetwork } from '../../../../src/index.ts'

const stagesIn = (text: string): readonly string[] => orThrow(parseStages(text)).map(printPlan)

describe('parseStages', () => {
  it('reads plans that have commas of their own', () => {
    expect(stagesIn('vanilla,vanilla-tta-geo,flip@0,shift4@4:geo')).toEqual([
      'vanilla',
      'vanilla-tta-geo',
      'flip@0,shift4@4:geo',
    ])
    expect(stagesIn('vanilla,{id,shift(1,0)}@4:geo')).toEqual(['vanilla', '{id,shift(1,0)}@4:geo'])
    expect(stagesIn('vanilla,flip-3-max,sum-tta')).toEqual(['vanilla', 'flip-3-max,sum-tta'])
    expect(stagesIn('flip@0:geo,flip@0,flip@4:geo')).toEqual(['flip@0:geo', 'flip@0,flip@4:geo'])
    expect(stagesIn('flip@0;flip@0,flip@4')).toEqual(['flip@0:geo', 'flip@0,flip@4:geo'])
  })

  it.each(['vanilla', '', 'vanilla,flop', 'vanilla;vanilla;vanilla;vanilla', 'vanilla,vanilla/0.3/flip@0:geo'])(
    'refuses %j',
    text => {
      expect(parseStages(text)).toMatchObject({ left: [{ where: '--stages' }] })
    },
  )
})

describe('placedStages', () => {
  const { graph } = createZooNetwork('preact-resnet-8?classes=10')

  it('has the branches of each stage, from the image on', () => {
    const placed = orThrow(placedStages(orThrow(parseStages('vanilla,vanilla-tta-geo,flip-2-max-tta')), graph, 0))
    expect(placed.map(({ sites, reduction }) => printPlan(planOf(sites, reduction)))).toEqual([
      'vanilla',
      'flip@0:geo',
      'flip@0,flip@2,flip@3:max',
    ])
  })

  it('refuses a stage that does not fit, or branches twice at one feature map', () => {
    for (const text of ['vanilla,flip@99', 'vanilla,flip@0,flipv@0'])
      expect(E.isLeft(placedStages(orThrow(parseStages(text)), graph, 0)), text).toBe(true)
  })
})
