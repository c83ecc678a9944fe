import { parentPort, workerData } from 'node:worker_threads'
import { orThrow } from '../base/error.ts'
import { sentError } from '../base/thread.ts'
import { openData } from '../data/index.ts'
import type { Answer, Job, WorkerTask } from './batch-workers.ts'
import { loadBatch } from './load-batch.ts'

const { reference, open, preparation } = workerData as WorkerTask
const opening = openData(reference, open)

const answerTo = async (job: Job): Promise<Answer> => {
  try {
    return { id: job.id, loaded: await loadBatch(orThrow(await opening), job, preparation) }
  } catch (error) {
    return { id: job.id, failed: sentError(error) }
  }
}

parentPort?.on('message', async (job: Job) => {
  const answer = await answerTo(job)
  parentPort?.postMessage(answer, 'loaded' in answer ? [answer.loaded.images.buffer as ArrayBuffer] : [])
})
