import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'
import type { Decoded, Decoder } from './decoder.ts'
import { inputOrRefusal } from './decoder.ts'
import { Refusal } from './refusal.ts'

export interface PoolOptions {
  readonly workers: number
  /** Images that wait for a worker, at most. */
  readonly queue: number
  /** Milliseconds that a worker has for an image. */
  readonly timeout: number
  readonly mostPixels: number
}

/** Run from source, a worker first needs the loader of TypeScript that development has. */
const loader = (extension: string): readonly string[] =>
  extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : []

const broken = (error: unknown): Refusal => {
  if (error instanceof workerpool.Promise.TimeoutError) return new Refusal(422, 'image: it takes too long to decode')
  return new Refusal(500, 'the decoder ended before it was done; other images are not concerned')
}

const wasDead = (error: unknown): boolean => error instanceof Error && error.message === 'Worker is terminated'

/** Decoders in processes of their own: one that dies, or takes too long, fails the image that it had, and another takes its place. */
export const decodePool = ({ workers, queue, timeout, mostPixels }: PoolOptions): Decoder => {
  const extension = extname(import.meta.url)
  const pool = workerpool.pool(fileURLToPath(new URL(`./decode-worker${extension}`, import.meta.url)), {
    workerType: 'process',
    maxWorkers: workers,
    maxQueueSize: queue,
    forkOpts: { serialization: 'advanced', execArgv: [...loader(extension)] },
  })
  const send = (...task: readonly unknown[]): PromiseLike<Decoded> => {
    try {
      return pool.exec('decode', [...task]).timeout(timeout)
    } catch {
      throw new Refusal(503, `too much at once: ${queue} images wait to be decoded; try again later`, 1)
    }
  }
  /** Sends a task on where it came to workers that had ended before it. */
  const run = async (...task: readonly unknown[]): Promise<Decoded> => {
    for (let dead = 0; ; dead++)
      try {
        return await send(...task)
      } catch (error) {
        if (dead > workers || !wasDead(error)) throw error
      }
  }
  return {
    decode: async (encoded, preprocess) => {
      try {
        return inputOrRefusal(await run(encoded, preprocess, mostPixels))
      } catch (error) {
        throw error instanceof Refusal ? error : broken(error)
      }
    },
    close: async () => {
      await pool.terminate(true)
    },
  }
}
