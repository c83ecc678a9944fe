import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { EspalierError, type Problem } from '../../ir/index.ts'
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

export type Answer = { readonly id: number } & (
  | { readonly loaded: LoadedImages }
  | { readonly problems: readonly Problem[]; readonly kind: EspalierError['kind'] }
  | { readonly error: unknown }
)

/** What loads batches, beside the reader. */
export interface Loader {
  readonly load: (order: Order) => Promise<LoadedImages>
  /** Waits for what was loaded: the process lives on for it, while otherwise no worker keeps it alive. */
  readonly awaited: <A>(loading: Promise<A>) => Promise<A>
  readonly close: () => Promise<void>
}

/** Run from source, a worker first needs the loader of TypeScript that development has. */
const startWorker = (task: WorkerTask): Worker => {
  const extension = extname(import.meta.url)
  const main = new URL(`./batch-worker${extension}`, import.meta.url)
  const loaded = (): URL =>
    new URL(
      `data:text/javascript,${encodeURIComponent(
        `import { register } from '${import.meta.resolve('tsx/esm/api')}'; register(); await import('${main.href}')`,
      )}`,
    )
  return new Worker(extension === '.ts' ? loaded() : main, { workerData: task, execArgv: [] })
}

interface Pending {
  readonly resolve: (loaded: LoadedImages) => void
  readonly reject: (error: unknown) => void
}

/** One worker thread. Where it dies, all that it was asked for, and will be, fails by what it died of. */
const openWorker = (task: WorkerTask) => {
  const worker = startWorker(task)
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
    else asked?.reject('problems' in answer ? new EspalierError(answer.problems, answer.kind) : answer.error)
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
