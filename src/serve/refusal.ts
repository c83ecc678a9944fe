import { EspalierError, type Problem, problem, renderProblem } from '../../ir/index.ts'

/** What a request gets in place of an answer: the status as HTTP has it, and one line. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  /** Seconds after which it may be tried again. */
  readonly retryAfter?: number
  constructor(status: number, line: string, retryAfter?: number) {
    super(line)
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** A problem in one line; what to try is for the command line. */
export const lineOf = ({ hint: _, ...told }: Problem): string => renderProblem(told).replaceAll('\n', ' ')

/** What clients sent comes back cut: headers and trailers that hold it have limits. */
const cut = (text: string): string => (text.length <= 200 ? text : `${text.slice(0, 200)}…`)

/** Refuses for what was seen in place of what was expected. */
export const refuse = (status: number, where: string, seen: string, expected: string): Refusal =>
  new Refusal(status, lineOf(problem('refused', cut(where), cut(seen), expected)))

/** What no client is told more of; the log has it. */
const internal = (): Refusal => new Refusal(500, 'an error of the server; its log says which, under this request id')

const isClientError = (error: unknown): error is Error & { readonly statusCode: number } =>
  error instanceof Error &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode >= 400 &&
  error.statusCode < 500

/** An error as the client is told of it. */
export const refusalOf = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error
  if (error instanceof EspalierError && error.kind === 'usage') return new Refusal(400, lineOf(error.problems[0]))
  return isClientError(error) ? new Refusal(error.statusCode, error.message.split('\n')[0]) : internal()
}
