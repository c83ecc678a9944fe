import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

const { ticks } = workerData as { readonly ticks: Int32Array }
const port = parentPort as MessagePort
const on = port.on.bind(port) as (event: string, hear: (message: unknown) => void) => MessagePort

/** Whatever it is called for, it first blocks its thread until the one that calls has ticked five times. */
const wait = (): void => {
  const until = Atomics.load(ticks, 0) + 5
  for (let now = Atomics.load(ticks, 0); now < until; now = Atomics.load(ticks, 0)) Atomics.wait(ticks, 0, now)
}

Object.assign(port, {
  on: (event: string, hear: (message: unknown) => void) =>
    on(event, message => {
      wait()
      hear(message)
    }),
})

await import('../../../src/execute/execution-thread.ts')
