import { afterEach, describe, expect, it } from 'vitest'
import { ClusterError, rayJobs, Unreachable } from '../../../../src/experiment/cluster/jobs-api.ts'
import { type JobEvent, type RunJobsOptions, runJobs, type Task } from '../../../../src/experiment/cluster/run-jobs.ts'
import { type FakeJob, type FakeRay, fakeRay } from './fake-ray.ts'

let ray: FakeRay
afterEach(() => ray.close())

const results = new Set<string>()
const task = (name: string): Task => ({
  ...{ name, command: `do ${name}`, cpus: 2, gpus: 0.5 },
  isDone: async () => results.has(name),
})

/** Starts a cluster that does jobs so, and has it do tasks; what happened, in words. */
const ran = async (
  names: string,
  start: (name: string, job: FakeJob, attempt: number) => void,
  options: RunJobsOptions = {},
) => {
  results.clear()
  ray = await fakeRay((command, job, attempt) => start(command.slice('do '.length), job, attempt))
  const events: string[] = []
  const onEvent = (event: JobEvent): void => {
    if (event.event === 'unreachable') events.push('unreachable')
    else events.push([event.task.name, event.event, 'line' in event ? event.line : ''].join(' ').trimEnd())
  }
  const done = await runJobs(rayJobs(ray.address), names.split('').map(task), { every: 1, onEvent, ...options })
  return { failed: done.failed.map(({ name }) => name), interrupted: done.interrupted, events }
}

const succeed = (name: string, job: FakeJob): void => {
  results.add(name)
  job.status = 'SUCCEEDED'
}

const fail = (job: FakeJob, driver_exit_code = 137): void => {
  Object.assign(job, { status: 'FAILED', message: 'it died', driver_exit_code })
}

describe('runJobs', () => {
  it('has every task done, with what it reserves, under an id of its own', async () => {
    const counts: string[] = []
    const onCounts: RunJobsOptions['onCounts'] = ({ done, total }) => counts.push(`${done}/${total}`)
    expect(await ran('abc', succeed, { onCounts })).toEqual({
      ...{ failed: [], interrupted: false },
      events: ['a done', 'b done', 'c done'],
    })
    expect(ray.submitted.map(({ submission_id: _, ...body }) => body)).toEqual(
      ['a', 'b', 'c'].map(name => ({ entrypoint: `do ${name}`, entrypoint_num_cpus: 2, entrypoint_num_gpus: 0.5 })),
    )
    expect(new Set(ray.submitted.map(body => body.submission_id)).size).toBe(3)
    expect(counts.at(-1)).toBe('3/3')
  })

  it('does not do again what is done', async () => {
    const first = ran('ab', succeed)
    results.add('a')
    await first
    expect(ray.submitted.map(({ entrypoint }) => entrypoint)).toEqual(['do b'])
  })

  it('tries again what dies, and gives up after three times, the others done', async () => {
    const dying = (name: string, job: FakeJob, attempt: number): void =>
      name === 'b' && attempt < 4 ? fail(job) : succeed(name, job)
    expect((await ran('ab', dying)).events).toEqual(['a done', 'b again', 'b again', 'b done'])
    await ray.close()
    const never = await ran('abc', (name, job) => (name === 'b' ? fail(job) : succeed(name, job)))
    expect(never.failed).toEqual(['b'])
    expect(never.events.filter(event => event.startsWith('b'))).toEqual(['b again', 'b again', 'b failed'])
    expect(results).toEqual(new Set(['a', 'c']))
  })

  it('tries again what ends without a result, and takes a result however its job ended', async () => {
    const ended = (name: string, job: FakeJob, attempt: number): void => {
      if (attempt > 1) results.add(name)
      job.status = attempt > 1 ? 'FAILED' : 'SUCCEEDED'
    }
    expect(await ran('a', ended)).toEqual({ failed: [], interrupted: false, events: ['a again', 'a done'] })
  })

  it('does not try again what is called wrongly', async () => {
    const { failed, events } = await ran('a', (_, job) => fail(job, 2))
    expect([failed, events]).toEqual([['a'], ['a failed']])
  })

  it('has a job that is lost with its head done anew, however often', async () => {
    const lost = (name: string, job: FakeJob, attempt: number): void => {
      if (attempt < 6) setTimeout(() => ray.jobs.clear())
      else succeed(name, job)
    }
    const { failed, events } = await ran('a', lost)
    expect([failed, events]).toEqual([[], [...Array(5).fill('a again'), 'a done']])
  })

  it('does not count a job that found no room in time', async () => {
    const crowded = (name: string, job: FakeJob, attempt: number): void => {
      fail(job)
      job.error_type = 'JOB_SUPERVISOR_ACTOR_START_TIMEOUT'
      if (attempt > 5) succeed(name, job)
    }
    expect((await ran('a', crowded)).failed).toEqual([])
  })

  it('waits while nobody answers, and gives up in the end', async () => {
    const silent = (name: string, job: FakeJob): void => {
      ray.broken = 5
      succeed(name, job)
    }
    expect((await ran('a', silent)).events).toEqual(['unreachable', 'a done'])
    await ray.close()
    await expect(
      ran(
        'a',
        () => {
          ray.broken = Number.POSITIVE_INFINITY
        },
        { looks: 4 },
      ),
    ).rejects.toThrow(Unreachable)
  })

  it('hands in two at a time where they wait', async () => {
    const waiting: FakeJob[] = []
    let most = 0
    await ran('abcde', (name, job) => {
      job.status = 'PENDING'
      waiting.push(job)
      most = Math.max(most, waiting.filter(({ status }) => status === 'PENDING').length)
      setTimeout(() => succeed(name, job), 3)
    })
    expect(most).toBe(2)
  })

  it('tells each line once, and of the end what has no end of line', async () => {
    const talking = (name: string, job: FakeJob): void => {
      const begun = 'x INFO job_manager.py:5 -- setting up\nRunning entrypoint for job e: do\n'
      const steps = [`${begun}one\ntw`, `${begun}one\ntwo\n\nthr`, `${begun}one\ntwo\n\nthree`]
      const step = (k: number): void => {
        job.logs = steps[k]
        if (k + 1 < steps.length) setTimeout(step, 4, k + 1)
        else succeed(name, job)
      }
      step(0)
    }
    expect((await ran('a', talking)).events).toEqual(['a line one', 'a line two', 'a line three', 'a done'])
  })

  it('stops what it started when it is interrupted', async () => {
    const interrupt = new AbortController()
    const stopping = await ran('abc', () => interrupt.abort(), { signal: interrupt.signal })
    expect(stopping).toMatchObject({ failed: [], interrupted: true })
    expect(ray.stopped).toEqual(ray.submitted.map(body => body.submission_id))
    expect([...ray.jobs.values()].map(({ status }) => status)).toEqual(Array(ray.submitted.length).fill('STOPPED'))
  })
})

describe('rayJobs', () => {
  const job = { id: 'j', command: 'c', cpus: 1, gpus: 0 }

  it('takes a job that is handed in twice as one, and refuses what Ray refuses', async () => {
    ray = await fakeRay(() => {})
    const api = rayJobs(`${ray.address}/`, 'secret')
    await api.submit(job)
    await api.submit(job)
    expect(ray.submitted).toHaveLength(1)
    expect(new Set(ray.authorization)).toEqual(new Set(['Bearer secret']))
    await expect(api.submit({ ...job, id: 'k', command: null as unknown as string })).rejects.toThrow(
      new ClusterError('400: TypeError: entrypoint must be a string'),
    )
    expect(await api.details('none')).toBeUndefined()
  })

  it('says who nobody is', async () => {
    ray = await fakeRay(() => {})
    await ray.close()
    await expect(rayJobs(ray.address).details('j')).rejects.toThrow(Unreachable)
  })
})
