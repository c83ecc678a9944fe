import { naivePipeline, type Schedule, schedules } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../src/compile/compile.ts'
import type { ExecutorName } from '../../src/execute/execution.ts'
import { type Model, openModel } from '../../src/execute/model.ts'
import { parsePlan as parsedPlan } from '../../src/index.ts'
import { imageType, type Network } from '../../src/network/network.ts'

/** One network under one plan, on batches of one size on one executor; `wasm` is op by op on WebAssembly. */
export interface Combination {
  readonly network: string
  readonly plan: string
  readonly batch: number
  readonly executor: ExecutorName | 'wasm'
}

/** One way to run a combination. `schedules` are those that give this very graph. */
export interface Contender {
  readonly kind: 'plain' | 'library-tta' | 'unoptimized' | 'scheduled'
  readonly schedules: readonly (Schedule | 'auto')[]
  readonly compiled: CompiledNetwork
  readonly run: () => Promise<unknown>
  readonly dispose: () => void
}

/** Images turned round from left to right, as a library that knows nothing of the network does it. */
const flipped = (images: Float32Array, w: number, c: number): Float32Array => {
  const out = new Float32Array(images.length)
  for (let row = 0; row < images.length; row += w * c)
    for (let x = 0; x < w; x++) out.set(images.subarray(row + x * c, row + (x + 1) * c), row + (w - 1 - x) * c)
  return out
}

/** Flip TTA as libraries do it: one forward for each view, the probabilities averaged. */
export const libraryTta =
  (runner: Model, images: Float32Array, w: number, c: number) => async (): Promise<Float32Array> => {
    const one = await runner.predict(images)
    const other = await runner.predict(flipped(images, w, c))
    return one.probabilities.map((p, k) => (p + other.probabilities[k]) / 2)
  }

/** The naive graph has a forward for each view: with more than this it takes too long to be worth the wait. */
const mostViews = 4

/** Opens every contender of a combination; schedules that come to the same graph are run once. */
export const enter = async (
  network: Network,
  { plan, batch, executor }: Combination,
): Promise<readonly Contender[]> => {
  const parsed = parsedPlan(plan)
  const onWasm = executor === 'wasm'
  const backend = onWasm ? 'wasm' : 'node-gpu'
  const { h, w, c } = imageType(network)
  const images = Float32Array.from({ length: batch * h * w * c }, (_, k) => Math.sin(k))
  const contender = async (kind: Contender['kind'], compiled: CompiledNetwork): Promise<Contender> => {
    const runner = await openModel(compiled, {
      backend: onWasm ? 'wasm' : 'auto',
      executor: onWasm ? 'eager' : executor,
      batch,
    })
    const run = kind === 'library-tta' ? libraryTta(runner, images, w, c) : () => runner.predict(images)
    return { kind, schedules: [], compiled, run, dispose: runner.dispose }
  }
  const plain = orThrow(compileNetwork(network, parsedPlan('vanilla'), { schedule: 'apart', backend, batch }))
  const entered = [await contender('plain', plain), await contender('library-tta', plain)]
  const apart = orThrow(compileNetwork(network, parsed, { schedule: 'apart' }))
  if (apart.multiplyAdds.relativeUnshared <= mostViews)
    entered.push(
      await contender(
        'unoptimized',
        orThrow(compileNetwork(network, parsed, { pipeline: naivePipeline, backend, batch })),
      ),
    )
  const byGraph = new Map<string, { readonly compiled: CompiledNetwork; readonly schedules: (Schedule | 'auto')[] }>()
  for (const schedule of [...schedules, 'auto'] as const) {
    const compiled = orThrow(compileNetwork(network, parsed, { schedule, backend, batch }))
    const { dialect: _, ...graph } = compiled.graph
    const key = JSON.stringify(graph)
    const known = byGraph.get(key)
    if (known === undefined) byGraph.set(key, { compiled, schedules: [schedule] })
    else known.schedules.push(schedule)
  }
  for (const { compiled, schedules } of byGraph.values())
    entered.push({ ...(await contender('scheduled', compiled)), schedules })
  return entered
}
