import { describe, expect, it } from 'vitest'
import type { Element, Transform } from '../../ir/index.ts'
import {
  canonicalVariant,
  distinctVariants,
  placePlan,
  type Variant,
  variantKey,
  variantsOfPlan,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { random } from '../../src/base/random.ts'
import { createZooNetwork } from '../../src/index.ts'
import { fixedPlanOf } from '../fixed-plan.ts'

const d4 = (element: Element): Transform => ({ kind: 'd4', element })
const shift = (dy: number, dx: number): Transform => ({ kind: 'shift', dy, dx })
const at = (map: number, transform: Transform) => ({ map, transform })

describe('a variant', () => {
  it('is written by what it does, from the image on', () => {
    expect(variantKey([])).toBe('id')
    expect(variantKey([at(7, d4('flip')), at(4, shift(1, 0))])).toBe('shift(1,0)@4+flip@7')
  })

  it('leaves out what does nothing, and composes acts that meet', () => {
    const nothing: Variant = [
      at(1, d4('id')),
      at(2, shift(0, 0)),
      at(3, { kind: 'rotate', degrees: 0 }),
      at(4, { kind: 'scale', factor: 1 }),
    ]
    expect(canonicalVariant(nothing)).toEqual([])
    expect(variantKey([at(3, d4('flip')), at(3, d4('flip'))])).toBe('id')
    expect(variantKey([at(3, d4('flip')), at(3, d4('transpose'))])).toBe('rot90@3')
    expect(variantKey([at(3, d4('transpose')), at(3, d4('flip'))])).toBe('rot270@3')
    expect(variantKey([at(3, d4('flip')), at(3, shift(0, 1)), at(3, d4('flip'))])).toBe('flip@3+shift(0,1)@3+flip@3')
  })

  it('stands beside those that it shares most with', () => {
    const variants = [[at(7, d4('flip'))], [], [at(2, d4('flip')), at(7, d4('flip'))], [at(2, d4('flip'))], []]
    expect(distinctVariants(variants).map(variantKey)).toEqual(['id', 'flip@2', 'flip@2+flip@7', 'flip@7'])
  })
})

describe('the variants of a plan', () => {
  const { graph } = createZooNetwork('cifar-resnet-8')
  const keysOf = (text: string): readonly string[] =>
    variantsOfPlan(orThrow(placePlan(fixedPlanOf(text), graph, random(0, 'plan').next))).map(variantKey)

  it.each([
    ['vanilla', ['id']],
    ['{flip}@2', ['flip@2']],
    ['flip-2-max', ['id', 'flip@3', 'flip@2', 'flip@2+flip@3']],
    [
      'flip@3,shift4@1:geo',
      ['id', 'flip@3', ...['0,1', '1,0', '1,1'].flatMap(s => [`shift(${s})@1`, `shift(${s})@1+flip@3`])],
    ],
    ['flip@2,{rotate(15)}@2:sum', ['rotate(15)@2', 'flip@2+rotate(15)@2']],
    ['{id,id,flip}@2:sum', ['id', 'id', 'flip@2']],
    ['flip-only1-max-tta', ['id', 'flip@3', 'flip@0', 'flip@0+flip@3']],
  ])('%s', (text, keys) => {
    expect(keysOf(text)).toEqual(keys)
  })
})
