import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../../src/base/error.ts'
import { parseImpactTransforms } from '../../../../src/experiment/impact/transforms.ts'

const namesOf = (text: string): readonly string[] => orThrow(parseImpactTransforms(text)).map(({ name }) => name)

describe('the transforms of an impact', () => {
  it.each([
    ['flip,rotate,scale', ['flip', 'rotate(+15)', 'rotate(-15)', 'scale(1.1)', 'scale(0.9)']],
    ['flip, shift(1,0), rot90', ['flip', 'shift(1,0)', 'rot90']],
    ['rotate(+15),rotate,flip,flip', ['rotate(+15)', 'rotate(-15)', 'flip']],
  ])('%s', (text, names) => {
    expect(namesOf(text)).toEqual(names)
  })

  it('are the paper’s', () => {
    expect(orThrow(parseImpactTransforms('rotate,scale')).map(({ transform }) => transform)).toEqual([
      { kind: 'rotate', degrees: 15 },
      { kind: 'rotate', degrees: -15 },
      { kind: 'scale', factor: 1.1 },
      { kind: 'scale', factor: 0.9 },
    ])
  })

  it.each(['', 'flop', 'flip,', 'd4', 'flip}@1,{id', 'shift(1)', 'constructor'])('%j is refused', text => {
    const parsed = parseImpactTransforms(text)
    expect(E.isLeft(parsed) && parsed.left).toMatchObject({ tag: 'bad-input', where: 'transforms' })
  })

  it('names what is nearest', () => {
    const parsed = parseImpactTransforms('flip,flop')
    expect(E.isLeft(parsed) && parsed.left).toMatchObject({ seen: '"flop"', hint: expect.stringContaining('flip') })
  })
})
