import { parentPort, workerData } from 'node:worker_threads'
import autocannon from 'autocannon'
import type { Load, Loaded } from './serve.ts'

// A thread of its own: the server's does not pay for its clients. Autocannon's own threads get no bytes for bodies.
const { requests, ...options } = workerData as Load
const {
  requests: rate,
  latency,
  non2xx,
  errors,
} = await autocannon({
  ...options,
  requests: requests.map(({ headers, body }) => ({ method: 'POST', headers: { ...headers }, body: Buffer.from(body) })),
  timeout: 60,
})
const loaded: Loaded = { perSecond: rate.average, p50: latency.p50, p99: latency.p99, failed: non2xx + errors }
parentPort?.postMessage(loaded)
