import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Pair } from '../../../ir/index.ts'
import { type OutputKind, placePlan, trainingStep } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { outputsOf } from '../../../src/network/network.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'
import type { SeenTarget } from '../../../src/train/seen.ts'
import { carriedAtFirst, openStep, type StepOptions } from '../../../src/train/step.ts'
import { targetsFed } from '../../../src/train/targets.ts'
import { fixedPlanOf } from '../../fixed-plan.ts'
import { backends } from '../../src/lower/tfjs/agree.ts'
import { expectFingerprints, type Fingerprints } from '../fingerprints.ts'
import { imagesOf } from '../images.ts'

interface Figure {
  readonly kind: OutputKind
  readonly plan: string
  readonly smoothing: number
  readonly loss: readonly number[]
  readonly after: Fingerprints
}

/** Made by `make.py`. */
const figures = JSON.parse(readFileSync(new URL('figures.json', import.meta.url), 'utf8')) as readonly Figure[]

const [count, size] = [4, 16]
const images = imagesOf(count, size, size)
const preprocess = { size: [size, size], mean: [100, 110, 120], std: [50, 60, 70] } as const

/** Whole numbers below the modulus, as many for each image. */
const drawn = (each: number, modulus: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, image) =>
    Uint8Array.from({ length: each }, (_, k) => (((image * each + k) * 7919) % 1009) % modulus),
  )

const masks = (classes: number): readonly SeenTarget[] =>
  drawn(size ** 2, classes + 1).map(data => ({
    ...{ kind: 'mask', size: [size, size] satisfies Pair },
    data: data.map(own => (own === classes ? 255 : own)),
    where: 'mask',
  }))

const numbers = (each: number, modulus: number, by: number): readonly SeenTarget[] =>
  drawn(each, modulus).map(row => ({ kind: 'numbers', values: Array.from(row, value => value / by) }))

const targets: Partial<Record<OutputKind, readonly SeenTarget[]>> = {
  'map-classes': masks(3),
  'map-labels': masks(2),
  'map-values': drawn(3 * (2 * size) ** 2, 256).map(data => ({ kind: 'image', size: [2 * size, 2 * size], data })),
  labels: numbers(4, 2, 1),
  values: numbers(2, 9, 4),
}

const check = async (
  { kind, plan, smoothing, loss: expected, after }: Figure,
  options: StepOptions & { readonly backend: 'wasm' | 'node-gpu' | 'reference' },
): Promise<void> => {
  const answers = orThrow(parseAnswers(`y=${kind}`))
  const file = fileURLToPath(new URL(`${kind}.onnx`, import.meta.url))
  const network = orThrow(await importOnnx(file, { answers })())
  const parsed = fixedPlanOf(plan)
  const placed = orThrow(placePlan(parsed, network.graph, () => 0.5, outputsOf(network)))
  const step = orThrow(
    trainingStep(network.graph, placed, {
      loss: parsed.training === 'none' ? 'none' : 'sum',
      labelSmoothing: 0,
      target: 0,
      momentum: 0.9,
      nesterov: false,
      weightDecay: () => 2e-4,
      batchNormMomentum: 0.1,
    }),
  )
  const type = network.graph.nodes[network.graph.outputs[0].node].type
  const shape = type.kind === 'Map' ? [type.h, type.w, type.c] : [(type as { readonly c: number }).c]
  const held = targetsFed(targets[kind] as readonly SeenTarget[], { kind, shape, smoothing, preprocess })
  expect([...held.keys()]).toEqual(step.targets)
  const open = await openStep(step, network, carriedAtFirst(step, network), options)
  for (const [k, value] of expected.entries()) {
    const fed = { images, labels: [], targets: held, matrices: new Map(), rate: 0.05, step: k + 1 }
    expect((await open.run(fed)).loss, `step ${k + 1}`).toBeCloseTo(value, 4)
  }
  const last = await open.carried()
  open.dispose()
  expectFingerprints(last, after)
}

const native = backends.find(({ name }) => name === 'node-gpu')?.absent
const absent = backends.find(({ name }) => name === 'wasm')?.absent

describe('what answers are held against teaches them as by PyTorch’s criteria', () => {
  it.each(figures)('$kind under $plan, by the evaluator', figure => check(figure, { backend: 'reference' }))
  it.skipIf(absent !== undefined).each(figures)('$kind under $plan, on WebAssembly', figure =>
    check(figure, { backend: 'wasm' }),
  )
  it.skipIf(native !== undefined).each(figures)('$kind under $plan, natively', figure =>
    check(figure, { backend: 'node-gpu', executor: 'eager' }),
  )
  it.skipIf(native !== undefined).each(figures)('$kind under $plan, as one graph', figure =>
    check(figure, { backend: 'node-gpu', executor: 'graph' }),
  )
})
