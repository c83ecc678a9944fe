import { Refusal } from './refusal.ts'

/** A signal that ends work for somebody who no longer waits for it. */
export interface Deadline {
  readonly signal: AbortSignal
  /** To be called where the client is gone. */
  readonly abandon: () => void
  /** To be called where the work is done. */
  readonly clear: () => void
}

/** What work is ended with where its client is gone: nobody reads it, but the log does. */
export const clientGone = (): Refusal => new Refusal(499, 'the client closed the connection')

/** Ends work after so many milliseconds. */
export const deadline = (milliseconds: number): Deadline => {
  const controller = new AbortController()
  const late = (): void => controller.abort(new Refusal(504, `no answer within ${milliseconds / 1000} s`))
  const timer = setTimeout(late, milliseconds)
  return {
    signal: controller.signal,
    abandon: () => controller.abort(clientGone()),
    clear: () => clearTimeout(timer),
  }
}

/** What some work gives, or the signal’s reason where that comes first; the work goes on for nobody. */
export const unlessAborted = <A>(work: Promise<A>, signal: AbortSignal): Promise<A> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
