import { workerData } from 'node:worker_threads'
import { orThrow } from '../base/error.ts'
import { answerCalls } from '../base/thread.ts'
import { openData } from '../data/index.ts'
import type { WorkerTask } from './batch-workers.ts'
import { type LoadedImages, loadBatch, type Order } from './load-batch.ts'

const { reference, open, preparation } = workerData as WorkerTask
const opening = openData(reference, open)

answerCalls<Order, LoadedImages, never>(async order => {
  const loaded = await loadBatch(orThrow(await opening), order, preparation)
  return { value: loaded, transfer: [loaded.images.buffer as ArrayBuffer] }
})
