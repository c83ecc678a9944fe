import { expect, test } from 'vitest'
import { gathering } from '../../../src/execute/gathering.ts'

const numbers = (...values: readonly number[]) => Float32Array.from(values)

test('arrays that were given back are filled again, with zeros after the rows', () => {
  const { add, oldest, take, reuse } = gathering<string>([{ name: 'x', size: 2 }], () => 2)
  add([numbers(1, 2, 3, 4)], [0, 1], row => `a${row}`)
  const first = oldest()
  take()
  reuse(first?.values ?? [])
  add([numbers(5, 6, 7, 8)], [1], row => `b${row}`)
  const second = oldest()
  expect(second?.values[0]).toBe(first?.values[0])
  expect([...(second?.values[0] ?? [])]).toEqual([7, 8, 0, 0])
  expect(second?.owners).toEqual(['b1'])
})

test('rows that wait stay what they are where arrays were given back', () => {
  const { add, oldest, take, reuse } = gathering<number>([{ name: 'x', size: 1 }], () => 2)
  add([numbers(1, 2, 3)], [0, 1, 2], row => row)
  const first = oldest()
  take()
  reuse(first?.values ?? [])
  add([numbers(4, 5)], [0, 1], row => row)
  expect([...(oldest()?.values[0] ?? [])]).toEqual([3, 4])
})
