import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { methodOf } from '../../../src/serve/grpc-protocol.ts'
import { bytesOf } from '../../../src/serve/infer.ts'
import { side } from '../execute/staged.ts'
import { connect } from './grpc-client.ts'
import { imagesOf, limits, serveSmall } from './served.ts'

/** A frame of HTTP/2 that says how long it is. */
const frame = (type: number, says: number, payload: Buffer, { flags = 0, stream = 0 } = {}): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(says, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const settings = frame(4, 0, Buffer.alloc(0))
const hello = Buffer.concat([preface, settings])

/** What no server should take: frames whose lengths are lies. */
const lies: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['no preface', Buffer.alloc(64, 0xff)],
  ['an HTTP/1 request', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
  ['settings of five bytes', Buffer.concat([preface, frame(4, 5, Buffer.alloc(5))])],
  ['a ping of 4 bytes', Buffer.concat([hello, frame(6, 4, Buffer.alloc(4))])],
  ['headers of 16 megabytes', Buffer.concat([hello, frame(1, 0xffffff, Buffer.alloc(99), { flags: 4, stream: 1 })])],
  ['headers that are noise', Buffer.concat([hello, frame(1, 40, Buffer.alloc(40, 0xff), { flags: 4, stream: 1 })])],
  ['data of no stream', Buffer.concat([hello, frame(0, 5, Buffer.alloc(5))])],
  ['data of a stream that is not open', Buffer.concat([hello, frame(0, 5, Buffer.alloc(5), { stream: 7 })])],
  [
    'more padding than there is data',
    Buffer.concat([hello, frame(0, 3, Buffer.from([200, 0, 0]), { flags: 8, stream: 1 })]),
  ],
  ['a window of nothing', Buffer.concat([hello, frame(8, 4, Buffer.alloc(4))])],
  ['a continuation of nothing', Buffer.concat([hello, frame(9, 3, Buffer.alloc(3), { stream: 1 })])],
]

const open = async (port: number): Promise<Socket> => {
  const socket = connectTcp(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.resume()
  return socket
}

/** The status that gRPC gives for a message under a prefix of its own; null where the stream ends without. */
const statusOf = async (port: number, body: Buffer): Promise<string | null> => {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  onTestFinished(() => session.destroy())
  session.on('error', () => {})
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: methodOf('ModelInfer').path,
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
  })
  let status: string | null = null
  const take = (headers: Readonly<Record<string, unknown>>): void => {
    if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status'])
  }
  stream.on('error', () => {})
  stream.on('response', take)
  stream.on('trailers', take)
  stream.resume()
  const closed = once(stream, 'close')
  stream.end(body)
  await closed
  session.close()
  return status
}

const prefixed = (says: number, message: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(says, 1)
  return Buffer.concat([head, message])
}

it('gRPC takes no frame at its word: lying lengths end a connection or a call, and the next good one is answered', async () => {
  const served = await serveSmall('vanilla', { limits: { ...limits, timeout: 5000 } })
  const { call, port } = await connect(served)
  const input = { name: 'images', datatype: 'FP32', shape: [1, side, side, 3] }
  const request = { model_name: 'small', inputs: [input], raw_input_contents: [bytesOf(imagesOf(1))] }
  const good = () => call('ModelInfer', request)
  await good()
  for (const [what, bytes] of lies) {
    const socket = await open(port)
    socket.write(bytes)
    expect(await good(), what).toMatchObject({ model_version: '1' })
    socket.destroy()
  }
  const message = methodOf('ModelInfer').request.encode(request) as Buffer
  const lengths: readonly (readonly [what: string, body: Buffer])[] = [
    ['four gigabytes', prefixed(2 ** 32 - 1, message)],
    ['more than there is', prefixed(message.length + 1, message)],
    ['less than there is', prefixed(message.length - 9, message)],
    ['half a prefix', Buffer.from([0, 0])],
    ['nothing', Buffer.alloc(0)],
    ['two messages', Buffer.concat([prefixed(message.length, message), prefixed(message.length, message)])],
  ]
  for (const [what, body] of lengths) {
    const status = await statusOf(port, body)
    expect([what, status !== '0']).toEqual([what, true])
    expect(await good(), what).toMatchObject({ model_version: '1' })
  }
  expect(served.service.admission.count()).toBe(0)
})

it('ends although somebody never ends a frame', async () => {
  const served = await serveSmall('vanilla', { limits: { ...limits, timeout: 100 } })
  const { port } = await connect(served)
  const socket = await open(port)
  socket.write(Buffer.concat([hello, frame(1, 400, Buffer.alloc(9), { flags: 4, stream: 1 })]))
  await served.end(0)
})
