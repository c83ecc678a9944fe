import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Answer, Order } from './protocol.ts'

export interface Process {
  /** `lost` where the process dies: it is gone then. */
  readonly ask: (order: Order) => Promise<Answer | 'lost'>
  readonly end: () => void
}

/** A process that has loaded a bundle. */
export const startProcess = async (host: string, bundle: string): Promise<Process> => {
  const child: ChildProcess = fork(host, [bundle], { execArgv: ['--no-warnings', '--max-old-space-size=1500'] })
  await Promise.race([once(child, 'message'), once(child, 'exit')])
  return {
    ask: order =>
      new Promise(resolve => {
        const finish = (answer: Answer | 'lost') => {
          child.off('message', finish).off('exit', leave)
          resolve(answer)
        }
        const leave = () => finish('lost')
        child.on('message', finish).on('exit', leave)
        child.send(order)
      }),
    end: () => child.kill('SIGKILL'),
  }
}
