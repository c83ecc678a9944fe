import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Tried } from './attempt.ts'
import type { Answer, Order } from './protocol.ts'

/** What a case may take. */
export const limits = { milliseconds: 5000, bytes: 2 ** 30 } as const

/** Beyond this, time that passes without the process computing counts too. */
const idleAtMost = 60_000
const pollEvery = 100

export interface Reported {
  readonly k: number
  readonly format: string
  readonly tried: Tried
}

/** Where an order ended: all was tried, or the process was lost at the case that `reported` last. */
export type End = 'done' | 'lost'

export interface Process {
  readonly follow: (order: Order, report: (reported: Reported) => void) => Promise<End>
  readonly end: () => void
  /** The most memory that it was seen to take, in bytes. */
  readonly peak: () => number
}

/** Processor time and memory as the system counts them; undefined where it does not say. */
const statistics = (pid: number): { readonly milliseconds: number; readonly bytes: number } | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return { milliseconds: 10 * (Number(fields[11]) + Number(fields[12])), bytes: 4096 * pages }
  } catch {
    return undefined
  }
}

const lost = (signature: string, detail: string, milliseconds: number, growth: number): Tried => ({
  outcome: 'finding',
  tags: [],
  notes: [],
  milliseconds,
  growth,
  signature,
  detail,
})

const overTime = (format: string): string => `${format}: over ${limits.milliseconds / 1000} s`
const overMemory = (format: string): string => `${format}: over ${limits.bytes / 2 ** 30} GB`

/** What came of a case that ended by itself, too late perhaps. */
const judged = (tried: Tried, format: string): Tried => {
  const { milliseconds, growth } = tried
  if (growth > limits.bytes) return lost(overMemory(format), '', milliseconds, growth)
  return milliseconds > limits.milliseconds ? lost(overTime(format), '', milliseconds, growth) : tried
}

const child = fileURLToPath(new URL('child.ts', import.meta.url))

/** Folders of processes that are there, which go with this one at the latest. */
const homes = new Set<string>()
process.on('exit', () => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

/** A process that tries cases; it is killed at one that takes too much time or memory. */
const start = async (): Promise<Process> => {
  const home = mkdtempSync(join(tmpdir(), 'espalier-fuzz-'))
  homes.add(home)
  const started: ChildProcess = fork(child, [home], {
    execArgv: ['--import', 'tsx', '--no-warnings', '--max-old-space-size=1200'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // An interrupt is for the process that asks.
    detached: true,
    // Nothing that was chosen, measured or installed before plays a part.
    env: { ...process.env, ESPALIER_CACHE: join(home, 'cache') },
  })
  const pid = started.pid as number
  started.once('exit', () => rmSync(home, { recursive: true, force: true }))
  let said = ''
  started.stderr?.on('data', chunk => {
    said = `${said}${chunk}`.slice(-3000)
  })
  let peak = 0
  await new Promise<void>((resolve, reject) => {
    started.once('message', () => resolve())
    started.once('exit', code => reject(new Error(`a process to fuzz in does not start (${code}): ${said}`)))
  })
  const follow: Process['follow'] = (order, report) =>
    new Promise(resolve => {
      let current = { k: -1, format: '' }
      let stage = 'ours'
      let begun = { at: performance.now(), ...(statistics(pid) ?? { milliseconds: 0, bytes: 0 }) }
      const finish = (end: End): void => {
        clearInterval(timer)
        started.off('message', listen).off('exit', leave)
        resolve(end)
      }
      const giveUp = (signature: string, detail: string, growth: number): void => {
        const milliseconds = performance.now() - begun.at
        // Another's library, on a file that we take: counted, and no finding.
        const theirs = stage === 'onnxruntime'
        report({
          ...current,
          tried: theirs
            ? { ...lost('', '', milliseconds, 0), outcome: 'opened', notes: [`onnxruntime: ${signature}`] }
            : lost(signature, detail, milliseconds, growth),
        })
        started.kill('SIGKILL')
        finish('lost')
      }
      const leave = (code: number | null, signal: string | null): void => {
        const memory = /heap out of memory|allocation failed/i.test(said)
        giveUp(
          memory ? `${current.format}: out of memory` : `${current.format}: the process dies (${signal ?? code})`,
          said,
          0,
        )
      }
      const look = (): void => {
        const now = statistics(pid)
        const passed = performance.now() - begun.at
        const computed = now === undefined ? passed : now.milliseconds - begun.milliseconds
        peak = Math.max(peak, now?.bytes ?? 0)
        const growth = (now?.bytes ?? 0) - begun.bytes
        if (growth > limits.bytes) giveUp(overMemory(current.format), '', growth)
        else if (passed > idleAtMost || (passed > limits.milliseconds && computed > limits.milliseconds * 0.9))
          giveUp(overTime(current.format), '', growth)
      }
      const listen = (answer: Answer): void => {
        if (answer.kind === 'begin') {
          current = answer
          stage = 'ours'
          begun = { at: performance.now(), ...(statistics(pid) ?? { milliseconds: 0, bytes: 0 }) }
        } else if (answer.kind === 'stage') stage = answer.name
        else if (answer.kind === 'tried') {
          report({ ...answer, tried: judged(answer.tried, answer.format) })
        } else if (answer.kind === 'done') finish('done')
      }
      const timer = setInterval(look, pollEvery)
      started.on('message', listen).on('exit', leave)
      started.send(order)
    })
  return { follow, peak: () => peak, end: () => void started.kill('SIGKILL') }
}

const attempts = 5

/** Starts a process that tries cases, where the machine is too busy after a while. */
export const startProcess = async (): Promise<Process> => {
  for (let left = attempts; ; left--)
    try {
      return await start()
    } catch (error) {
      if (left === 1) throw error
      await new Promise(resolve => setTimeout(resolve, 1000))
    }
}
