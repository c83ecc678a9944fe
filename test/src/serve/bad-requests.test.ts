import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { side } from '../execute/staged.ts'
import { type BadRequest, badRequests } from './bad-requests.ts'
import { imagesOf, limits, serveSmall } from './served.ts'

// ESPALIER_TEST_BAD_REQUESTS=10000 sends so many, and says what memory they left.
const count = Number(process.env.ESPALIER_TEST_BAD_REQUESTS ?? 170)

/** What comes back for bytes on a connection of their own. */
const sent = (port: number, { bytes, cut }: BadRequest): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: cut }, () => {
      if (cut) socket.end(bytes)
      else socket.write(bytes)
    })
    const got: Buffer[] = []
    socket.on('data', data => got.push(data))
    socket.on('error', error =>
      'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code)) ? undefined : reject(error),
    )
    socket.on('close', () => resolve(Buffer.concat(got).toString('latin1')))
  })

it(`refuses ${count} bad requests, each in one line, and answers good ones between them`, async () => {
  const served = await serveSmall()
  const { port } = await served.listen({ host: '127.0.0.1', port: 0 })
  const body = {
    inputs: [{ name: 'images', datatype: 'FP32', shape: [1, side, side, 3], data: Array.from(imagesOf(1)) }],
  }
  const good = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/models/small/infer`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    await answer.json()
    return answer.status
  }
  const memory: number[] = []
  for (const [k, request] of badRequests(7, count).entries()) {
    const { what, bytes } = request
    const answer = await sent(port, request)
    expect([k, what, answer.slice(0, 200)]).toEqual([k, what, expect.stringMatching(/^HTTP\/1.1 4\d\d /)])
    const [, text] = answer.split('\r\n\r\n')
    const method = bytes.toString('latin1', 0, 4)
    if (method !== 'HEAD')
      expect([k, what, JSON.parse(text.split('HTTP/1.1')[0])]).toEqual([
        k,
        what,
        { error: expect.stringMatching(/^.+$/) },
      ])
    if (k % 34 === 33) expect([k, await good()]).toEqual([k, 200])
    if (k % 1000 === 999) memory.push(Math.round(process.memoryUsage().rss / 2 ** 20))
  }
  if (memory.length > 0) console.log(`megabytes after each thousand: ${memory.join(', ')}`)
  expect(served.service.admission.count()).toBe(0)
  expect(served.logged.filter(({ level }) => Number(level) >= 50)).toEqual([])
})

it('gives up those who send too slowly, and their places', async () => {
  const served = await serveSmall('vanilla', { limits: { ...limits, timeout: 50 } })
  const { port } = await served.listen({ host: '127.0.0.1', port: 0 })
  const answer = await new Promise<string>(resolve => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('POST /v2/models/small/infer HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{'),
    )
    let got = ''
    socket.on('data', data => {
      got += data
    })
    socket.on('close', () => resolve(got))
  })
  expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*\{"error":"the request came too slowly"\}$/)
  expect(served.service.admission.count()).toBe(0)
})
