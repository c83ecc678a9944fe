import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { Freeze, namedBy } from '../../../src/train/freeze.ts'

const names = ['stem.weight', 'layer1.0.conv1.weight', 'layer1.0.bn1.bias', 'layer10.conv1.weight', 'fc*']

describe('what a list of names freezes', () => {
  it.each<readonly [readonly string[], readonly string[]]>([
    [['stem.weight'], ['stem.weight']],
    [['layer1.*'], ['layer1.0.conv1.weight', 'layer1.0.bn1.bias']],
    [
      ['*.bias', 'stem*'],
      ['stem.weight', 'layer1.0.bn1.bias'],
    ],
    [['layer*conv1*'], ['layer1.0.conv1.weight', 'layer10.conv1.weight']],
    [['*'], names],
    [['fc*'], ['fc*']],
    [['**stem**weight**'], ['stem.weight']],
  ])('%o', (patterns, wanted) => {
    expect(namedBy(patterns, names)).toEqual(E.right(new Set(wanted)))
  })

  it.each(['stem', 'weight', 'stem.weight.*', 'stem.weight*weight', '*stem', 'stem.weigth'])(
    'nothing: %s, which is refused',
    pattern => {
      const found = namedBy(['fc*', pattern], names)
      expect(E.isLeft(found) && found.left.map(({ tag, seen }) => [tag, seen])).toEqual([['bad-recipe', pattern]])
    },
  )

  it('in no time, whatever the pattern', () => {
    const name = `${'a'.repeat(50_000)}b`
    expect(E.isLeft(namedBy([`${'a*'.repeat(5_000)}c`], [name]))).toBe(true)
  })

  it('is said as a word or as names', () => {
    for (const freeze of ['shared', ['a'], ['a', '*']]) expect(Freeze.is(freeze)).toBe(true)
    for (const freeze of ['prefix', [], [''], [1], {}, null]) expect(Freeze.is(freeze)).toBe(false)
  })
})
