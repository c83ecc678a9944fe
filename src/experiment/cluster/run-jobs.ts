import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type JobDetails, type JobRequest, type JobsApi, Unreachable } from './jobs-api.ts'

/** A piece of work that is done once its result is there, whoever computed it. */
export interface Task extends Omit<JobRequest, 'id'> {
  readonly name: string
  readonly isDone: () => Promise<boolean>
}

/** What becomes of tasks. */
export type JobEvent =
  | { readonly event: 'line'; readonly task: Task; readonly line: string }
  | { readonly event: 'done'; readonly task: Task }
  | { readonly event: 'again' | 'failed'; readonly task: Task; readonly reason: string }
  | { readonly event: 'unreachable'; readonly reason: string }

/** How many tasks are done, and how many run. */
export interface JobCounts {
  readonly done: number
  readonly running: number
  readonly total: number
}

export interface RunJobsOptions {
  readonly signal?: AbortSignal
  readonly onEvent?: (event: JobEvent) => void
  readonly onCounts?: (counts: JobCounts) => void
  /** Milliseconds between two looks, fewer between the first ones. Default a second. */
  readonly every?: number
  /** How often a task is tried. Default 3. */
  readonly tries?: number
  /** So many looks may find nobody. Default 600. */
  readonly looks?: number
}

/** A task, and the job that is at it. */
interface Tried {
  readonly task: Task
  state: 'waiting' | 'pending' | 'running' | 'done' | 'failed'
  id: string
  tries: number
  told: number
}

/** Jobs that wait for room; more would run out of the time that Ray lets them wait. */
const pendingAtMost = 2
/** Of jobs that were asked to stop. */
const looksToStop = 30
/** Exit codes of a command that would fail again. */
const usage = 2

const isEnded = ({ status }: JobDetails): boolean => status !== 'PENDING' && status !== 'RUNNING'

/**
 * Has a cluster do tasks, and tries again what dies: a job that is lost with the head does not count as a try. Aborted, it stops what it started.
 *
 * @throws ClusterError where the cluster refuses a job, or nobody answers any more
 */
export const runJobs = async (
  api: JobsApi,
  tasks: readonly Task[],
  { signal, onEvent = () => {}, onCounts = () => {}, every = 1000, tries = 3, looks = 600 }: RunJobsOptions = {},
): Promise<{ readonly failed: readonly Task[]; readonly interrupted: boolean }> => {
  const all = tasks.map((task): Tried => ({ task, state: 'waiting', id: '', tries: 0, told: 0 }))
  const within = (...states: readonly Tried['state'][]) => all.filter(({ state }) => states.includes(state))

  const tellLines = async (tried: Tried, ended: boolean): Promise<void> => {
    const text = (await api.logs(tried.id)).slice(tried.told)
    const whole = ended ? text.length : text.lastIndexOf('\n') + 1
    tried.told += whole
    for (const line of text.slice(0, whole).split('\n'))
      if (line.trim() !== '') onEvent({ event: 'line', task: tried.task, line: line.trimEnd() })
  }

  const submit = async (tried: Tried): Promise<void> => {
    const { command, cpus, gpus } = tried.task
    const id = tried.id || `espalier-${randomUUID()}`
    Object.assign(tried, { id, told: 0 })
    await api.submit({ id, command, cpus, gpus })
    tried.state = 'pending'
  }

  /** Back among those that wait, as a new job, or given up. */
  const dead = (
    tried: Tried,
    { message, error_type, driver_exit_code }: Partial<JobDetails>,
    counts: boolean,
  ): void => {
    const reason = message ?? error_type ?? 'lost with its head'
    if (counts) tried.tries++
    const given = driver_exit_code === usage || tried.tries >= tries
    Object.assign(tried, { state: given ? 'failed' : 'waiting', id: '' })
    onEvent({ event: given ? 'failed' : 'again', task: tried.task, reason })
  }

  const look = async (tried: Tried): Promise<void> => {
    const details = await api.details(tried.id)
    const ended = details === undefined || isEnded(details)
    if (details !== undefined && details.status !== 'PENDING') await tellLines(tried, ended)
    if (!ended) {
      tried.state = details.status === 'RUNNING' ? 'running' : 'pending'
      return
    }
    if (await tried.task.isDone()) {
      tried.state = 'done'
      onEvent({ event: 'done', task: tried.task })
      return
    }
    dead(tried, details ?? {}, details !== undefined && details.error_type !== 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT')
  }

  /** Stops what was started, and waits until it has ended: a task may end with what it can save. */
  const stop = async (): Promise<void> => {
    const open = within('pending', 'running')
    await Promise.allSettled(open.map(({ id }) => api.stop(id)))
    for (let k = 0; k < looksToStop; k++) {
      const left = await Promise.all(open.map(({ id }) => api.details(id).catch(() => undefined)))
      if (left.every(details => details === undefined || isEnded(details))) return
      await wait(every)
    }
  }

  for (const tried of all) if (await tried.task.isDone()) tried.state = 'done'
  let [pause, unanswered] = [every / 16, 0]
  while (within('waiting', 'pending', 'running').length > 0) {
    if (signal?.aborted === true) {
      await stop()
      return { failed: [], interrupted: true }
    }
    try {
      for (const tried of within('pending', 'running')) await look(tried)
      for (const tried of within('waiting')) if (within('pending').length < pendingAtMost) await submit(tried)
      unanswered = 0
    } catch (error) {
      if (!(error instanceof Unreachable) || ++unanswered > looks) throw error
      if (unanswered === 1) onEvent({ event: 'unreachable', reason: error.message })
    }
    onCounts({ done: within('done').length, running: within('running').length, total: all.length })
    if (within('waiting', 'pending', 'running').length > 0) await wait(pause, undefined, { signal }).catch(() => {})
    pause = Math.min(every, 2 * pause)
  }
  return { failed: within('failed').map(({ task }) => task), interrupted: false }
}
