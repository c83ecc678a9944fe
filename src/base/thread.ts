import { extname } from 'node:path'
import { parentPort, SHARE_ENV, type TransferListItem, Worker } from 'node:worker_threads'
import { EspalierError, type Problem } from '../../ir/index.ts'

/** Run from source, a thread first needs the loader of TypeScript that development has. `module` is a path without its extension, from the URL of who asks. */
export const startThread = (module: string, from: string, workerData: unknown): Worker => {
  const extension = extname(from)
  const main = new URL(`${module}${extension}`, from)
  const loaded = (): URL =>
    new URL(
      `data:text/javascript,${encodeURIComponent(
        `import { register } from '${import.meta.resolve('tsx/esm/api')}'; register(); await import('${main.href}')`,
      )}`,
    )
  // With its own copy of the environment a thread could not tell TensorFlow how much to log.
  return new Worker(extension === '.ts' ? loaded() : main, { workerData, execArgv: [], env: SHARE_ENV })
}

/** Errors lose their class on the way between threads: an EspalierError is sent as what it is made of. */
export type SentError =
  | { readonly problems: readonly Problem[]; readonly kind: EspalierError['kind'] }
  | { readonly error: unknown }

export const sentError = (error: unknown): SentError =>
  error instanceof EspalierError ? { problems: error.problems, kind: error.kind } : { error }

export const receivedError = (sent: SentError): unknown =>
  'problems' in sent ? new EspalierError(sent.problems, sent.kind) : sent.error

/** To the thread: a call, or that nobody waits for its answer. */
type Asked<C> = { readonly id: number; readonly call: C } | { readonly id: number; readonly abandoned: true }

/** From it: an answer, or something on the way to it, of one call or of none. */
type Said<A, T> =
  | { readonly id: number; readonly value: A }
  | { readonly id: number; readonly failed: SentError }
  | { readonly id: number | undefined; readonly told: T }

/** What is to be known of a call beside what it says. */
export interface CallOptions<T> {
  readonly transfer?: readonly TransferListItem[]
  readonly signal?: AbortSignal | undefined
  /** Told what the thread says before it answers. */
  readonly onTold?: (told: T) => void
}

/** A thread that answers calls. The process lives on for answers that are waited for, and not for the thread. */
export interface Thread<C, A, T> {
  readonly call: (call: C, options?: CallOptions<T>) => Promise<A>
  /** How many calls are unanswered. */
  readonly busy: () => number
  /** Whether it has not ended, nor died. */
  readonly isAlive: () => boolean
  readonly end: () => Promise<void>
}

interface Pending<A, T> {
  readonly resolve: (answer: A) => void
  readonly reject: (error: unknown) => void
  readonly onTold?: ((told: T) => void) | undefined
}

/** Calls a thread that {@link answerCalls}; `onTold` hears what it says of no call. Where it dies, all calls fail by what it died of. */
export const callThread = <C, A, T>(
  worker: Worker,
  name: string,
  onTold: (told: T) => void = () => {},
): Thread<C, A, T> => {
  const pending = new Map<number, Pending<A, T>>()
  let ids = 0
  /** Whether its end is waited for: an answer that comes until then must not let the process end amid its clean-up. */
  let ending = false
  let dead: { readonly of: unknown } | undefined
  const take = (id: number): Pending<A, T> | undefined => {
    const asked = pending.get(id)
    pending.delete(id)
    if (pending.size === 0 && !ending) worker.unref()
    return asked
  }
  const die = (of: unknown): void => {
    dead ??= { of }
    for (const id of [...pending.keys()]) take(id)?.reject(dead.of)
  }
  worker.unref()
  worker.on('error', die)
  worker.on('exit', code => die(new Error(`${name} ended with code ${code}`)))
  worker.on('message', (said: Said<A, T>) => {
    if ('told' in said) {
      if (said.id === undefined) onTold(said.told)
      else pending.get(said.id)?.onTold?.(said.told)
    } else if ('value' in said) take(said.id)?.resolve(said.value)
    else take(said.id)?.reject(receivedError(said.failed))
  })
  const post = (asked: Asked<C>, transfer: readonly TransferListItem[] = []): void =>
    worker.postMessage(asked, transfer)
  return {
    call: (call, { transfer, signal, onTold: told } = {}) =>
      new Promise((resolve, reject) => {
        if (dead !== undefined) return reject(dead.of)
        if (signal?.aborted === true) return reject(signal.reason)
        const id = ids++
        const abandon = (): void => {
          take(id)?.reject(signal?.reason)
          post({ id, abandoned: true })
        }
        const settled =
          <V>(settle: (value: V) => void) =>
          (value: V): void => {
            signal?.removeEventListener('abort', abandon)
            settle(value)
          }
        pending.set(id, { resolve: settled(resolve), reject: settled(reject), onTold: told })
        worker.ref()
        signal?.addEventListener('abort', abandon)
        try {
          post({ id, call }, transfer)
        } catch (error) {
          take(id)?.reject(error)
        }
      }),
    busy: () => pending.size,
    isAlive: () => dead === undefined,
    end: async () => {
      ending = true
      await worker.terminate()
    },
  }
}

/** An answer, and what of it is handed over rather than copied. */
export interface Answered<A> {
  readonly value: A
  readonly transfer?: readonly TransferListItem[]
}

/** In the thread: answers calls, as many at a time as come. */
export const answerCalls = <C, A, T>(
  answer: (call: C, tell: (told: T) => void, signal: AbortSignal) => Promise<Answered<A>>,
): { readonly tell: (told: T) => void } => {
  const under = new Map<number, AbortController>()
  const say = (said: Said<A, T>, transfer: readonly TransferListItem[] = []): void =>
    parentPort?.postMessage(said, transfer)
  parentPort?.on('message', async (asked: Asked<C>) => {
    const { id } = asked
    if ('abandoned' in asked) return under.get(id)?.abort()
    const control = new AbortController()
    under.set(id, control)
    try {
      const { value, transfer } = await answer(asked.call, told => say({ id, told }), control.signal)
      say({ id, value }, transfer)
    } catch (error) {
      say({ id, failed: sentError(error) })
    } finally {
      under.delete(id)
    }
  })
  return { tell: told => say({ id: undefined, told }) }
}
