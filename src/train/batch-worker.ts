import { parentPort, workerData } from 'node:worker_threads'
import { EspalierError } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { openData } from '../data/index.ts'
import type { Answer, Job, WorkerTask } from './batch-workers.ts'
import { loadBatch } from './load-batch.ts'

const { reference, open, preparation } = workerData as WorkerTask
const opening = openData(reference, open)

/** Errors lose their class on the way between threads: an EspalierError is sent as what it is made of. */
const answerTo = async (job: Job): Promise<Answer> => {
  try {
    return { id: job.id, loaded: await loadBatch(orThrow(await opening), job, preparation) }
  } catch (error) {
    return error instanceof EspalierError
      ? { id: job.id, problems: error.problems, kind: error.kind }
      : { id: job.id, error }
  }
}

parentPort?.on('message', async (job: Job) => {
  const answer = await answerTo(job)
  parentPort?.postMessage(answer, 'loaded' in answer ? [answer.loaded.images.buffer as ArrayBuffer] : [])
})
