import { either as E } from 'fp-ts'
import { expect, it } from 'vitest'
import { inferNode, mapType, sharedType, type Type, vectorType } from '../../ir/index.ts'
import { typing } from './apply.ts'

it('a stack is of Maps or Vectors of one type', () => {
  const of = (...types: readonly Type[]) => typing('Stack', {}, ...types)
  expect(of(mapType(2, 3, 4), mapType(2, 3, 4))).toBe('Map[2,3,4]')
  expect(of(vectorType(2))).toBe('Vector[2]')
  expect(of(mapType(2, 3, 4), mapType(2, 3, 4), mapType(2, 3, 5))).toBeNull()
  expect(of(vectorType(2), mapType(1, 1, 2))).toBeNull()
  expect(of(sharedType([2]), sharedType([2]))).toBeNull()
})

it('a value of a stack is one that it has', () => {
  const of = (index: number) => {
    const stack = { type: vectorType(2), variants: [{ name: 'stack', extent: 3 }] }
    return E.isRight(inferNode('Unstack', { index, count: 3 } as never, [stack]))
  }
  expect([-1, 0, 2, 3].map(of)).toEqual([false, true, true, false])
})
