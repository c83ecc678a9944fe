import autocannon from 'autocannon'
import type { Load, Loaded } from './serve.ts'

/** What comes together, in milliseconds. */
const atOnce = 50

/** Answers a second between the first that came together and the last: clients take seconds to begin. */
const steadyRate = (times: readonly number[]): number => {
  const first = times.findLastIndex(time => time - times[0] < atOnce)
  const last = times.length - 1
  return last > first ? (1000 * (last - first)) / (times[last] - times[first]) : 0
}

// A process of its own: the server's does not pay for its clients. Autocannon's own threads get no bytes for bodies.
process.once('message', ({ requests, ...options }: Load) => {
  const times: number[] = []
  const bodies = requests.map(({ headers, body }) => ({ method: 'POST' as const, headers, body: Buffer.from(body) }))
  const running = autocannon({ ...options, requests: bodies, timeout: 60 }, (error, result) => {
    if (error !== null) throw error
    const { latency, non2xx, errors } = result
    const loaded: Loaded = {
      perSecond: steadyRate(times),
      ...{ p50: latency.p50, p99: latency.p99, failed: non2xx + errors },
    }
    process.send?.(loaded)
  })
  running.on('response', () => times.push(performance.now()))
})
