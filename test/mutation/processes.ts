import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Answer, Order } from './protocol.ts'

/** How long a test may take, in milliseconds. */
const quietAtMost = 20_000

export interface Process {
  /** `lost` where nothing is said for too long, or the process dies: it is gone then. */
  readonly ask: (order: Order, quiet?: number) => Promise<Answer | 'lost'>
  readonly end: () => void
}

/** A process that has loaded a bundle. */
export const startProcess = async (host: string, bundle: string): Promise<Process> => {
  const child: ChildProcess = fork(host, [bundle], { execArgv: ['--no-warnings', '--max-old-space-size=1500'] })
  await Promise.race([once(child, 'message'), once(child, 'exit')])
  return {
    ask: (order, quiet = quietAtMost) =>
      new Promise(resolve => {
        const finish = (answer: Answer | 'lost') => {
          clearTimeout(timer)
          child.off('message', listen).off('exit', leave)
          if (answer === 'lost') child.kill('SIGKILL')
          resolve(answer)
        }
        const leave = () => finish('lost')
        const listen = (answer: Answer) => {
          if (answer.kind !== 'running') return finish(answer)
          timer.refresh()
        }
        const timer = setTimeout(leave, quiet)
        child.on('message', listen).on('exit', leave)
        child.send(order)
      }),
    end: () => child.kill('SIGKILL'),
  }
}
