import { naivePipeline } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../compile/compile.ts'
import { meanMultiplyAdds } from '../compile/compiled-stages.ts'
import { batches, openGenerated } from '../data/index.ts'
import { executorIsThere } from '../execute/executor.ts'
import { type Model, type ModelOptions, openModel } from '../execute/model.ts'
import { ratios, type Spread, spreadOf } from '../execute/race.ts'
import { rankOf, wilsonPercent } from '../execute/score.ts'
import { parsePlan as parsedPlan } from '../index.ts'
import { type Contender, contenders } from './comparison.ts'
import { openDemoNetwork } from './networks.ts'

export interface DemoOptions {
  readonly backend: NonNullable<ModelOptions['backend']>
  readonly images: number
  readonly batch: number
  /** Stop after this many seconds, with the images done by then. */
  readonly seconds: number
  readonly seed: number
  readonly note: (line: string) => void
  readonly progress: (done: number, total: number) => void
}

/** One contender's answers and times; the errors of all are on the same images. */
export interface DemoRow {
  readonly weights: string
  readonly plan: string
  readonly about: string
  readonly pipeline: Contender['pipeline']
  readonly error_percent: number
  readonly error_interval_percent: readonly [number, number]
  readonly multiply_adds: number
  readonly multiply_adds_relative: number
  /** Of one batch. */
  readonly milliseconds: Spread
  /** The median of the batches' ratios to the first contender. */
  readonly relative_to_plain: number
}

export interface DemoResult {
  readonly backend: string
  readonly executor: Model['executor']
  readonly describe: string
  readonly data: string
  readonly seed: number
  readonly images: number
  readonly batch: number
  readonly seconds: number
  readonly rows: readonly DemoRow[]
}

interface Entrant {
  readonly contender: Contender
  readonly compiled: CompiledNetwork
  readonly runner: Model
  readonly times: number[]
  wrong: number
  /** By stage, how many images it saw. */
  readonly seen: number[]
}

/** TensorFlow takes whole graphs; the other backends run op by op. */
const executorOn = async (backend: DemoOptions['backend']): Promise<'graph' | 'eager'> => {
  const options = { backend: 'node-gpu', precision: 'float32', debug: false } as const
  const native = backend === 'auto' || backend === 'node-gpu'
  return native && (await executorIsThere('graph', options)) ? 'graph' : 'eager'
}

const enter = async (backend: DemoOptions['backend'], batch: number): Promise<readonly Entrant[]> => {
  const networks = { plain: await openDemoNetwork('plain'), branched: await openDemoNetwork('branched') }
  const executor = backend === 'reference' ? 'auto' : await executorOn(backend)
  const entrants: Entrant[] = []
  for (const contender of contenders) {
    const { weights, plan, pipeline } = contender
    const compiled = orThrow(
      compileNetwork(networks[weights], parsedPlan(plan), pipeline === 'naive' ? { pipeline: naivePipeline } : {}),
    )
    const runner = await openModel(compiled, { backend, executor, batch })
    entrants.push({ contender, compiled, runner, times: [], wrong: 0, seen: [] })
  }
  return entrants
}

/** Of one image: a mean where each goes as far as it needs. */
const multiplyAddsOf = ({ compiled: { stages, multiplyAdds }, seen }: Entrant, images: number) =>
  stages === undefined
    ? multiplyAdds
    : meanMultiplyAdds(
        stages,
        stages.map((_, k) => (seen[k] ?? 0) / images),
      )

const rowOf = (entrant: Entrant, plain: Entrant, images: number): DemoRow => {
  const { contender, times, wrong } = entrant
  const { total, relative } = multiplyAddsOf(entrant, images)
  return {
    ...contender,
    error_percent: (100 * wrong) / images,
    error_interval_percent: wilsonPercent(wrong, images),
    multiply_adds: total,
    multiply_adds_relative: relative,
    milliseconds: spreadOf(times),
    relative_to_plain: ratios(times, plain.times),
  }
}

/**
 * Runs every contender on every batch of images that are made as they are needed. The contenders take turns batch by
 * batch, each round beginning with another, so that whatever else the machine does slows all of them alike.
 */
export const measure = async ({
  backend,
  images,
  batch,
  seconds,
  seed,
  note,
  progress,
}: DemoOptions): Promise<DemoResult> => {
  const entrants = await enter(backend, batch)
  const [plain] = entrants
  const { runner } = plain
  note(`Backend: ${runner.reason ?? runner.describe}.`)
  const data = openGenerated('orientation', 'test', seed)
  const preprocess = data.preprocess as NonNullable<typeof data.preprocess>
  const [h, w] = preprocess.size
  // The first run of a kernel compiles and allocates.
  for (const entrant of entrants) await entrant.runner.predict(new Float32Array(batch * h * w * 3))
  const begun = performance.now()
  const elapsed = (): number => (performance.now() - begun) / 1000
  let done = 0
  try {
    for await (const { images: pixels, labels = [], n } of batches(data, { batch, preprocess, limit: images })) {
      const first = (done / batch) % entrants.length
      for (const entrant of [...entrants.slice(first), ...entrants.slice(0, first)]) {
        const started = performance.now()
        const { logits, classes, stages } = await entrant.runner.predict(pixels)
        entrant.times.push(performance.now() - started)
        for (const reached of stages)
          for (let stage = 0; stage < reached; stage++) entrant.seen[stage] = (entrant.seen[stage] ?? 0) + 1
        entrant.wrong += labels.filter((label, k) => rankOf(logits, k, classes, label) > 0).length
      }
      done += n
      progress(done, images)
      if (elapsed() > seconds) break
    }
    return {
      backend: runner.backend,
      executor: runner.executor,
      describe: runner.describe,
      data: data.name,
      seed,
      images: done,
      batch,
      seconds: elapsed(),
      rows: entrants.map(entrant => rowOf(entrant, plain, done)),
    }
  } finally {
    for (const entrant of entrants) entrant.runner.dispose()
  }
}
