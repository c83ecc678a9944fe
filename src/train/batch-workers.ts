import { callThread, startThread } from '../base/thread.ts'
import type { OpenDataOptions } from '../data/index.ts'
import type { LoadedImages, Order, Preparation } from './load-batch.ts'

/** What a worker opens and how it prepares images. */
export interface WorkerTask {
  readonly reference: string
  readonly open: OpenDataOptions
  readonly preparation: Preparation
}

/** What loads batches, beside the reader. */
export interface Loader {
  readonly load: (order: Order) => Promise<LoadedImages>
  readonly close: () => Promise<void>
}

/** Worker threads, each of which opens the data anew; the least busy gets the next batch. */
export const openWorkers = (task: WorkerTask, count: number): Loader => {
  const workers = Array.from({ length: count }, () =>
    callThread<Order, LoadedImages, never>(
      startThread('./batch-worker', import.meta.url, task),
      'the thread that prepares images',
    ),
  )
  return {
    load: order => workers.reduce((a, b) => (b.busy() < a.busy() ? b : a)).call(order),
    close: async () => {
      await Promise.all(workers.map(({ end }) => end()))
    },
  }
}
