import autocannon from 'autocannon'
import type { Load, Loaded } from './serve.ts'

// A process of its own: the server's does not pay for its clients. Autocannon's own threads get no bytes for bodies.
process.once('message', async (load: Load) => {
  const { requests, ...options } = load
  const {
    requests: rate,
    latency,
    non2xx,
    errors,
  } = await autocannon({
    ...options,
    requests: requests.map(({ headers, body }) => ({ method: 'POST', headers, body: Buffer.from(body) })),
    timeout: 60,
  })
  const loaded: Loaded = { perSecond: rate.average, p50: latency.p50, p99: latency.p99, failed: non2xx + errors }
  process.send?.(loaded)
})
