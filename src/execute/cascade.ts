import { type CertaintyMeasure, nodesWithTag, shapeOf, sizeOf } from '../../ir/index.ts'
import { broughtTo, type Stage } from '../../passes/index.ts'
import type { BatchVariants, VariantScores } from './disagreement.ts'
import type { Execution } from './execution.ts'
import { portionOf, portions } from './fill-batch.ts'
import { type CarriedValue, type Gathered, gathering, type Numbers } from './gathering.ts'
import { isAnswer } from './score.ts'

/** What came out of images, row by row, and how far each went. */
export interface Scores {
  /** Of each output the numbers of all images. */
  readonly outputs: readonly Float32Array[]
  /** The last stage of each image, from 1. */
  readonly stages: Uint8Array
  /** What the gate of that stage saw; NaN after the last one, which has none. */
  readonly certainty: Float32Array
  /** Of each image the scores of that stage’s variants, and where it stands among them. */
  readonly variants: readonly (readonly [batch: BatchVariants, row: number])[]
}

/** As long as it is open, the images of its calls wait for full batches. */
export interface Hold {
  open: boolean
}

/** Images on their way. */
export interface Sent {
  /** Resolves when their first stage is done, and no full batch waits. */
  readonly taken: Promise<void>
  readonly scores: Promise<Scores>
  /** Numbers in the images and their answers. */
  readonly size: number
  readonly isDone: () => boolean
}

export interface SendOptions {
  /** As long as it is open, images that wait for others are held. */
  readonly hold?: Hold
  /** Gives the images up: those of a call that has not begun are not run. */
  readonly signal?: AbortSignal
  /** Told when the first of its stages begins. */
  readonly onStart?: () => void
}

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
}

export interface CascadeOptions {
  /** What comes out, and how many numbers of an image. The first is the scores that gates look at. */
  readonly outputs: readonly CarriedValue[]
  /** Images in a full batch, unless more came at once. */
  readonly batch: number
  /** Images of several calls that come in as one batch, at most. Default: each call is a batch of its own. */
  readonly join?: number
  readonly onBatch?: (batch: RanBatch) => void
}

/** The measures of the gates. */
export const measuresOf = (stages: readonly Stage[]): readonly CertaintyMeasure[] =>
  stages.flatMap(({ graph, gate }) => {
    const output = graph.outputs.find(({ name }) => name === gate?.certainty)
    const node = output === undefined ? undefined : graph.nodes[output.node]
    return node?.tag === 'Certainty' ? [node.attributes.measure] : []
  })

/** What was sent, as far as it is. */
interface Call extends Scores, Omit<SendOptions, 'signal'> {
  readonly variants: (readonly [batch: BatchVariants, row: number])[]
  images: Float32Array
  readonly n: number
  /** Images without an answer so far. */
  open: number
  failed: boolean
  readonly answer: () => void
  readonly fail: (error: unknown) => void
  readonly take: () => void
}

interface Owner {
  readonly call: Call
  readonly row: number
}

/** What is run at once. */
type Step =
  | { readonly kind: 'incoming' }
  | { readonly kind: 'full' | 'part'; readonly stage: number; readonly rows: Gathered<Owner> }

/** As many images of several callers share a batch where a full one is less. */
const joined = 32

/** Where calls are joined, and so may come in without end, images wait for a full batch of the next stage while so many batches come in. */
const patience = 4

/** The images of calls, one after the other. */
const imagesOf = (calls: readonly Call[]): Float32Array => {
  if (calls.length === 1) return calls[0].images
  const all = new Float32Array(calls.reduce((sum, { images }) => sum + images.length, 0))
  let at = 0
  for (const { images } of calls) {
    all.set(images, at)
    at += images.length
  }
  return all
}

/** A stage, and where the scores of its variants come out. */
export interface OpenStage extends Stage {
  readonly variants: readonly VariantScores[]
}

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * Runs stages one batch at a time. Images that go on are gathered across batches and calls, and run when there is a full batch of them, or when nothing else is
 * to be done and somebody waits for one. An image's answer is its own, whoever shares its batch. Where a batch fails, the calls with images in it do, and no
 * others.
 */
export const cascade = (
  execution: Pick<Execution, 'run' | 'compilesBatches'>,
  stages: readonly OpenStage[],
  { outputs: given, batch, join = 0, onBatch }: CascadeOptions,
): Cascade => {
  const carried = broughtTo(stages).map(brought =>
    [...brought].map(([name, type]): CarriedValue => ({ name, size: sizeOf(shapeOf(type)) })),
  )
  const takes = stages.map(({ graph }) => nodesWithTag(graph, 'Input').map(({ attributes }) => attributes.name))
  const incoming: Call[] = []
  const holds = new Set<Hold>()
  const untold: Call[] = []
  let [largest, busy] = [Math.max(batch, join), false]
  /** Batches that came in since images wait for the next stage. */
  let passed = 0
  const most = (): number => {
    for (const hold of holds) if (!hold.open) holds.delete(hold)
    return holds.size > 0 ? largest : Math.max(largest, joined)
  }
  const waiting = carried.map(values => gathering<Owner>(values, most))

  /** Runs rows of what is carried to a stage, and sends on whom its gate does. */
  const pass = async (stage: number, values: readonly Float32Array[], owners: readonly Owner[]): Promise<void> => {
    const { gate, variants } = stages[stage]
    const brought = new Map<string, Numbers>(carried[stage].map(({ name }, k) => [name, values[k]]))
    const fed = takes[stage].map(name => [name, brought.get(name)] as const)
    const began = performance.now()
    const outputs = await execution.run(Object.fromEntries(fed) as Record<string, Float32Array>, stage)
    onBatch?.({ stage: stage + 1, images: owners.length, milliseconds: performance.now() - began })
    const certainty = gate === undefined ? undefined : outputs[gate.certainty].data
    const numbersOf = (name: string): Numbers => outputs[name]?.data ?? (brought.get(name) as Numbers)
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
    if (onward.length === 0) return
    const next = carried[stage + 1].map(({ name }) => numbersOf(name))
    waiting[stage + 1].add(next, onward, k => owners[k])
  }

  const orFail = async (calls: Iterable<Call>, work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      for (const call of calls) call.fail(error)
    }
  }

  const isWanted = ({ call }: Owner): boolean => call.hold?.open !== true || call.failed

  const runFirst = async (calls: readonly Call[]): Promise<void> => {
    const images = imagesOf(calls)
    const owners = calls.flatMap(call => Array.from({ length: call.n }, (_, row) => ({ call, row })))
    const n = owners.length
    const size = execution.compilesBatches ? Math.max(n, batch) : n
    const run = async (): Promise<void> => {
      for (const { onStart } of calls) onStart?.()
      await pass(0, [portionOf(images, images.length / n, { from: 0, count: n, size })], owners)
    }
    await orFail(calls, run())
    for (const call of calls) call.images = new Float32Array(0)
    untold.push(...calls)
  }

  /** Takes the calls that are run at once: the oldest, and those after it that it may be joined with. */
  const takeIncoming = (): readonly Call[] => {
    let [count, images] = [1, incoming[0].n]
    while (count < incoming.length && images + incoming[count].n <= join) images += incoming[count++].n
    return incoming.splice(0, count)
  }

  const runLater = async (stage: number, { values, owners }: Gathered<Owner>): Promise<void> => {
    const n = owners.length
    // Who has failed wants no more.
    if (owners.every(({ call }) => call.failed)) return
    for (const portion of execution.compilesBatches ? portions(n, most()) : [{ from: 0, count: n, size: n }]) {
      const own = owners.slice(portion.from, portion.from + portion.count)
      const fed = carried[stage].map(({ size }, k) => portionOf(values[k], size, portion))
      await orFail(new Set(own.map(({ call }) => call)), pass(stage, fed, own))
    }
  }

  /** What is to be run next: full batches, the last stage’s first; images that come in, unless others wait too long; what somebody waits for, the first stage’s first. */
  const next = (): Step | undefined => {
    const gathered = waiting.flatMap((each, stage) => {
      const rows = each.oldest()
      return rows === undefined ? [] : [{ stage, rows }]
    })
    const full = gathered.findLast(({ rows }) => rows.owners.length >= most())
    if (full !== undefined) return { kind: 'full', ...full }
    const wanted = gathered.find(({ rows }) => rows.owners.some(isWanted))
    if (wanted === undefined) passed = 0
    if (incoming.length > 0 && (join === 0 || passed < patience)) return { kind: 'incoming' }
    return wanted && { kind: 'part', ...wanted }
  }

  const tell = (): void => {
    for (const { take } of untold.splice(0)) take()
  }

  const work = async (step: Step): Promise<void> => {
    if (step.kind === 'incoming') {
      passed++
      return runFirst(takeIncoming())
    }
    waiting[step.stage].take()
    return runLater(step.stage, step.rows)
  }

  const wake = async (): Promise<void> => {
    if (busy) return
    busy = true
    let looked = false
    for (let step = next(); step !== undefined; step = next()) {
      if (step.kind !== 'full') tell()
      if ((step.kind === 'part' || (step.kind === 'incoming' && join > 0)) && !looked) {
        // Others who are at the door may join.
        await nextTurn()
        looked = true
        continue
      }
      looked = false
      await work(step)
    }
    busy = false
    tell()
  }

  /** Takes a call that has not begun out of those that come in. */
  const giveUp = (call: Call): void => {
    const at = incoming.indexOf(call)
    if (at >= 0) incoming.splice(at, 1)
  }

  const send: Cascade['send'] = (images, n, { hold, signal, onStart } = {}) => {
    if (hold !== undefined) holds.add(hold)
    largest = Math.max(largest, n)
    let [answer, fail, take] = [(_: Scores): void => {}, (_: unknown): void => {}, (): void => {}]
    const scores = new Promise<Scores>((resolve, reject) => {
      ;[answer, fail] = [resolve, reject]
    })
    const taken = new Promise<void>(resolve => {
      take = resolve
    })
    const call: Call = {
      images,
      n,
      ...{ hold, onStart },
      open: n,
      failed: false,
      outputs: given.map(({ size }) => new Float32Array(n * size)),
      stages: new Uint8Array(n),
      certainty: new Float32Array(n),
      variants: [],
      answer: () => {
        signal?.removeEventListener('abort', abort)
        answer(call)
      },
      fail: error => {
        signal?.removeEventListener('abort', abort)
        call.failed = true
        fail(error)
      },
      take,
    }
    const abort = (): void => {
      giveUp(call)
      call.fail(signal?.reason)
    }
    if (signal?.aborted === true) abort()
    else {
      signal?.addEventListener('abort', abort)
      incoming.push(call)
    }
    void wake()
    return {
      taken,
      scores,
      size: images.length + n * given.reduce((sum, { size }) => sum + size, 0),
      isDone: () => call.failed || call.open === 0,
    }
  }

  return { send, wake: () => void wake() }
}
