import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bodyBuffers } from '../../../src/serve/body-buffers.ts'
import { readBody } from '../../../src/serve/read-body.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map(values => Buffer.from(values))
const chunks = fc.array(
  bytes.filter(({ length }) => length > 0),
  { maxLength: 6 },
)

it('puts chunks together, with what follows the JSON where numbers can be read in place', async () => {
  await fc.assert(
    fc.asyncProperty(chunks, fc.nat(9), fc.boolean(), async (given, before, said) => {
      const whole = Buffer.concat(given)
      const length = said ? whole.length : undefined
      const body = await readBody(Readable.from(given, { objectMode: false }), bodyBuffers(), {
        length,
        most: 2000,
        before,
      })
      expect(Buffer.compare(body, whole)).toBe(0)
      expect((body.byteOffset + before) % 4).toBe(0)
    }),
  )
})

it('refuses more than it may be, and another length than it said', async () => {
  const read = (length: number | undefined, most: number) =>
    readBody(Readable.from([Buffer.alloc(70), Buffer.alloc(30)], { objectMode: false }), bodyBuffers(), {
      length,
      most,
      before: 0,
    })
  expect((await read(undefined, 100)).length).toBe(100)
  await expect(read(undefined, 99)).rejects.toMatchObject({
    status: 413,
    message: expect.stringContaining('at most 99'),
  })
  for (const length of [99, 101]) await expect(read(length, 200)).rejects.toMatchObject({ status: 400 })
  const broken = new Readable({ read: () => {} })
  const cut = readBody(broken, bodyBuffers(), { length: 9, most: 9, before: 0 })
  broken.destroy(new Error('aborted'))
  await expect(cut).rejects.toMatchObject({ statusCode: 400, message: 'aborted' })
})
