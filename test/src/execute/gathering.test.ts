import { expect, test } from 'vitest'
import { gathering } from '../../../src/execute/gathering.ts'
import { openRoom } from '../../../src/execute/room.ts'

const numbers = (...values: readonly number[]) => Float32Array.from(values)

test('the memory of arrays that were given up is filled again, with zeros after the rows', () => {
  const room = openRoom(1)
  const { add, oldest, take } = gathering<string>([{ name: 'x', size: 2 }], () => 2, room)
  add([numbers(1, 2, 3, 4)], [0, 1], row => `a${row}`)
  const [first] = oldest()?.values ?? []
  take()
  room.free(first)
  add([numbers(5, 6, 7, 8)], [1], row => `b${row}`)
  const [second] = oldest()?.values ?? []
  expect(second.buffer).toBe(first.buffer)
  expect([...second]).toEqual([7, 8, 0, 0])
  expect(oldest()?.owners).toEqual(['b1'])
})

test('rows that wait stay what they are where arrays were given up, and where there is no more room in theirs', () => {
  const room = openRoom(2)
  const { add, oldest, take } = gathering<number>([{ name: 'x', size: 1 }], () => 4, room)
  add([numbers(1, 2, 3, 4, 5)], [0, 1, 2, 3, 4], row => row)
  const [first] = oldest()?.values ?? []
  take()
  room.free(first)
  add([numbers(6, 7)], [0, 1], row => row)
  expect([...(oldest()?.values[0] ?? [])]).toEqual([5, 6, 7])
})
