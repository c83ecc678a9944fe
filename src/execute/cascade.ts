import { type CertaintyMeasure, nodesWithTag, shapeOf, sizeOf } from '../../ir/index.ts'
import { broughtTo, type Stage } from '../../passes/index.ts'
import type { BatchVariants, VariantScores } from './disagreement.ts'
import type { Execution } from './execution.ts'
import { portionOf, portions } from './fill-batch.ts'
import { type CarriedValue, type Gathered, gathering, type Numbers } from './gathering.ts'
import { isAnswer } from './score.ts'

/** Scores of images, row by row, and how far each went. */
export interface Scores {
  readonly logits: Float32Array
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

/** Stages in an executor, which images go through as far as they need. */
export interface Cascade {
  /** Sends `n` images through. Those that wait for others are held as long as `hold` is open. */
  readonly send: (images: Float32Array, n: number, hold?: Hold) => Sent
  /** To be called where a hold was closed. */
  readonly wake: () => void
}

export interface CascadeOptions {
  readonly classes: number
  /** Images in a full batch, unless more came at once. */
  readonly batch: number
}

/** The measures of the gates. */
export const measuresOf = (stages: readonly Stage[]): readonly CertaintyMeasure[] =>
  stages.flatMap(({ graph, gate }) => {
    const output = graph.outputs.find(({ name }) => name === gate?.certainty)
    const node = output === undefined ? undefined : graph.nodes[output.node]
    return node?.tag === 'Certainty' ? [node.attributes.measure] : []
  })

/** What was sent, as far as it is. */
interface Call extends Scores {
  readonly variants: (readonly [batch: BatchVariants, row: number])[]
  images: Float32Array
  readonly n: number
  readonly hold: Hold | undefined
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
  | { readonly kind: 'incoming'; readonly call: Call }
  | { readonly kind: 'full' | 'part'; readonly stage: number; readonly rows: Gathered<Owner> }

/** As many images of several callers share a batch where a full one is less. */
const joined = 32

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
  { classes, batch }: CascadeOptions,
): Cascade => {
  const carried = broughtTo(stages).map(brought =>
    [...brought].map(([name, type]): CarriedValue => ({ name, size: sizeOf(shapeOf(type)) })),
  )
  const takes = stages.map(({ graph }) => nodesWithTag(graph, 'Input').map(({ attributes }) => attributes.name))
  const incoming: Call[] = []
  const holds = new Set<Hold>()
  const untold: Call[] = []
  let [largest, busy] = [batch, false]
  const most = (): number => {
    for (const hold of holds) if (!hold.open) holds.delete(hold)
    return holds.size > 0 ? largest : Math.max(largest, joined)
  }
  const waiting = carried.map(values => gathering<Owner>(values, most))

  /** Runs rows of what is carried to a stage, and sends on whom its gate does. */
  const pass = async (stage: number, values: readonly Float32Array[], owners: readonly Owner[]): Promise<void> => {
    const { gate, variants } = stages[stage]
    const given = new Map<string, Numbers>(carried[stage].map(({ name }, k) => [name, values[k]]))
    const fed = takes[stage].map(name => [name, given.get(name)] as const)
    const outputs = await execution.run(Object.fromEntries(fed) as Record<string, Float32Array>, stage)
    const { logits } = outputs
    const certainty = gate === undefined ? undefined : outputs[gate.certainty].data
    const numbersOf = (name: string): Numbers => outputs[name]?.data ?? (given.get(name) as Numbers)
    const ran: BatchVariants = {
      scores: variants.map(({ name }) => numbersOf(name)),
      weights: variants.map(({ weight }) => weight),
    }
    const goesOn = ({ call, row }: Owner): boolean =>
      gate !== undefined && call.certainty[row] < gate.below && isAnswer(call.logits, row, classes)
    const onward: number[] = []
    owners.forEach((owner, k) => {
      const { call, row } = owner
      call.logits.set(logits.data.subarray(k * classes, (k + 1) * classes), row * classes)
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

  const runFirst = async (call: Call): Promise<void> => {
    const { images, n } = call
    const size = execution.compilesBatches ? Math.max(n, batch) : n
    const values = [portionOf(images, images.length / n, { from: 0, count: n, size })]
    await orFail(
      [call],
      pass(
        0,
        values,
        Array.from({ length: n }, (_, row) => ({ call, row })),
      ),
    )
    call.images = new Float32Array(0)
    untold.push(call)
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

  /** What is to be run next: full batches, the last stage’s first; images that come in; what somebody waits for, the first stage’s first. */
  const next = (): Step | undefined => {
    const gathered = waiting.flatMap((each, stage) => {
      const rows = each.oldest()
      return rows === undefined ? [] : [{ stage, rows }]
    })
    const full = gathered.findLast(({ rows }) => rows.owners.length >= most())
    if (full !== undefined) return { kind: 'full', ...full }
    const [call] = incoming
    if (call !== undefined) return { kind: 'incoming', call }
    const wanted = gathered.find(({ rows }) => rows.owners.some(isWanted))
    return wanted && { kind: 'part', ...wanted }
  }

  const tell = (): void => {
    for (const { take } of untold.splice(0)) take()
  }

  const work = async (step: Step): Promise<void> => {
    if (step.kind === 'incoming') {
      incoming.shift()
      return runFirst(step.call)
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
      if (step.kind === 'part' && !looked) {
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

  const send: Cascade['send'] = (images, n, hold) => {
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
      hold,
      open: n,
      failed: false,
      logits: new Float32Array(n * classes),
      stages: new Uint8Array(n),
      certainty: new Float32Array(n),
      variants: [],
      answer: () => answer(call),
      fail: error => {
        call.failed = true
        fail(error)
      },
      take,
    }
    incoming.push(call)
    void wake()
    return { taken, scores, size: images.length + n * classes, isDone: () => call.failed || call.open === 0 }
  }

  return { send, wake: () => void wake() }
}
