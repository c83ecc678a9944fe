import { receivedError, type SentError, startThread } from '../base/thread.ts'
import type { OpenDataOptions } from '../data/index.ts'
import type { LoadedImages, Order, Preparation } from './load-batch.ts'

/** What a worker opens and how it prepares images. */
export interface WorkerTask {
  readonly reference: string
  readonly open: OpenDataOptions
  readonly preparation: Preparation
}

export interface Job extends Order {
  readonly id: number
}

export type Answer = { readonly id: number } & ({ readonly loaded: LoadedImages } | { readonly failed: SentError })

/** What loads batches, beside the reader. */
export interface Loader {
  readonly load: (order: Order) => Promise<LoadedImages>
  /** Waits for what was loaded: the process lives on for it, while otherwise no worker keeps it alive. */
  readonly awaited: <A>(loading: Promise<A>) => Promise<A>
  readonly close: () => Promise<void>
}

interface Pending {
  readonly resolve: (loaded: LoadedImages) => void
  readonly reject: (error: unknown) => void
}

/** One worker thread. Where it dies, all that it was asked for, and will be, fails by what it died of. */
const openWorker = (task: WorkerTask) => {
  const worker = startThread('./batch-worker', import.meta.url, task)
  const pending = new Map<number, Pending>()
  let ids = 0
  let dead: { readonly of: unknown } | undefined
  const die = (of: unknown): void => {
    dead ??= { of }
    for (const { reject } of pending.values()) reject(dead.of)
    pending.clear()
  }
  worker.unref()
  worker.on('error', die)
  worker.on('exit', code => die(new Error(`the thread that prepares images ended with code ${code}`)))
  worker.on('message', (answer: Answer) => {
    const asked = pending.get(answer.id)
    pending.delete(answer.id)
    if ('loaded' in answer) asked?.resolve(answer.loaded)
    else asked?.reject(receivedError(answer.failed))
  })
  return {
    worker,
    busy: () => pending.size,
    load: (order: Order): Promise<LoadedImages> =>
      new Promise((resolve, reject) => {
        if (dead !== undefined) return reject(dead.of)
        const job: Job = { id: ids++, ...order }
        pending.set(job.id, { resolve, reject })
        worker.postMessage(job)
      }),
  }
}

/** Worker threads, each of which opens the data anew; the least busy gets the next batch. */
export const openWorkers = (task: WorkerTask, count: number): Loader => {
  const workers = Array.from({ length: count }, () => openWorker(task))
  return {
    load: order => workers.reduce((a, b) => (b.busy() < a.busy() ? b : a)).load(order),
    awaited: async loading => {
      for (const { worker } of workers) worker.ref()
      try {
        return await loading
      } finally {
        for (const { worker } of workers) worker.unref()
      }
    },
    close: async () => {
      await Promise.all(workers.map(({ worker }) => worker.terminate()))
    },
  }
}
