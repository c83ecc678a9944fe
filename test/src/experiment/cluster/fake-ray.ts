import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** How a job of the fake goes on. */
export interface FakeJob {
  status: 'PENDING' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED' | 'FAILED'
  logs: string
  message?: string
  error_type?: string
  driver_exit_code?: number
}

export interface FakeRay {
  readonly address: string
  /** Bodies of submissions, in their order. */
  readonly submitted: Readonly<Record<string, unknown>>[]
  readonly stopped: string[]
  readonly authorization: (string | undefined)[]
  readonly jobs: Map<string, FakeJob>
  /** How the next requests are answered: by an error of the server's. */
  broken: number
  readonly close: () => Promise<void>
}

/** What is asked of Ray's Jobs API, answered from memory; `start` begins a job, which goes on by itself. */
export const fakeRay = async (
  start: (command: string, job: FakeJob, attempt: number) => void | Promise<void>,
): Promise<FakeRay> => {
  const submit = (body: Readonly<Record<string, unknown>>): readonly [number, unknown] => {
    const id = String(body.submission_id)
    if (typeof body.entrypoint !== 'string') return [400, 'TypeError: entrypoint must be a string']
    if (fake.jobs.has(id)) return [400, 'ValueError: it is there']
    fake.submitted.push(body)
    const job: FakeJob = { status: 'RUNNING', logs: '' }
    fake.jobs.set(id, job)
    void start(body.entrypoint, job, fake.submitted.length)
    return [200, { job_id: id, submission_id: id }]
  }
  const answer = async (asked: IncomingMessage): Promise<readonly [number, unknown]> => {
    fake.authorization.push(asked.headers.authorization)
    if ('sec-fetch-mode' in asked.headers) return [405, 'method not allowed for browser traffic']
    if (fake.broken > 0) {
      fake.broken--
      return [500, 'No available agent to submit job, please try again later.']
    }
    const [, id = '', action] = /^\/api\/jobs\/([^/]*)(?:\/(\w+))?$/.exec(asked.url ?? '') ?? []
    if (asked.method === 'POST' && id === '') return submit(JSON.parse(await text(asked)))
    const job = fake.jobs.get(id)
    if (job === undefined) return [404, `Job ${id} does not exist`]
    if (action === 'logs') return [200, { logs: job.logs }]
    if (action === 'stop') {
      fake.stopped.push(id)
      job.status = 'STOPPED'
      return [200, { stopped: true }]
    }
    const { logs: _, ...details } = job
    return [200, { ...details, submission_id: id, type: 'SUBMISSION' }]
  }
  const server = createServer(async (asked, reply) => {
    const [status, body] = await answer(asked)
    reply.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeRay = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ submitted: [], stopped: [], authorization: [], jobs: new Map(), broken: 0 },
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return fake
}
