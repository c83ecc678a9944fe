import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { cutStages } from '../../../passes/index.ts'
import type { DataSet } from '../../../src/data/index.ts'
import type { Alarm } from '../../../src/execute/alarm.ts'
import type { Hold, Scores } from '../../../src/execute/call.ts'
import { cascade } from '../../../src/execute/cascade.ts'
import { evaluateData } from '../../../src/execute/evaluate-data.ts'
import { executorIsThere } from '../../../src/execute/executor.ts'
import { portions } from '../../../src/execute/fill-batch.ts'
import { inTurn } from '../../../src/execute/in-turn.ts'
import { type Model, openModel } from '../../../src/execute/model.ts'
import type { Prediction } from '../../../src/execute/prediction.ts'
import { tensorflowJs } from '../../../src/runtime/native/load.ts'
import { classes, compiledUnder, imageSize, imagesOf, rows, side, smallClassifier } from './staged.ts'

/** Where plans send about a third of drawn images on. */
const plans = [
  'vanilla/0.3/vanilla-tta-geo',
  'vanilla/0.3/flip-1-max',
  'vanilla/0.4/vanilla-tta-geo/0.3/flip@0,shift4@1:geo',
  'vanilla/entropy=0.45/vanilla-tta-geo',
] as const

const n = 24
const images = imagesOf(n)

/** Each image’s own answer, stage and certainty. */
const answersOf = ({ logits, stages, certainty, disagreement }: Prediction) =>
  Array.from(stages, (stage, row) => ({
    stage,
    certainty: certainty[row],
    disagreement: disagreement[row],
    logits: Array.from(logits.subarray(row * classes, (row + 1) * classes)),
  }))

/** Parts of the images that follow one another, of these sizes. */
const parts = (sizes: readonly number[]): readonly Float32Array[] => {
  const found: Float32Array[] = []
  for (let from = 0, k = 0; from < n; from += sizes[k % sizes.length], k++)
    found.push(rows(images, from, Math.min(n, from + sizes[k % sizes.length])))
  return found
}

async function* each<A>(values: readonly A[]): AsyncGenerator<A> {
  for (const value of values) yield value
}

const collected = async <A>(values: AsyncIterable<A>): Promise<readonly A[]> => {
  const found: A[] = []
  for await (const value of values) found.push(value)
  return found
}

const serially = async (model: Model): Promise<readonly ReturnType<typeof answersOf>[number][]> => {
  const found = []
  for (const one of parts([1])) found.push(...answersOf(await model.predict(one)))
  return found
}

/** Ticks of the event loop before a call. */
const ticks = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await new Promise(resolve => setImmediate(resolve))
}

describe.each(['reference', 'wasm'] as const)('a plan in stages on %s', backend => {
  it.each(plans)('gives under %s each image its own bits, whatever batches and calls they came in', async plan => {
    const model = await openModel(compiledUnder(plan), { backend, batch: 4, executor: 'eager' })
    const wanted = await serially(model)
    expect(new Set(wanted.map(({ stage }) => stage)).size).toBe(plan.split('/').length / 2 + 0.5)
    const sizes = fc.array(fc.integer({ min: 1, max: n }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(fc.nat(3), { minLength: 1 }), fc.boolean(), async (some, delays, inTurn) => {
        const given = parts(some)
        const together = inTurn
          ? await collected(model.predictEach(each(given)))
          : await Promise.all(
              given.map(async (part, k) => {
                await ticks(delays[k % delays.length])
                return model.predict(part)
              }),
            )
        expect(together.flatMap(answersOf)).toEqual(wanted)
      }),
      { numRuns: backend === 'wasm' ? 25 : 6 },
    )
    model.dispose()
  })

  it('keeps all at the first stage, or sends all to the last', async () => {
    const plain = await openModel(compiledUnder('vanilla'), { backend, executor: 'eager' })
    const flipped = await openModel(compiledUnder('vanilla-tta-geo'), { backend, executor: 'eager' })
    const nobody = await openModel(compiledUnder('vanilla/0/vanilla-tta-geo'), { backend, executor: 'eager' })
    const everybody = await openModel(compiledUnder('vanilla/1/vanilla-tta-geo'), { backend, executor: 'eager' })
    const [first, last] = [await nobody.predict(images), await everybody.predict(images)]
    expect([...first.stages, ...last.stages]).toEqual([...new Array(n).fill(1), ...new Array(n).fill(2)])
    expect(first.logits).toEqual((await plain.predict(images)).logits)
    const whole = (await flipped.predict(images)).logits
    for (const [k, value] of last.logits.entries()) expect(value).toBeCloseTo(whole[k], 4)
    for (const model of [plain, flipped, nobody, everybody]) model.dispose()
  })

  it('answers 64 calls at once as one after another', async () => {
    const model = await openModel(compiledUnder(plans[2]), { backend, executor: 'eager' })
    const given = Array.from({ length: 64 }, (_, k) => imagesOf(1 + ((7 * k) % 5), k))
    const serial = []
    for (const part of given) serial.push(answersOf(await model.predict(part)))
    const together = await Promise.all(given.map(part => model.predict(part)))
    expect(together.map(answersOf)).toEqual(serial)
    model.dispose()
  })

  it('leaves an image without scores at its stage', async () => {
    const network = smallClassifier(1, true)
    const model = await openModel(compiledUnder('vanilla/1/vanilla-tta-geo', network), { backend, executor: 'eager' })
    const seen = await model.predict(new Float32Array([...new Float32Array(imageSize), ...images]))
    expect(seen.stages[0]).toBe(1)
    expect(seen.logits.slice(0, classes).every(Number.isNaN)).toBe(true)
    expect([seen.certainty[0], seen.margin[0], seen.entropy[0]]).toEqual([Number.NaN, Number.NaN, Number.NaN])
    expect(new Set(seen.stages)).toEqual(new Set([1, 2]))
    model.dispose()
  })
})

const executors = await Promise.all(
  (['graph', 'onnx', 'openvino'] as const).map(async name => {
    const options = { backend: 'auto', precision: 'float32', debug: false } as const
    return { name, absent: (await executorIsThere(name, options)) ? '' : ': absent here' }
  }),
)

for (const { name: executor, absent } of executors)
  describe.skipIf(absent !== '')(`a plan in stages on ${executor}${absent}`, () => {
    it.each(plans)('gives under %s what the evaluator gives, in calls at once and in turn', async plan => {
      const compiled = compiledUnder(plan)
      const evaluator = await openModel(compiled, { backend: 'reference' })
      const wanted = answersOf(await evaluator.predict(images))
      const model = await openModel(compiled, { executor, batch: 8 })
      const atOnce = await Promise.all(parts([1, 7, 2]).map(part => model.predict(part)))
      const inTurn = await collected(model.predictEach(each(parts([5]))))
      for (const seen of [atOnce, inTurn]) {
        const answers = seen.flatMap(answersOf)
        expect(answers.map(({ stage }) => stage)).toEqual(wanted.map(({ stage }) => stage))
        answers.forEach(({ logits, disagreement }, row) => {
          if (Number.isNaN(wanted[row].disagreement)) expect(disagreement).toBeNaN()
          else expect(disagreement).toBeCloseTo(wanted[row].disagreement, 4)
          for (const [k, value] of logits.entries()) expect(value).toBeCloseTo(wanted[row].logits[k], 4)
        })
      }
      model.dispose()
    })
  })

describe('the stages of a plan', () => {
  it('give on wasm what the whole graph gives in the evaluator', async () => {
    for (const plan of plans) {
      const compiled = compiledUnder(plan)
      const whole = await openModel(compiledUnder(plan), { backend: 'wasm', executor: 'eager' })
      const evaluated = await openModel(compiled, { backend: 'reference' })
      const [seen, wanted] = [await whole.predict(images), await evaluated.predict(images)]
      expect(seen.stages).toEqual(wanted.stages)
      for (const [k, value] of seen.logits.entries()) expect(value).toBeCloseTo(wanted.logits[k], 4)
      whole.dispose()
    }
  })

  it('leave no tensor behind, and no answer after dispose', async () => {
    const before = tensorflowJs().memory().numTensors
    const model = await openModel(compiledUnder(plans[2]), { backend: 'wasm', executor: 'eager' })
    const loaded = tensorflowJs().memory().numTensors
    await Promise.all([model.predict(images), model.predict(rows(images, 0, 5))])
    await collected(model.predictEach(each(parts([5]))))
    expect(tensorflowJs().memory().numTensors).toBe(loaded)
    const late = model.predict(images)
    await model[Symbol.asyncDispose]()
    expect((await late).n).toBe(n)
    expect(tensorflowJs().memory().numTensors).toBe(before)
    await expect(model.predict(images)).rejects.toThrow('disposed')
    await expect(collected(model.predictEach(each([images])))).rejects.toThrow('disposed')
  })
})

/** A cascade of two stages by hand: the first is sure of images whose first number is not below 0; each run is written down. */
interface ByHand {
  readonly batch: number
  readonly join?: number
  readonly delay?: number
  readonly alarm?: Alarm
  /** Waits as long as a batch takes. */
  readonly compute?: (stage: number, images: number) => Promise<void>
  readonly compilesBatches?: boolean
  readonly fails?: (batch: Float32Array) => boolean
}

const byHand = (options: ByHand) => {
  const compiled = compiledUnder('vanilla/0.5/vanilla-tta-geo')
  const stages = cutStages(compiled.graph).map(stage => ({ ...stage, variants: [] }))
  const [name] = stages[0].gate?.carried.filter(name => name !== 'image') ?? []
  const ran: (readonly [stage: number, images: number])[] = []
  const sent = cascade(
    {
      compilesBatches: options.compilesBatches ?? false,
      run: async (fed, stage = 0) => {
        const rows = fed.image.length / imageSize
        ran.push([stage + 1, rows])
        if (options.fails?.(fed.image)) throw new Error('no memory')
        await (options.compute?.(stage + 1, rows) ?? ticks(1))
        const firsts = Float32Array.from({ length: rows }, (_, row) => fed.image[row * imageSize])
        const logits = Float32Array.from({ length: rows * classes }, (_, k) => firsts[Math.floor(k / classes)])
        const certainty = { shape: [rows, 1], data: firsts.map(value => (value < 0 ? 0 : 1)) }
        return {
          logits: { shape: [rows, classes], data: logits },
          certainty,
          [name]: { shape: [rows, classes], data: logits },
        }
      },
    },
    stages,
    { outputs: [{ name: 'logits', size: classes }], ...options },
  )
  return { ...sent, ran }
}

/** Images that are told apart by their first numbers. */
const marked = (...firsts: readonly number[]): Float32Array => {
  const data = new Float32Array(firsts.length * imageSize)
  firsts.forEach((first, row) => {
    data[row * imageSize] = first
  })
  return data
}

const firstsOf = ({ outputs: [logits] }: Pick<Scores, 'outputs'>): readonly number[] =>
  Array.from(logits).filter((_, k) => k % classes === 0)

describe('images that go on', () => {
  it('of one caller at a time wait for nobody', async () => {
    const { send, ran } = byHand({ batch: 4 })
    for (let k = 0; k < 3; k++) expect(firstsOf(await send(marked(-1), 1).scores)).toEqual([-1])
    expect(ran).toEqual([
      [1, 1],
      [2, 1],
      [1, 1],
      [2, 1],
      [1, 1],
      [2, 1],
    ])
  })

  it('of several callers share a batch', async () => {
    const { send, ran } = byHand({ batch: 1 })
    const calls = Array.from({ length: 20 }, (_, k) => send(marked(k % 2 === 0 ? -k - 1 : k), 1).scores)
    const seen = (await Promise.all(calls)).map(scores => firstsOf(scores)[0])
    expect(seen).toEqual(Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? -k - 1 : k)))
    expect(ran).toEqual([...Array.from({ length: 20 }, () => [1, 1]), [2, 10]])
  })

  it('wait for a full batch as long as they are held', async () => {
    const { send, wake, ran } = byHand({ batch: 4 })
    const hold: Hold = { open: true }
    const first = send(marked(-1, 1, -2), 3, { hold })
    await first.taken
    await ticks(5)
    expect([ran, first.isDone()]).toEqual([[[1, 3]], false])
    const second = send(marked(-3, -4, -5, 2), 4, { hold })
    await second.taken
    expect(ran).toEqual([
      [1, 3],
      [1, 4],
      [2, 4],
    ])
    expect([firstsOf(await first.scores), second.isDone()]).toEqual([[-1, 1, -2], false])
    hold.open = false
    wake()
    expect(firstsOf(await second.scores)).toEqual([-3, -4, -5, 2])
    expect(ran.at(-1)).toEqual([2, 1])
  })

  it('are not held by another’s evaluation', async () => {
    const { send } = byHand({ batch: 4 })
    const held = send(marked(-1), 1, { hold: { open: true } })
    await held.taken
    expect(firstsOf(await send(marked(-2), 1).scores)).toEqual([-2])
    expect(held.isDone()).toBe(true)
  })

  it('fail with their batch, and nobody else does', async () => {
    const { send, ran } = byHand({
      batch: 2,
      fails: batch => batch.includes(-9) && batch.length <= 2 * imageSize && ran.at(-1)?.[0] === 2,
    })
    const settled = await Promise.allSettled([
      send(marked(-9), 1).scores,
      send(marked(3), 1).scores,
      send(marked(4, 5, 6), 3).scores,
    ])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(firstsOf(await send(marked(-2, 7), 2).scores)).toEqual([-2, 7])
  })

  it('fill one of a few sizes where each costs a compilation', async () => {
    const { send, ran } = byHand({ batch: 64, compilesBatches: true })
    const firsts = Array.from({ length: 40 }, (_, k) => (k < 20 ? -k - 1 : k))
    expect(firstsOf(await send(marked(...firsts), 40).scores)).toEqual(firsts)
    expect(ran).toEqual([
      [1, 64],
      [2, 16],
      [2, 4],
    ])
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (a, b) => {
        const [count, most] = [Math.min(a, b), Math.max(a, b)]
        const found = portions(count, most)
        let at = 0
        for (const { from, count: own, size } of found) {
          expect(from).toBe(at)
          expect(own <= size && 2 * own >= Math.min(size, 2)).toBe(true)
          at += own
        }
        expect(at).toBe(count)
        expect(new Set(found.map(({ size }) => size)).size).toBeLessThanOrEqual(4)
      }),
    )
  })
})

describe('calls that are joined', () => {
  it('share batches of at most so many images, in the order that they came in', async () => {
    const { send, ran } = byHand({ batch: 1, join: 4 })
    const sizes = [1, 2, 1, 3, 2, 6, 1]
    const given = sizes.map((size, k) => Array.from({ length: size }, (_, row) => 10 * k + row))
    const seen = await Promise.all(given.map(firsts => send(marked(...firsts), firsts.length).scores))
    expect(seen.map(firstsOf)).toEqual(given)
    expect(ran).toEqual([4, 3, 2, 6, 1].map(images => [1, images]))
  })

  it('go on in batches across them, passed by so many that came in at most', async () => {
    const { send, ran } = byHand({ batch: 1, join: 2 })
    const seen = await Promise.all(Array.from({ length: 12 }, (_, k) => send(marked(-k - 1, k), 2).scores))
    expect(seen.map(firstsOf)).toEqual(Array.from({ length: 12 }, (_, k) => [-k - 1, k]))
    const batches = (count: number) => new Array(count).fill([1, 2])
    expect(ran).toEqual([...batches(5), [2, 5], ...batches(5), [2, 5], ...batches(2), [2, 2]])
  })

  it('are not run where they were given up before', async () => {
    const { send, ran } = byHand({ batch: 1, join: 1 })
    const [late, early] = [new AbortController(), AbortSignal.abort(new Error('gone'))]
    const started: number[] = []
    const calls = [1, 2, 3].map(k =>
      send(marked(k), 1, { onStart: () => started.push(k), ...(k === 2 ? { signal: late.signal } : {}) }),
    )
    const never = send(marked(4), 1, { signal: early })
    late.abort(new Error('too late'))
    await expect(calls[1].scores).rejects.toThrow('too late')
    await expect(never.scores).rejects.toThrow('gone')
    expect([firstsOf(await calls[0].scores), firstsOf(await calls[2].scores)]).toEqual([[1], [3]])
    expect([started, ran.length]).toEqual([[1, 3], 2])
  })
})

/** Time that passes when it is told to. */
const timeByHand = () => {
  let [now, calls] = [0, [] as { readonly at: number; readonly call: () => void }[]]
  const alarm: Alarm = {
    now: () => now,
    after: (milliseconds, call) => {
      const one = { at: now + milliseconds, call }
      calls.push(one)
      return () => {
        calls = calls.filter(other => other !== one)
      }
    },
  }
  /** All that is to be done by then, in order. */
  const pass = async (milliseconds: number): Promise<void> => {
    const until = now + milliseconds
    for (;;) {
      await ticks(8)
      const [first] = calls.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)
      if (first === undefined) break
      now = first.at
      calls = calls.filter(other => other !== first)
      first.call()
    }
    now = until
  }
  const rest = (milliseconds: number): Promise<void> => new Promise(resolve => alarm.after(milliseconds, resolve))
  return { alarm, pass, rest, waiting: () => calls.length }
}

describe('calls that wait for others', () => {
  it('are run as soon as they fill a batch, or when the first has waited so long', async () => {
    const { alarm, pass, waiting } = timeByHand()
    const { send, ran } = byHand({ batch: 1, join: 4, delay: 10, alarm })
    const first = send(marked(1), 1)
    await pass(5)
    const second = send(marked(2), 1)
    await pass(4)
    expect(ran).toEqual([])
    await pass(1)
    expect([first.isDone(), second.isDone(), ran]).toEqual([true, true, [[1, 2]]])
    const others = [send(marked(3, 4), 2), send(marked(5, 6), 2)]
    await pass(0)
    expect([others.map(({ isDone }) => isDone()), ran.at(-1), waiting()]).toEqual([[true, true], [1, 4], 0])
  })

  it('are forgotten where they are given up', async () => {
    const { alarm, pass, waiting } = timeByHand()
    const { send, ran } = byHand({ batch: 1, join: 4, delay: 10, alarm })
    const control = new AbortController()
    const gone = send(marked(1), 1, { signal: control.signal })
    await pass(5)
    control.abort(new Error('gone'))
    await expect(gone.scores).rejects.toThrow('gone')
    await pass(20)
    expect([ran, waiting()]).toEqual([[], 0])
  })

  it('do not wait once more where they go on alone', async () => {
    const { alarm, pass } = timeByHand()
    const { send, ran } = byHand({ batch: 1, join: 4, delay: 10, alarm })
    const alone = send(marked(-1), 1)
    await pass(10)
    expect([alone.isDone(), ran]).toEqual([
      true,
      [
        [1, 1],
        [2, 1],
      ],
    ])
  })
})

/** Images of each batch, on average. */
const meanImages = (ran: readonly (readonly [stage: number, images: number])[], stage: number): number => {
  const own = ran.filter(([other]) => other === stage)
  return own.reduce((sum, [, images]) => sum + images, 0) / own.length
}

/** What is run for so many clients, who send four images each as soon as they are answered, of which four in ten go on; a batch takes a millisecond an image. */
const underLoad = async (clients: number, compilesBatches: boolean) => {
  const { alarm, pass, rest } = timeByHand()
  const compute = (_: number, images: number): Promise<void> => rest(images)
  const { send, ran } = byHand({ batch: 32, join: 32, delay: 2, alarm, compilesBatches, compute })
  let [drawn, answered] = [0, 0]
  const draw = (): number => ((drawn++ * 7) % 10 < 4 ? -drawn : drawn)
  const client = async (k: number): Promise<void> => {
    await rest(k / 10)
    for (;;) {
      await send(marked(draw(), draw(), draw(), draw()), 4).scores
      answered += 4
      await rest(1)
    }
  }
  for (let k = 0; k < clients; k++) void client(k)
  await pass(5000)
  return { ran, answered }
}

describe('batches under load', () => {
  it.each([false, true])('are full at every stage where enough come (compiled by size: %s)', async compilesBatches => {
    const { ran, answered } = await underLoad(64, compilesBatches)
    expect([meanImages(ran, 1), meanImages(ran, 2)]).toEqual([32, 32])
    expect(answered).toBeGreaterThan(5000 / 1.45)
  })

  it.each([false, true])('are few where too few come (compiled by size: %s)', async compilesBatches => {
    const { ran, answered } = await underLoad(16, compilesBatches)
    expect(meanImages(ran, 1)).toBe(32)
    expect(meanImages(ran, 2)).toBeGreaterThan(25)
    expect(answered).toBeGreaterThan(5000 / 1.55)
  })
})

describe('batches in turn', () => {
  /** A set of images of which nothing is said. */
  const data: DataSet = {
    name: 'drawn',
    count: n,
    labelled: true,
    classCount: classes,
    identity: async () => E.right('drawn'),
    read: async (from, to) =>
      E.right(
        Array.from({ length: to - from }, (_, k) => ({
          image: {
            data: new Uint8Array(side * side * 3).map((_, i) => (31 * (from + k) + 7 * i) % 256),
            height: side,
            width: side,
          },
          where: `${from + k}`,
          label: 0,
        })),
      ),
  }
  const preprocess = { size: [side, side], scale: 1 / 128, mean: [1], channels: 3 } as const

  it('of an evaluation that is interrupted are answered whole, as far as they were read', async () => {
    const model = await openModel(compiledUnder('vanilla/1/vanilla-tta-geo', smallClassifier(1, false, 3)), {
      ...{ backend: 'wasm', executor: 'eager', batch: 7 },
    })
    const control = new AbortController()
    const seen: number[] = []
    const done = await evaluateData(model, data, {
      ...{ batch: 5, preprocess, signal: control.signal },
      onBatch: ({ first }) => {
        seen.push(first)
        control.abort()
      },
    })
    expect(done.interrupted).toBe(true)
    expect(seen).toEqual(Array.from(seen, (_, k) => 5 * k))
    expect(done.reached).toEqual([done.images, done.images])
    expect(done.images).toBe(5 * seen.length)
    expect(done.images).toBeLessThan(n)
    const whole = await evaluateData(model, data, { batch: 5, preprocess })
    expect([whole.images, whole.reached, whole.interrupted]).toEqual([n, [n, n], false])
    model.dispose()
  })

  it('hold no more than there is room for', async () => {
    const closed: boolean[] = []
    let waiting: (() => void)[] = []
    const begin = async (size: number, hold: Hold) => {
      closed.push(!hold.open)
      let done = false
      const scores = new Promise<Scores>(resolve =>
        waiting.push(() => {
          done = true
          resolve({
            outputs: [new Float32Array(size)],
            stages: new Uint8Array(0),
            certainty: new Float32Array(0),
            variants: [],
          })
        }),
      )
      return { taken: Promise.resolve(), scores, size: size * 2 ** 20, isDone: () => done }
    }
    const flushed: number[] = []
    const flush = (): void => {
      if (waiting.length > 0) flushed.push(waiting.length)
      for (const resolve of waiting) resolve()
      waiting = []
    }
    const sizes: number[] = []
    for await (const { outputs } of inTurn(each([50, 50, 50, 50, 1]), begin, flush)) sizes.push(outputs[0].length)
    expect(sizes).toEqual([50, 50, 50, 50, 1])
    // The third is more than there is room for: they are let go, and the next ones are held again.
    expect(flushed).toEqual([3, 2])
    expect(closed).toEqual([false, false, false, false, false])
  })

  it('fail where their turn comes, and the model answers on', async () => {
    const model = await openModel(compiledUnder(plans[0]), { backend: 'wasm', executor: 'eager', batch: 4 })
    const bad = new Float32Array(imageSize).fill(Number.NaN)
    const seen: number[] = []
    const all = async (): Promise<void> => {
      for await (const { n: count } of model.predictEach(each([...parts([8]), bad]))) seen.push(count)
    }
    await expect(all()).rejects.toThrow('finite numbers')
    expect((await model.predict(images)).n).toBe(n)
    await model[Symbol.asyncDispose]()
  })
})
