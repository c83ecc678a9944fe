import { Worker } from 'node:worker_threads'

const spent = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Ends this process when it has spent more of the processor than it was last allowed: another thread looks, for a loop without end lets nothing in. */
export const watchdog = (): { readonly allow: (milliseconds: number) => void } => {
  const until = new Float64Array(new SharedArrayBuffer(8)).fill(Number.POSITIVE_INFINITY)
  new Worker(
    `const { workerData: until } = require('node:worker_threads')
    const spent = ${spent}
    setInterval(() => spent() > until[0] && process.kill(process.pid, 'SIGKILL'), 500)`,
    { eval: true, workerData: until },
  ).unref()
  return {
    allow: milliseconds => {
      until[0] = spent() + milliseconds
    },
  }
}
