import { either as E } from 'fp-ts'
import { type Outputs, runSamples, samplesOf } from './agreement.ts'
import type { Timed } from './choices.ts'
import { type ExecutorProblem, executorProblem } from './error.ts'
import type { Executed, Execution, ExecutorName } from './execution.ts'
import { type ExecutorOptions, executorIsThere, openExecutor, type Timing } from './executor.ts'
import { type Entrant, judged } from './judge.ts'
import { type Clock, machineClock, race, spreadOf } from './race.ts'

/** XLA last: whether it is tried depends on the others. */
export const candidates: readonly ExecutorName[] = ['graph', 'openvino', 'onnx', 'eager', 'xla']

/**
 * XLA compiles for seconds and won only where TensorFlow's graph takes less than this: PreAct ResNet-110 at batch 1
 * (5.9 against 10.5 ms), and neither ResNet-18 at 1 (23 against 18) nor anything larger.
 */
const xlaBelowMilliseconds = 16

/** Rounds of the race; after the first, only while it has taken less than so many seconds. */
const course = { rounds: 7, least: 1, seconds: 4, hopeless: 4 } as const

/** A run of so long tells executors apart: what a batch costs whatever its size is little beside it. */
const tellingMilliseconds = 150
/** So few images are run to see how long they take. */
const fewest = 4

/** Of a batch as few images as tell, where so many took so long; the whole of it where that is not many more. */
export const imagesThatTell = (batch: number, images: number, milliseconds: number): number => {
  const enough = Math.max(images, Math.ceil((images * tellingMilliseconds) / milliseconds))
  return 2 * enough > batch ? batch : enough
}

/** What a choice is made with: this machine's executors, and its clock. */
export interface Machine {
  readonly open: typeof openExecutor
  readonly isThere: typeof executorIsThere
  readonly clock: Clock
}

export const thisMachine: Machine = { open: openExecutor, isThere: executorIsThere, clock: machineClock }

/** Which graph, in stages or not, is to be run by what, and with which numbers of examples. */
export interface Task {
  readonly executed: Executed
  readonly batch: number
  readonly options: ExecutorOptions
  readonly machine: Machine
}

/** An executor that has run a sample twice: what it gave at first, and how long the second run took. */
interface Ready {
  readonly executor: ExecutorName
  readonly images: number
  readonly opened: Execution
  readonly run: () => Promise<Outputs>
  readonly outputs: Outputs
  readonly milliseconds: number
}

const failure = (executor: ExecutorName, error: unknown): { readonly seen: string; readonly timed: Timed } => {
  const [seen] = (error as Error).message.split('\n')
  return { seen, timed: { executor, reason: `fails: ${seen}`, notable: true } }
}

const ready = async ({ executed, machine: { clock } }: Task, opened: Execution, images: number): Promise<Ready> => {
  const samples = samplesOf(executed, opened, images)
  const run = (): Promise<Outputs> => runSamples(executed, opened, samples)
  const outputs = await run()
  const started = clock.now()
  await run()
  return { executor: opened.executor, images, opened, run, outputs, milliseconds: clock.now() - started }
}

/** The first one, by which it shows how many images the others run, too. */
const readyFirst = async (task: Task, opened: Execution): Promise<Ready> => {
  const few = await ready(task, opened, Math.min(task.batch, fewest))
  const images = imagesThatTell(task.batch, few.images, few.milliseconds)
  return images === few.images ? few : ready(task, opened, images)
}

const timesOf = (racers: readonly Ready[]): Timing['timed'] =>
  racers.map(({ executor, milliseconds }) => ({ executor, milliseconds }))

/** Opens each executor and has it run; gives those that did, and of the others why not. */
const entered = async (task: Task, able: readonly ExecutorName[]) => {
  const { executed, options, machine } = task
  const tried: Timed[] = []
  const racers: Ready[] = []
  let problems: readonly ExecutorProblem[] | undefined
  for (const [done, executor] of able.entries()) {
    const images = racers.at(0)?.images
    if (options.signal?.aborted === true) {
      for (const { opened } of racers) opened.dispose()
      throw options.signal.reason
    }
    const quickest = Math.min(...racers.map(({ milliseconds }) => (milliseconds * task.batch) / (images ?? 1)))
    if (executor === 'xla' && racers.length > 0 && quickest > xlaBelowMilliseconds) {
      tried.push({ executor, reason: `not tried over ${xlaBelowMilliseconds} ms a batch` })
      continue
    }
    options.onProgress?.({ running: executor, total: able.length, done, images, timed: timesOf(racers) })
    const opened = await machine.open(executor, executed, options)
    if (E.isLeft(opened)) {
      const absent = !(await machine.isThere(executor, options))
      problems ??= opened.left
      tried.push({ executor, reason: opened.left[0].seen, absent, notable: !absent })
      continue
    }
    try {
      racers.push(await (images === undefined ? readyFirst(task, opened.right) : ready(task, opened.right, images)))
    } catch (error) {
      const { seen, timed } = failure(executor, error)
      problems ??= [executorProblem('executor-fails', executor, seen, 'a graph that it runs')]
      tried.push(timed)
      opened.right.dispose()
    }
  }
  return { tried, racers, problems }
}

/** Has those that run a sample do so in turns; gives what each took and gave, and why others left. */
const raced = async ({ machine: { clock } }: Task, racers: readonly Ready[]) => {
  const left = new Map<number, Timed>()
  const times = await race(racers, {
    ...course,
    clock,
    warmed: racers.map(({ milliseconds }) => milliseconds),
    onFailure: (racer, error) => left.set(racer, failure(racers[racer].executor, error).timed),
  })
  const entrants = racers.flatMap(({ executor, images, outputs }, k): readonly Entrant[] => {
    if (left.has(k)) return []
    const { median, min, max } = spreadOf(times[k])
    return [{ executor, images, milliseconds: median, min, max, outputs }]
  })
  return { entrants, left: [...left.values()] }
}

/** Of those that can be asked, the fastest that gives the answers of others, with what was tried. Left: none runs. */
export const compete = async (
  task: Task,
  able: readonly ExecutorName[],
): Promise<E.Either<readonly ExecutorProblem[], { readonly opened: Execution; readonly tried: readonly Timed[] }>> => {
  const { executed, options } = task
  const { tried, racers, problems } = await entered(task, able)
  if (racers.length === 0) return E.left(problems as readonly ExecutorProblem[])
  const { length: total } = able
  options.onProgress?.({ total, done: total, images: racers[0].images, timed: timesOf(racers) })
  const { entrants, left } = await raced(task, racers)
  const timed = judged(executed, racers[0].images, options.precision, entrants)
  const taken = timed.find(({ wrong }) => wrong !== true) ?? timed.at(0)
  for (const { executor, opened } of racers) if (executor !== taken?.executor) opened.dispose()
  const kept = racers.find(({ executor }) => executor === taken?.executor)
  if (kept !== undefined) return E.right({ opened: kept.opened, tried: [...timed, ...left, ...tried] })
  const [{ executor, reason = '' }] = left
  return E.left([executorProblem('executor-fails', executor, reason, 'a graph that it runs')])
}
