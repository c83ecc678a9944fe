import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'
import { inFlight } from '../data/in-flight.ts'
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
    forkOpts: { serialization: 'advanced', execArgv: [...loader(extension)] },
  })
  // The pool gets no more than it has workers: tasks that wait in it stay there when one is killed.
  const inTurn = inFlight(workers)
  let waiting = 0
  /** Sends a task on where it came to workers that had ended before it. */
  const run = async (...task: readonly unknown[]): Promise<Decoded> => {
    for (let dead = 0; ; dead++)
      try {
        return await pool.exec('decode', [...task]).timeout(timeout)
      } catch (error) {
        if (dead > workers || !wasDead(error)) throw error
      }
  }
  return {
    decode: async (encoded, preprocess) => {
      if (waiting >= queue + workers)
        throw new Refusal(503, `too much at once: ${queue} images wait to be decoded; try again later`, 1)
      waiting++
      try {
        return inputOrRefusal(await inTurn(1, () => run(encoded, preprocess, mostPixels)))
      } catch (error) {
        throw error instanceof Refusal ? error : broken(error)
      } finally {
        waiting--
      }
    },
    close: async () => {
      // One that was killed does not answer, and is gone already.
      await pool.terminate(true, 1000).catch(() => {})
    },
  }
}
