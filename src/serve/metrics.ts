import { engine } from '@tensorflow/tfjs-core'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { RanBatch } from '../execute/cascade.ts'
import type { Admission } from './admission.ts'

/** What a request took, in milliseconds, part by part. */
export interface Parts {
  readonly decode?: number
  readonly queue?: number
  readonly compute?: number
}

/** Counts what is served, for Prometheus. */
export interface Metrics {
  /** A request that is done: by status, 200 where it was answered. */
  readonly request: (model: string, protocol: 'rest' | 'grpc', status: number, milliseconds: number) => void
  readonly parts: (model: string, parts: Parts) => void
  readonly batch: (model: string, batch: RanBatch) => void
  /** Forgets the gauges of a model that is gone. */
  readonly text: () => Promise<string>
  readonly contentType: string
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const images = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** Metrics of one server, in a registry of its own. */
export const metricsOf = (admission: Admission, modelNames: () => readonly string[]): Metrics => {
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register })
  const requests = new Counter({
    ...{ name: 'espalier_requests_total', help: 'Requests of models, by status as HTTP has it.', registers },
    labelNames: ['model', 'protocol', 'status'],
  })
  const errors = new Counter({
    ...{
      name: 'espalier_errors_total',
      help: 'Requests that were not answered: client, busy, late, server.',
      registers,
    },
    labelNames: ['model', 'kind'],
  })
  const whole = new Histogram({
    ...{ name: 'espalier_request_seconds', help: 'Seconds from the head of a request to its answer.', registers },
    ...{ labelNames: ['model', 'protocol'], buckets: seconds },
  })
  const part = new Histogram({
    ...{ name: 'espalier_part_seconds', help: 'Seconds of a request in each part: decode, queue, compute.', registers },
    ...{ labelNames: ['model', 'part'], buckets: seconds },
  })
  const batches = new Histogram({
    ...{ name: 'espalier_batch_images', help: 'Images of the batches that were run, by stage.', registers },
    ...{ labelNames: ['model', 'stage'], buckets: images },
  })
  const batchSeconds = new Histogram({
    ...{ name: 'espalier_batch_seconds', help: 'Seconds of the batches that were run, by stage.', registers },
    ...{ labelNames: ['model', 'stage'], buckets: seconds },
  })
  const staged = new Counter({
    ...{ name: 'espalier_images_total', help: 'Images that were run, by stage: all at the first.', registers },
    labelNames: ['model', 'stage'],
  })
  new Gauge({
    ...{ name: 'espalier_requests_under_way', help: 'Requests from their head to their answer.', registers },
    labelNames: ['model'],
    collect() {
      this.reset()
      for (const model of modelNames()) this.set({ model }, admission.count(model))
    },
  })
  new Gauge({
    ...{ name: 'espalier_tensors', help: 'Tensors that TensorFlow.js holds.', registers },
    collect() {
      this.set(engine().state.numTensors)
    },
  })
  const kindOf = (status: number): string =>
    status === 503 ? 'busy' : status === 504 ? 'late' : status < 500 ? 'client' : 'server'
  return {
    request: (model, protocol, status, milliseconds) => {
      requests.inc({ model, protocol, status })
      whole.observe({ model, protocol }, milliseconds / 1000)
      if (status !== 200) errors.inc({ model, kind: kindOf(status) })
    },
    parts: (model, parts) => {
      for (const [name, milliseconds] of Object.entries(parts)) part.observe({ model, part: name }, milliseconds / 1000)
    },
    batch: (model, { stage, images, milliseconds }) => {
      batches.observe({ model, stage }, images)
      batchSeconds.observe({ model, stage }, milliseconds / 1000)
      staged.inc({ model, stage }, images)
    },
    text: () => register.metrics(),
    contentType: register.contentType,
  }
}
