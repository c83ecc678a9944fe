import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'

/** A command that a cluster runs as soon as it has what the command reserves. */
export interface JobRequest {
  readonly id: string
  /** A line for a shell. */
  readonly command: string
  readonly cpus: number
  readonly gpus: number
}

const JobDetails = t.intersection([
  t.type({ status: t.keyof({ PENDING: null, RUNNING: null, STOPPED: null, SUCCEEDED: null, FAILED: null }) }),
  t.partial({
    message: t.union([t.string, t.null]),
    error_type: t.union([t.string, t.null]),
    driver_exit_code: t.union([t.number, t.null]),
  }),
])
/** How far a job is, as Ray says it. */
export type JobDetails = t.TypeOf<typeof JobDetails>

const JobLogs = t.type({ logs: t.union([t.string, t.null]) })

/** A cluster that does not do as it is asked. */
export class ClusterError extends Error {}

/** Nobody answers, or a head that is not ready: later it may be. */
export class Unreachable extends ClusterError {}

/** Jobs on a cluster. Every call may throw a {@link ClusterError}. */
export interface JobsApi {
  /** Hands a job in; one with this id that is there already is that job. */
  readonly submit: (job: JobRequest) => Promise<void>
  /** Undefined of a job that nobody knows any more. */
  readonly details: (id: string) => Promise<JobDetails | undefined>
  /** All that a job has printed. */
  readonly logs: (id: string) => Promise<string>
  /** Asks a job to end, and kills it a few seconds later. */
  readonly stop: (id: string) => Promise<void>
}

const patience = 30_000

/** Lines that Ray puts before a job's. */
const raysOwn = /^(?:.*job_manager\.py:|Running entrypoint for job ).*\n/gm

interface Answer {
  readonly status: number
  readonly body: string
}

/** Not by `fetch`: it says of itself that it is a browser's, which Ray does not take. */
const request = async (url: URL, method: 'GET' | 'POST', headers: Record<string, string>, body: string) => {
  const send = url.protocol === 'https:' ? https.request : http.request
  return new Promise<Answer>((resolve, reject) => {
    const asked = send(url, { method, headers, signal: AbortSignal.timeout(patience) }, answer => {
      text(answer).then(body => resolve({ status: answer.statusCode ?? 0, body }), reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const refused = ({ status, body }: Answer): ClusterError =>
  new ClusterError(`${status}: ${body.trim().split('\n').at(-1)}`)

const read = <A>(codec: t.Type<A>, { body }: Answer): A => {
  const json = E.tryCatch(() => JSON.parse(body), String)
  if (E.isRight(json) && codec.is(json.right)) return json.right
  throw new ClusterError(`an answer that is not of Ray’s Jobs API: ${body.slice(0, 100)}`)
}

/** Ray's Jobs API at an address, `http://127.0.0.1:8265`; `token` goes with every request. */
export const rayJobs = (address: string, token?: string): JobsApi => {
  const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> => {
    const headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const given = body === undefined ? '' : JSON.stringify(body)
    const answer = await request(new URL(`api/jobs/${path}`, address), method, headers, given).catch(error => {
      throw new Unreachable(error.message || error.code)
    })
    if (answer.status >= 500) throw new Unreachable(refused(answer).message)
    return answer
  }
  const details: JobsApi['details'] = async id => {
    const answer = await ask('GET', id)
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw refused(answer)
    return read(JobDetails, answer)
  }
  return {
    details,
    submit: async ({ id, command, cpus, gpus }) => {
      const answer = await ask('POST', '', {
        entrypoint: command,
        submission_id: id,
        entrypoint_num_cpus: cpus,
        entrypoint_num_gpus: gpus,
      })
      if (answer.status !== 200 && (await details(id)) === undefined) throw refused(answer)
    },
    logs: async id => {
      const answer = await ask('GET', `${id}/logs`)
      return answer.status === 200 ? (read(JobLogs, answer).logs ?? '').replaceAll(raysOwn, '') : ''
    },
    stop: async id => {
      await ask('POST', `${id}/stop`)
    },
  }
}
