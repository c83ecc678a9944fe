import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { onTestFinished } from 'vitest'
import { type MethodName, methodOf } from '../../../src/serve/grpc-protocol.ts'
import type { serveSmall } from './served.ts'

const identity = (bytes: Buffer): Buffer => bytes

/** A client of a server that listens, by its own reading of the protocol. */
export const connect = async ({ listen }: Awaited<ReturnType<typeof serveSmall>>) => {
  const { grpcPort } = await listen({ host: '127.0.0.1', port: 0, grpcPort: 0 })
  const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure())
  onTestFinished(() => client.close())
  const send = (name: MethodName, bytes: Buffer, metadata = new Metadata()): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(methodOf(name).path, identity, identity, bytes, metadata, (error, answer) =>
        error === null ? resolve(answer as Buffer) : reject(error),
      )
    })
  const call = async (name: MethodName, request: object, metadata?: Metadata): Promise<Record<string, never>> => {
    const { request: written, response } = methodOf(name)
    return response.decode(await send(name, written.encode(request), metadata)) as Record<string, never>
  }
  return { call, send, port: grpcPort as number }
}
