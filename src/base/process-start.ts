import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A process's state in one letter (`Z` for one that ended and that nobody took note of), and when it began. */
interface Seen {
  readonly state: string
  readonly start: string
}

/** @see proc_pid_stat(5): the start, field 22, counts from the boot; field 2 is a name in parentheses that may itself have some. */
const fromProc = async (pid: number): Promise<Seen> => {
  const [boot, stat] = await Promise.all(
    ['/proc/sys/kernel/random/boot_id', `/proc/${pid}/stat`].map(path => readFile(path, 'utf8')),
  )
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0], start: `${boot.trim()} ${fields[19]}` }
}

const fromPs = async (pid: number): Promise<Seen> => {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', `${pid}`], { env })
  const [state, ...start] = stdout.trim().split(/\s+/)
  return { state: state[0], start: start.join(' ') }
}

/** Whether a process of that number runs, whoever's it is. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const look = (pid: number, platform: NodeJS.Platform): Promise<Seen | undefined> =>
  (platform === 'linux' ? fromProc : fromPs)(pid).catch(() => undefined)

/** When a process began, in words that no other process of its number has on this machine; empty where the system does not say. */
export const processStart = async (pid: number, platform = process.platform): Promise<string> =>
  (await look(pid, platform))?.start ?? ''

/** When the running process of a number began, empty where the system does not say; nothing where none runs. */
export const runningSince = async (pid: number, platform = process.platform): Promise<string | undefined> => {
  if (!isAlive(pid)) return undefined
  const seen = await look(pid, platform)
  return seen?.state === 'Z' ? undefined : (seen?.start ?? '')
}

/** Whether the process of that number that began then is running. */
export const isRunning = async (pid: number, start: string, platform = process.platform): Promise<boolean> => {
  const since = await runningSince(pid, platform)
  return since !== undefined && (start === '' || since === '' || since === start)
}
