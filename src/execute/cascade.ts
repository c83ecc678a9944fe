import { type CertaintyMeasure, nodesWithTag, shapeOf, sizeOf } from '../../ir/index.ts'
import { broughtTo, type Stage } from '../../passes/index.ts'
import { type Alarm, machineAlarm } from './alarm.ts'
import { type Call, type Hold, imagesOf, type Owner, openCall, type SendOptions, type Sent } from './call.ts'
import type { BatchVariants, VariantScores } from './disagreement.ts'
import type { Execution } from './execution.ts'
import { type Portion, portionOf, portions, sizesUpTo } from './fill-batch.ts'
import { type CarriedValue, type Gathered, gathering, type Numbers } from './gathering.ts'
import { nextTurn, type Queue, type Turn } from './next-turn.ts'
import { isAnswer } from './score.ts'

/** A batch that was run. */
export interface RanBatch {
  /** From 1. */
  readonly stage: number
  readonly images: number
  readonly milliseconds: number
}

/** Stages in an executor, which images go through as far as they need. */
export interface Cascade {
  /** Sends `n` images through. */
  readonly send: (images: Float32Array, n: number, options?: SendOptions) => Sent
  /** To be called where a hold was closed. */
  readonly wake: () => void
  /** Runs blank images in every batch size that costs a compilation, so that no call waits for one. */
  readonly warm: () => Promise<void>
}

export interface CascadeOptions {
  /** What comes out, and how many numbers of an image. The first is the scores that gates look at. */
  readonly outputs: readonly CarriedValue[]
  /** Images in a full batch, unless more came at once. */
  readonly batch: number
  /** Images of several calls that come in as one batch, at most. Default: each call is a batch of its own. */
  readonly join?: number
  /** Milliseconds that images wait for others to be joined with, where the executor is free. Default 0: for a turn of the event loop. */
  readonly delay?: number
  readonly alarm?: Alarm
  readonly onBatch?: (batch: RanBatch) => void
}

/** The measures of the gates. */
export const measuresOf = (stages: readonly Stage[]): readonly CertaintyMeasure[] =>
  stages.flatMap(({ graph, gate }) => {
    const output = graph.outputs.find(({ name }) => name === gate?.certainty)
    const node = output === undefined ? undefined : graph.nodes[output.node]
    return node?.tag === 'Certainty' ? [node.attributes.measure] : []
  })

/** As many images of several callers share a batch where a full one is less. */
const joined = 32

/** Where calls are joined, and so may come in without end, so many batches come in while images wait for a full batch of the next stage. */
const patience = 4

/** A stage, and where the scores of its variants come out. */
export interface OpenStage extends Stage {
  readonly variants: readonly VariantScores[]
}

const turnOfEventLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Works, and lets what has become of it and who is at the door have a turn of the event loop, unless they had one meanwhile. */
const lettingTurn = async (work: Promise<void>): Promise<void> => {
  let turned = false
  setImmediate(() => {
    turned = true
  })
  await work
  if (!turned) await turnOfEventLoop()
}

/** Arrays in the same memory, one after the other: the next may be had once nobody reads the one before. */
const inOneMemory = (): ((length: number) => Float32Array) => {
  let memory = new Float32Array(0)
  return length => {
    if (memory.length < length) memory = new Float32Array(length)
    return memory.subarray(0, length)
  }
}

/**
 * Runs stages, one batch at a time or as many as there are threads. Calls are joined into batches, where they are; images that go on are gathered across batches
 * and calls; `nextTurn` says which are run. An image's answer is its own, whoever shares its batch. Where a batch fails, the calls with images in it do, and no others.
 */
export const cascade = (
  execution: Pick<Execution, 'run' | 'compilesBatches' | 'threads'>,
  stages: readonly OpenStage[],
  { outputs: given, batch, join = 0, delay = 0, alarm = machineAlarm, onBatch }: CascadeOptions,
): Cascade => {
  const carried = broughtTo(stages).map(brought =>
    [...brought].map(([name, type]): CarriedValue => ({ name, size: sizeOf(shapeOf(type)) })),
  )
  /** Of each carried value whether it is scores, which are looked at later, where variants are compared. */
  const lookedAt = carried.map((values, stage) =>
    values.map(value => stages[stage].variants.some(({ name }) => name === value.name)),
  )
  const takes = stages.map(({ graph }) => nodesWithTag(graph, 'Input').map(({ attributes }) => attributes.name))
  const incoming: Call[] = []
  const holds = new Set<Hold>()
  const untold: Call[] = []
  const { count: threads, room } = execution.threads ?? { count: 1, room: undefined }
  /** As many full batches as are run may wait where threads run them, so that these wait for nobody. */
  const mostUnderWay = room === undefined ? 1 : 2 * threads
  const arrayOf = room?.take ?? inOneMemory()
  let [largest, underWay, looking] = [Math.max(batch, join), 0, false]
  const most = (): number => {
    for (const hold of holds) if (!hold.open) holds.delete(hold)
    return holds.size > 0 ? largest : Math.max(largest, joined)
  }
  const waiting = carried.map(values => gathering<Owner>(values, most))
  /** Of each stage, the batches that came in since the images that wait for it do. */
  const passed = carried.map(() => 0)

  /** Runs rows of what is carried to a stage, and sends on whom its gate does. */
  const pass = async (
    stage: number,
    values: readonly Float32Array[],
    owners: readonly Owner[],
    onBegin?: () => void,
  ): Promise<void> => {
    const { gate, variants } = stages[stage]
    const brought = new Map(carried[stage].map(({ name }, k) => [name, values[k]]))
    const fed = takes[stage].map(name => [name, brought.get(name)] as const)
    let began = performance.now()
    const outputs = await execution.run(Object.fromEntries(fed) as Record<string, Float32Array>, stage, () => {
      began = performance.now()
      onBegin?.()
    })
    onBatch?.({ stage: stage + 1, images: owners.length, milliseconds: performance.now() - began })
    const certainty = gate === undefined ? undefined : outputs[gate.certainty].data
    const broughtNumbers = (name: string): Float32Array => {
      const values = brought.get(name) as Float32Array
      return room?.now(values) ?? values
    }
    const numbersOf = (name: string): Numbers => outputs[name]?.data ?? broughtNumbers(name)
    const ran: BatchVariants = {
      scores: variants.map(({ name }) => numbersOf(name)),
      weights: variants.map(({ weight }) => weight),
    }
    const goesOn = ({ call, row }: Owner): boolean =>
      gate !== undefined && call.certainty[row] < gate.below && isAnswer(call.outputs[0], row, given[0].size)
    const onward: number[] = []
    owners.forEach((owner, k) => {
      const { call, row } = owner
      given.forEach(({ name, size }, at) => {
        call.outputs[at].set(outputs[name].data.subarray(k * size, (k + 1) * size), row * size)
      })
      call.stages[row] = stage + 1
      call.certainty[row] = certainty?.[k] ?? Number.NaN
      call.variants[row] = [ran, k]
      if (goesOn(owner)) onward.push(k)
      else if (--call.open === 0) call.answer()
    })
    if (onward.length > 0) {
      const next = carried[stage + 1].map(({ name }) => numbersOf(name))
      waiting[stage + 1].add(next, onward, k => owners[k])
    }
    for (const sent of values) room?.free(sent)
  }

  const orFail = async (calls: Iterable<Call>, work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      for (const call of calls) call.fail(error)
    }
  }

  /** How rows are run at once: in a few sizes where each costs a compilation. */
  const portionsOf = (stage: number, n: number): readonly Portion[] => {
    if (!execution.compilesBatches) return [{ from: 0, count: n, size: n }]
    return stage > 0 || join > 0 ? portions(n, most()) : [{ from: 0, count: n, size: Math.max(n, batch) }]
  }

  /** Runs rows, unless all that they belong to has failed and wants no more. */
  const run = async (stage: number, { values, owners }: Gathered<Owner>, onBegin?: () => void): Promise<void> => {
    if (owners.every(({ call }) => call.failed)) return
    for (const portion of portionsOf(stage, owners.length)) {
      const own = owners.slice(portion.from, portion.from + portion.count)
      const fed = carried[stage].map(({ size }, k) => portionOf(values[k], size, portion))
      await orFail(new Set(own.map(({ call }) => call)), pass(stage, fed, own, onBegin))
    }
  }

  /** How many of the calls that came in are run at once: the oldest, and those after it that it may be joined with. */
  const joinable = (): { readonly count: number; readonly images: number } => {
    let [count, images] = [0, 0]
    for (; count < incoming.length && (count === 0 || images + incoming[count].n <= join); count++)
      images += incoming[count].n
    return { count, images }
  }

  const runIncoming = async (): Promise<void> => {
    const calls = incoming.splice(0, joinable().count)
    const owners = calls.flatMap(call => Array.from({ length: call.n }, (_, row) => ({ call, row })))
    const tellStart = (): void => {
      for (const { onStart } of calls.splice(0)) onStart?.()
    }
    const images = imagesOf(calls, arrayOf)
    for (const call of calls) call.images = new Float32Array(0)
    untold.push(...calls)
    if (calls.length === 1 && calls[0].transfer === true) room?.lend(images)
    if (room === undefined) tellStart()
    await run(0, { values: [images], owners }, tellStart)
  }

  const runGathered = async (stage: number): Promise<void> => {
    const rows = waiting[stage].oldest()
    waiting[stage].take()
    passed[stage] = 0
    if (rows === undefined) return
    await run(stage, rows)
    waiting[stage].reuse(rows.values.map((values, k) => (lookedAt[stage][k] ? undefined : values)))
  }

  const incomingQueue = (): Queue => {
    const { count, images } = joinable()
    return {
      images,
      full: count > 0 && (images >= join || count < incoming.length),
      since: incoming[0]?.came,
      passed: 0,
    }
  }

  const gatheredQueue = (stage: number): Queue => {
    const owners = waiting[stage].oldest()?.owners ?? []
    const wanted = owners.flatMap(({ call }) => (call.hold?.open !== true || call.failed ? [call.came] : []))
    const since = wanted.length === 0 ? undefined : Math.min(...wanted)
    return { images: owners.length, full: owners.length >= most(), since, passed: passed[stage] }
  }

  const next = (): Turn | undefined => {
    const queues = waiting.map((_, stage) => (stage === 0 ? incomingQueue() : gatheredQueue(stage)))
    return nextTurn(queues, { delay, batches: join === 0 ? Number.POSITIVE_INFINITY : patience }, alarm.now())
  }

  const tell = (): void => {
    for (const { take } of untold.splice(0)) take()
  }

  const work = (stage: number): Promise<void> => {
    if (stage > 0) return runGathered(stage)
    waiting.forEach((each, later) => {
      passed[later] = each.oldest() === undefined ? 0 : passed[later] + 1
    })
    return runIncoming()
  }

  const begin = async (stage: number): Promise<void> => {
    underWay++
    await (join === 0 ? work(stage) : lettingTurn(work(stage)))
    underWay--
    void wake()
  }

  let sleepNoMore = (): void => {}
  const wake = async (): Promise<void> => {
    if (looking) return
    looking = true
    sleepNoMore()
    let looked = false
    while (underWay < mostUnderWay) {
      const turn = next()
      if (turn === undefined || 'until' in turn) {
        if (turn !== undefined) sleepNoMore = alarm.after(turn.until - alarm.now(), () => void wake())
        tell()
        break
      }
      // Who fills no batch waits for a thread that is free.
      if (!turn.full && underWay >= threads) break
      if (turn.stage === 0 || !turn.full) tell()
      if (!turn.full && !looked) {
        // Others who are at the door may join.
        await turnOfEventLoop()
        looked = true
        continue
      }
      looked = false
      void begin(turn.stage)
    }
    looking = false
  }

  const warm = async (): Promise<void> => {
    if (!execution.compilesBatches) return
    for (const [stage, names] of takes.entries())
      for (const size of sizesUpTo(most())) {
        const sizes = new Map(carried[stage].map(each => [each.name, each.size]))
        const blank = names.map(name => [name, new Float32Array(size * (sizes.get(name) as number))])
        const once = () => execution.run(Object.fromEntries(blank), stage)
        await Promise.all(Array.from({ length: threads }, once))
      }
  }

  /** Takes a call that has not begun out of those that come in. */
  const giveUp = (call: Call): void => {
    const at = incoming.indexOf(call)
    if (at >= 0) incoming.splice(at, 1)
  }

  const send: Cascade['send'] = (images, n, { hold, signal, onStart, transfer } = {}) => {
    if (hold !== undefined) holds.add(hold)
    largest = Math.max(largest, n)
    const { call, sent } = openCall(images, n, {
      ...{ hold, onStart, transfer },
      came: alarm.now(),
      sizes: given.map(({ size }) => size),
    })
    const abort = (): void => {
      giveUp(call)
      call.fail(signal?.reason)
      void wake()
    }
    if (signal?.aborted === true) abort()
    else incoming.push(call)
    if (signal?.aborted === false) {
      signal.addEventListener('abort', abort)
      const listenNoMore = () => signal.removeEventListener('abort', abort)
      sent.scores.then(listenNoMore, listenNoMore)
    }
    void wake()
    return sent
  }

  return { send, wake: () => void wake(), warm }
}
