import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bodyBuffers } from '../../../src/serve/body-buffers.ts'

const kept = 2 ** 19

it('gives nobody what another has, keeps no more than it may, and uses again what it kept', () => {
  const step = fc.record({ bytes: fc.nat(3 * 2 ** 17), free: fc.nat(5) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const buffers = bodyBuffers(kept)
      const inUse: Buffer[] = []
      for (const { bytes, free } of steps) {
        const taken = buffers.take(bytes)
        expect(taken.length).toBeGreaterThanOrEqual(bytes)
        expect(inUse.some(other => other.buffer === taken.buffer)).toBe(false)
        inUse.push(taken)
        for (const freed of inUse.splice(0, free)) buffers.free(freed.subarray(1))
      }
    }),
    { numRuns: 60 },
  )
})

it('uses a buffer again for as many bytes or nearly so, and forgets sizes that nobody sends', () => {
  const buffers = bodyBuffers(kept)
  const first = buffers.take(200_000)
  buffers.free(first.subarray(3, 199_000))
  const again = buffers.take(250_000)
  expect(again.buffer === first.buffer).toBe(true)
  buffers.free(again)
  const large = buffers.take(kept - 1)
  buffers.free(large)
  expect(buffers.take(kept - 1).buffer === large.buffer).toBe(true)
  expect(buffers.take(200_000).buffer === first.buffer).toBe(false)
  const tooLarge = buffers.take(kept + 1)
  buffers.free(tooLarge)
  expect(buffers.take(kept + 1).buffer === tooLarge.buffer).toBe(false)
})
