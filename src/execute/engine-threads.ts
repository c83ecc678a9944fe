import { callThread, startThread, type Thread } from '../base/thread.ts'
import type { Scores } from './call.ts'
import type { RanBatch } from './cascade.ts'
import {
  disposedModel,
  type Engine,
  type EngineFacts,
  type EngineOptions,
  isPictures,
  type Pictures,
  type Staged,
} from './engine.ts'
import type { Timing } from './executor.ts'
import { readInputs, type TensorLike } from './inputs.ts'
import { lifetime } from './lifetime.ts'

/** What a thread opens. */
export interface ThreadTask {
  readonly staged: Staged
  readonly options: Omit<EngineOptions, 'note' | 'onBatch' | 'onProgress' | 'signal'>
}

export type EngineCall =
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'run'; readonly images: Float32Array | Pictures }

export interface EngineAnswer {
  /** What computes now. */
  readonly facts: EngineFacts
  readonly choice?: Engine['choice']
  readonly scores?: Scores
}

export type EngineTold =
  | { readonly kind: 'started' }
  | { readonly kind: 'note'; readonly line: string }
  | { readonly kind: 'batch'; readonly batch: RanBatch }
  | { readonly kind: 'timing'; readonly timing: Timing }

type EngineThread = Thread<EngineCall, EngineAnswer, EngineTold>

/** How many threads there are, and what each of them runs. */
export interface ThreadsOptions {
  readonly workers: number
  /** Default: what opens an engine and answers for it. */
  readonly start?: (task: ThreadTask) => ReturnType<typeof startThread>
}

/** So many batches are sent ahead to each thread where they are run in turn: later stages of an adaptive plan gather their images. */
const sentAhead = 4

const startEngine = (task: ThreadTask) => startThread('./engine-thread', import.meta.url, task)

/** Bytes alone in their buffer, so that it can be handed over: a copy, unless they are and may be. */
const alone = <B extends Float32Array | Uint8Array>(bytes: B, mayTransfer: boolean): B => {
  const whole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
  // A Buffer's own slice is no copy.
  return (whole && mayTransfer ? bytes : bytes instanceof Uint8Array ? new Uint8Array(bytes) : bytes.slice()) as B
}

const alonePictures = ({ pictures, preprocess }: Pictures): Pictures => ({
  preprocess,
  pictures: pictures.map(picture =>
    picture instanceof Uint8Array ? alone(picture, false) : { ...picture, data: new Uint8Array(picture.data) },
  ),
})

const buffersOf = (images: Float32Array | Pictures): readonly ArrayBuffer[] =>
  (isPictures(images)
    ? images.pictures.map(picture => (picture instanceof Uint8Array ? picture : picture.data).buffer)
    : [images.buffer]) as readonly ArrayBuffer[]

/** An engine in threads of their own: the least busy one gets what is next, and this one's event loop stays free. @throws EspalierError where nothing runs it */
export const openEngineThreads = async (
  staged: Staged,
  { note = line => process.emitWarning(line), onBatch, onProgress, signal, ...options }: EngineOptions,
  { workers, start = startEngine }: ThreadsOptions,
): Promise<Engine> => {
  signal?.throwIfAborted()
  const hear = (told: EngineTold): void => {
    if (told.kind === 'note') note(told.line)
    if (told.kind === 'batch') onBatch?.(told.batch)
    if (told.kind === 'timing') onProgress?.(told.timing)
  }
  const threads: EngineThread[] = []
  const open = async (more: EngineOptions): Promise<EngineAnswer> => {
    const thread: EngineThread = callThread(
      start({ staged, options: { ...options, ...more } }),
      'the thread of a model',
      hear,
    )
    threads.push(thread)
    return thread.call({ kind: 'open' }, { signal })
  }
  const close = async (): Promise<void> => {
    await Promise.all(threads.map(thread => thread.call({ kind: 'close' }).catch(() => {})))
    await Promise.all(threads.map(({ end }) => end()))
  }
  let facts: EngineFacts
  let choice: Engine['choice']
  try {
    ;({ facts, choice } = await open({}))
    // What the first one has chosen is everyone's.
    const chosen = facts.executor === 'reference' ? {} : { executor: facts.executor }
    await Promise.all(Array.from({ length: workers - 1 }, () => open(chosen)))
  } catch (error) {
    await Promise.all(threads.map(({ end }) => end()))
    throw error
  }
  let freed: Promise<void> | undefined
  const free = (): void => {
    freed = close()
  }
  const life = lifetime('predict', free, disposedModel)

  /** Numbers or pictures that can be handed to a thread. */
  const handed = async (images: Float32Array | TensorLike | Pictures, transfer: boolean) => {
    if (isPictures(images)) return alonePictures(images)
    if (images instanceof Float32Array) return alone(images, transfer)
    return readInputs(images, staged.image)
  }
  const scoresOf: Engine['scoresOf'] = (images, { signal: given, onStart, transfer = false } = {}) =>
    life.during(async () => {
      const own = await handed(images, transfer)
      const thread = threads.reduce((a, b) => (b.busy() < a.busy() ? b : a))
      const answer = await thread.call(
        { kind: 'run', images: own },
        { transfer: buffersOf(own), signal: given, onTold: () => onStart?.() },
      )
      facts = answer.facts
      return answer.scores as Scores
    })
  return {
    choice,
    facts: () => facts,
    scoresOf,
    scoresOfEach: async function* (batches) {
      const underWay: Promise<Scores>[] = []
      for await (const batch of batches) {
        const scores = scoresOf(batch)
        // A failure is reported when its turn comes; until then it must not count as unhandled.
        scores.catch(() => {})
        underWay.push(scores)
        if (underWay.length >= sentAhead * workers) yield await (underWay.shift() as Promise<Scores>)
      }
      for (const scores of underWay) yield await scores
    },
    dispose: life.dispose,
    freed: life.freed.then(() => freed),
  }
}
