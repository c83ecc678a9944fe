import { expect, it } from 'vitest'
import { openRoom } from '../../../src/execute/room.ts'

/** As a thread gives an array back: in a buffer that it was handed over in. */
const sent = (values: Float32Array): Float32Array =>
  structuredClone(values, { transfer: [values.buffer as ArrayBuffer] })

it('hands its own arrays over, has their numbers again, and uses their buffers for others', () => {
  const { take, handed, takeBack, now, free } = openRoom(1)
  const values = take(3)
  values.set([1, 2, 3])
  const away = handed(values)
  expect(away).toBe(values)
  takeBack(values, away, sent(away))
  expect([values.length, [...now(values)]]).toEqual([0, [1, 2, 3]])
  const { buffer } = now(values)
  free(values)
  const smaller = take(2)
  expect([smaller.buffer === buffer, smaller.length]).toEqual([true, 2])
  expect(take(3).buffer).not.toBe(buffer)
})

it('copies what is not lent, and what is part of a buffer', () => {
  const { lend, handed, takeBack, now, free } = openRoom(1)
  const [own, lent, part] = [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6, 7).subarray(1)]
  lend(lent)
  lend(part)
  const all = [own, lent, part].map(values => handed(values))
  expect(all.map((array, k) => array === [own, lent, part][k])).toEqual([false, true, false])
  for (const [k, values] of [own, lent, part].entries()) takeBack(values, all[k], sent(all[k]))
  expect([own, lent, part].map(values => [...now(values)])).toEqual([
    [1, 2],
    [3, 4],
    [6, 7],
  ])
  // Lent once, and no more.
  const back = now(lent)
  expect(handed(back)).not.toBe(back)
  // What was copied is still its owner's.
  free(own)
  expect([...own]).toEqual([1, 2])
})

it('keeps as many buffers as it may, the larger ones', () => {
  const { take, handed, takeBack, free } = openRoom(2)
  const given = [4, 16, 8].map(take)
  const buffers = given.map(values => {
    const away = sent(handed(values))
    takeBack(values, values, away)
    free(values)
    return away.buffer
  })
  expect([take(5).buffer, take(5).buffer]).toEqual([buffers[2], buffers[1]])
})
