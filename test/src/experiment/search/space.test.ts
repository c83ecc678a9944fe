import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { printTransform, Reduction } from '../../../../ir/index.ts'
import { featureMaps, parseFixedPlan, printPlan, variantKey } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { relativeMultiplyAdds } from '../../../../src/experiment/search/cost.ts'
import {
  defaultSets,
  keyOf,
  neighbours,
  parseSets,
  pathsOf,
  placesOf,
  planOf,
  type Sites,
  variantsIn,
} from '../../../../src/experiment/search/space.ts'
import { sitesOf } from '../../../../src/experiment/search/trained.ts'
import { createZooNetwork } from '../../../../src/index.ts'

const network = createZooNetwork('cifar-resnet-8')
const maps = featureMaps(network.graph)
const sites = (text: string): Sites => sitesOf(orThrow(parseFixedPlan(text)), network.graph)

describe('parseSets', () => {
  it('reads names and transforms in braces, each transform once, the identity never', () => {
    const names = orThrow(parseSets('flip,{id,flip,scale(1.2)},shift-2')).map(printTransform)
    expect(names).toEqual(['flip', 'scale(1.2)', 'shift(0,2)', 'shift(0,-2)', 'shift(2,0)', 'shift(-2,0)'])
    expect(orThrow(parseSets(defaultSets)).length).toBe(20)
  })

  it.each(['', 'flop', 'flip,shift4', '{flip', '{tilt(3)}', 'toString', '{id}'])('refuses %j', text => {
    expect(E.isLeft(parseSets(text))).toBe(true)
  })
})

describe('placesOf', () => {
  it('offers feature maps before convolutions what fits them', () => {
    const transforms = orThrow(parseSets('d4,{shift(1,0)}'))
    // After the last map no convolution follows.
    expect(placesOf(maps, transforms).map(({ map }) => map)).toEqual(maps.map(({ index }) => index).slice(0, -1))
    const type = { ...maps[0].type, h: 8, w: 4 }
    const [oblong] = placesOf([{ ...maps[0], type }], transforms)
    expect(oblong.transforms.map(printTransform)).toEqual(['flip', 'flipv', 'rot180', 'shift(1,0)'])
    expect(placesOf([{ ...maps[0], type: { ...type, h: 1, w: 1 } }], transforms)).toEqual([])
  })
})

describe('neighbours', () => {
  const places = placesOf(maps, orThrow(parseSets('{shift(1,0),flip}'))).filter(({ map }) => map === 1 || map === 2)

  it('of vanilla are a branch or a transform at one map', () => {
    expect(neighbours([], places).map(keyOf).sort()).toEqual(
      [
        '{flip}@1',
        '{flip}@2',
        '{id,shift(1,0)}@1',
        '{id,shift(1,0)}@2',
        '{shift(1,0)}@1',
        '{shift(1,0)}@2',
        'flip@1',
        'flip@2',
      ]
        .map(plan => `${plan}:geo`)
        .sort(),
    )
  })

  it('grow, shrink and swap; from each of them one step leads back', () => {
    const from = sites('{id,shift(1,0)}@1,flip@2')
    const near = neighbours(from, places)
    expect(near.map(keyOf)).toContain('{id,flip,shift(1,0)}@1,flip@2:geo')
    expect(near.map(keyOf)).toContain('flip@2:geo')
    expect(near.map(keyOf)).toContain('flip@1,flip@2:geo')
    expect(new Set(near.map(keyOf)).size).toBe(near.length)
    for (const next of near) expect(neighbours(next, places).map(keyOf)).toContain(keyOf(from))
  })
})

describe('plans of branches', () => {
  it('are written as people write them, and read back as the same branches', () => {
    for (const plan of ['flip@0:geo', '{id,scale(1.1),shift(1,0)}@2:sum', '{rotate(5)}@1,flip@3:max']) {
      const there = sites(plan)
      const reduction = orThrow(parseFixedPlan(plan)).inference
      if (!Reduction.is(reduction)) throw new Error('not here')
      expect(printPlan(planOf(there, reduction))).toBe(plan)
      expect(variantsIn(there)).toBe(pathsOf(there).length)
    }
    expect(pathsOf(sites('flip@0,{id,shift(1,0)}@2')).map(variantKey)).toEqual([
      'id',
      'shift(1,0)@2',
      'flip@0',
      'flip@0+shift(1,0)@2',
    ])
  })
})

describe('relativeMultiplyAdds', () => {
  it.each([
    'vanilla',
    '{id,shift(1,0)}@1',
    '{id,shift(1,0),scale(1.1)}@2',
    '{id,shift(0,1)}@0,{id,shift(1,0)}@3',
    '{scale(1.1)}@2',
  ])('is what compiling %s counts', text => {
    const plan = orThrow(parseFixedPlan(text))
    const compiled = orThrow(compileNetwork(network, plan, { schedule: 'apart' }))
    expect(relativeMultiplyAdds(network.graph)(sitesOf(plan, network.graph))).toBeCloseTo(
      compiled.multiplyAdds.relative,
      9,
    )
  })
})
