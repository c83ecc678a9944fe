import { nodesWithTag, type Tensor } from '../../ir/index.ts'
import { callThread, startThread, type Thread } from '../base/thread.ts'
import { type Executed, type Execution, type ExecutorName, type Facts, stageGraphs, toldFacts } from './execution.ts'
import type { Timing } from './executor.ts'
import { withLive } from './live.ts'
import type { ExecutionOptions, OpenedExecution } from './open-execution.ts'
import type { Pictures } from './pictures.ts'
import { openRoom } from './room.ts'

/** What a thread opens. */
export interface ThreadTask {
  readonly executed: Executed
  readonly options: Omit<ExecutionOptions, 'note' | 'onProgress' | 'signal'>
}

type AnyExecution = OpenedExecution['execution']

export type ExecutionCall =
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'fit'; readonly pictures: Pictures }
  | { readonly kind: 'run'; readonly inputs: Readonly<Record<string, Float32Array>>; readonly stage: number }

/** What computes now. */
type ThreadFacts = Facts<ExecutorName | 'reference'>

export type ExecutionAnswer =
  | {
      readonly kind: 'opened'
      readonly facts: ThreadFacts
      readonly inputs: Execution['inputs']
      readonly choice?: OpenedExecution['choice']
    }
  | { readonly kind: 'fitted'; readonly numbers: Float32Array }
  | {
      readonly kind: 'ran'
      readonly facts: ThreadFacts
      readonly outputs: Readonly<Record<string, Tensor>>
      /** As they were, handed back. */
      readonly inputs: Readonly<Record<string, Float32Array>>
    }
  | { readonly kind: 'closed' }

export type ExecutionTold =
  | { readonly kind: 'began' }
  | { readonly kind: 'note'; readonly line: string }
  | { readonly kind: 'timing'; readonly timing: Timing }

/** The facts of an execution alone, as they are now. */
export const factsOf = ({ executor, backend, describe, reason, compilesBatches }: AnyExecution): ThreadFacts => ({
  ...{ executor, backend, describe, reason, compilesBatches },
})

type ExecutionThread = Thread<ExecutionCall, ExecutionAnswer, ExecutionTold>

/** How many threads there are, and what each of them runs. */
export interface ThreadsOptions {
  readonly workers: number
  /** Default: what opens an execution and answers for it. */
  readonly start?: (task: ThreadTask) => ReturnType<typeof startThread>
}

const startExecution = (task: ThreadTask) => startThread('./execution-thread', import.meta.url, task)

type Answer<K extends ExecutionAnswer['kind']> = Extract<ExecutionAnswer, { readonly kind: K }>

/** Pictures in buffers of their own, which are sent whole. */
const alone = ({ pictures, preprocess }: Pictures): Pictures => ({
  preprocess,
  pictures: pictures.map(picture =>
    picture instanceof Uint8Array ? new Uint8Array(picture) : { ...picture, data: new Uint8Array(picture.data) },
  ),
})

/** An execution in threads of its own: the least busy one gets the next run, and this one's event loop stays free. @throws EspalierError where nothing runs it */
export const openExecutionThreads = async (
  executed: Executed,
  { note = line => process.emitWarning(line), onProgress, signal, ...others }: ExecutionOptions,
  { workers, start = startExecution }: ThreadsOptions,
): Promise<OpenedExecution> => {
  signal?.throwIfAborted()
  const { backend, executor, precision, batch, debug } = others
  const hear = (told: ExecutionTold): void => {
    if (told.kind === 'note') note(told.line)
    if (told.kind === 'timing') onProgress?.(told.timing)
  }
  const startWith = (more: ExecutionOptions): ExecutionThread =>
    callThread(
      start({ executed, options: { backend, executor, precision, batch, debug, ...more } }),
      'the thread of a model',
      hear,
    )
  const threads: ExecutionThread[] = []
  const open = async (more: ExecutionOptions): Promise<Answer<'opened'>> => {
    const thread = startWith(more)
    threads.push(thread)
    return (await thread.call({ kind: 'open' }, { signal })) as Answer<'opened'>
  }
  const end = (): Promise<unknown> => Promise.all(threads.map(thread => thread.end()))
  let facts: ThreadFacts
  let first: Answer<'opened'>
  // What the first one has chosen is everyone's.
  const chosen = () => (facts.executor === 'reference' ? {} : { executor: facts.executor })
  try {
    first = await open({})
    facts = first.facts
    await Promise.all(Array.from({ length: workers - 1 }, () => open(chosen())))
  } catch (error) {
    await end()
    throw error
  }
  /** Where one has died, with what it had under way, another has its place. */
  const leastBusy = (): ExecutionThread => {
    for (const [k, thread] of threads.entries()) if (!thread.isAlive()) threads[k] = startWith(chosen())
    return threads.reduce((a, b) => (b.busy() < a.busy() ? b : a))
  }
  // Of each thread one batch is run, one waits for it, and one is put together meanwhile.
  const inputs = stageGraphs(executed).flatMap(graph => nodesWithTag(graph, 'Input'))
  const room = openRoom(3 * workers * inputs.length)
  const running: Omit<AnyExecution, keyof ThreadFacts> = {
    inputs: first.inputs,
    threads: { count: workers, room },
    fit: async pictures => {
      const own = alone(pictures)
      const transfer = own.pictures.map(
        picture => (picture instanceof Uint8Array ? picture : picture.data).buffer as ArrayBuffer,
      )
      const { numbers } = (await leastBusy().call({ kind: 'fit', pictures: own }, { transfer })) as Answer<'fitted'>
      return numbers
    },
    run: async (given, stage = 0, onBegin) => {
      const inputs = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, room.handed(values)]))
      const transfer = Object.values(inputs).map(({ buffer }) => buffer as ArrayBuffer)
      const answer = (await leastBusy().call(
        { kind: 'run', inputs, stage },
        { transfer, onTold: () => onBegin?.() },
      )) as Answer<'ran'>
      facts = answer.facts
      for (const [name, back] of Object.entries(answer.inputs)) room.takeBack(given[name], inputs[name], back)
      return answer.outputs
    },
    dispose: async () => {
      await Promise.all(threads.map(thread => thread.call({ kind: 'close' }).catch(() => {})))
      await end()
    },
  }
  const execution: AnyExecution = withLive(running, () => facts, [...toldFacts, 'compilesBatches'])
  return { execution, choice: first.choice }
}
