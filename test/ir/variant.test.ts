import { expect, it } from 'vitest'
import { printTransform, Reduction, reductions, Transform } from '../../ir/index.ts'

it('a transform is one of four kinds, with what belongs to it', () => {
  const kinds = [
    { kind: 'd4', element: 'flip' },
    { kind: 'shift', dy: 1, dx: -2 },
    { kind: 'rotate', degrees: 1.5 },
    { kind: 'scale', factor: 0.8 },
  ] as const
  expect(kinds.map(printTransform)).toEqual(['flip', 'shift(1,-2)', 'rotate(1.5)', 'scale(0.8)'])
  for (const transform of kinds) {
    expect(Transform.is(transform)).toBe(true)
    for (const other of kinds)
      if (other !== transform) expect(Transform.is({ ...transform, kind: other.kind })).toBe(false)
    for (const key of Object.keys(transform)) expect(Transform.is({ ...transform, [key]: 'none' })).toBe(false)
  }
  expect(Transform.is({ kind: 'shift', dy: 0.5, dx: 0 })).toBe(false)
})

it('a reduction is one of three', () => {
  expect(reductions.map(Reduction.is)).toEqual([true, true, true])
  expect(Reduction.is('none')).toBe(false)
})
