import type { Readable } from 'node:stream'
import type { BodyBuffers } from './body-buffers.ts'
import { refuse } from './refusal.ts'

/** What is known of a body before it comes. */
export interface BodyFacts {
  /** Its bytes, where its head says how many. */
  readonly length?: number
  /** Bytes of it, at most. */
  readonly most: number
  /** Bytes before the numbers that are in it. */
  readonly before: number
}

const firstBytes = 2 ** 16

/** The bytes of a body, written where they stay: its numbers lie so that they can be read in place. Rejects with a Refusal where there are more, or not as many as it said. */
export const readBody = (
  stream: Readable,
  buffers: Pick<BodyBuffers, 'take'>,
  { length, most, before }: BodyFacts,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const start = 3 - ((before + 3) % 4)
    let bytes = buffers.take(start + (length ?? Math.min(firstBytes, most)))
    let at = start
    const settle = (error?: Error): void => {
      stream.off('data', take).off('end', end).off('error', fail)
      if (error === undefined) resolve(bytes.subarray(start, at))
      else reject(error)
    }
    const mismatch = () => refuse(400, 'body', 'another length', `${length} bytes, as Content-Length says`)
    const grow = (needed: number): void => {
      const grown = buffers.take(start + Math.min(most, 2 * needed))
      bytes.copy(grown, 0, 0, at)
      bytes = grown
    }
    const take = (chunk: Buffer): void => {
      const needed = at - start + chunk.length
      if (length !== undefined && needed > length) settle(mismatch())
      else if (needed > most) settle(refuse(413, 'body', `more than ${most} bytes`, `at most ${most}`))
      else {
        if (start + needed > bytes.length) grow(needed)
        chunk.copy(bytes, at)
        at = start + needed
      }
    }
    const end = (): void => settle(length === undefined || at - start === length ? undefined : mismatch())
    const fail = (error: Error): void => settle(Object.assign(error, { statusCode: 400 }))
    stream.on('data', take).on('end', end).on('error', fail)
  })
