import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { placePlan, type StepRecipe, trainingStep } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'
import { type Carried, carriedAtFirst, openStep, type StepOptions } from '../../../src/train/step.ts'
import { openTeacher, readTeacher } from '../../../src/train/teacher.ts'
import { fixedPlanOf } from '../../fixed-plan.ts'
import { backends } from '../../src/lower/tfjs/agree.ts'
import { expectFingerprints, type Fingerprints } from '../fingerprints.ts'
import { imagesOf } from '../images.ts'

interface Figure {
  readonly plan: string
  readonly temperature: number
  readonly optimizer: 'sgd' | 'adamw'
  readonly loss: readonly number[]
  readonly after: Fingerprints
}

/** Made by `make.py`. */
const figures = JSON.parse(readFileSync(new URL('figures.json', import.meta.url), 'utf8')) as readonly Figure[]
const answers = orThrow(parseAnswers('face=embedding,age=values'))
const network = orThrow(await importOnnx(fileURLToPath(new URL('answers.onnx', import.meta.url)), { answers })())

const [count, size] = [4, 16]
const images = imagesOf(count, size, size)

const adamw = { beta1: 0.8, beta2: 0.99, epsilon: 1e-6 }

const stepOf = ({ plan, temperature, optimizer }: Figure) => {
  const parsed = fixedPlanOf(plan)
  const recipe: StepRecipe = {
    loss: parsed.training === 'none' ? 'none' : 'sum',
    labelSmoothing: 0,
    teacher: { temperature, weight: 1 },
    momentum: 0.9,
    nesterov: false,
    ...(optimizer === 'adamw' ? { adamw, weightDecay: () => 0.1 } : { weightDecay: () => 2e-4 }),
    batchNormMomentum: 0.1,
  }
  const placed = orThrow(placePlan(parsed, network.graph, () => 0.5, network.outputs))
  return orThrow(trainingStep(network.graph, placed, recipe))
}

const trained = async (
  figure: Figure,
  options: StepOptions & { readonly backend: 'wasm' | 'cpu' | 'node-gpu' | 'reference' },
): Promise<{ readonly losses: readonly number[]; readonly last: Carried }> => {
  const step = stepOf(figure)
  const read = await readTeacher({ network: 'same', plan: 'vanilla-tta-mean', temperature: 1, weight: 1 }, network, 0)
  const { executor = 'eager' } = options
  const teacher = await openTeacher(
    read,
    { backend: options.backend, executor: executor === 'auto' ? 'eager' : executor },
    { seed: 0, batch: count },
  )
  const taught = await teacher.answers(images)
  teacher.dispose()
  const open = await openStep(step, network, carriedAtFirst(step, network), options)
  const losses: number[] = []
  for (let k = 0; k < figure.loss.length; k++) {
    const { loss, correct } = await open.run({
      ...{ images, labels: [], answers: taught, matrices: new Map() },
      ...{ rate: 0.05, step: k + 1 },
    })
    losses.push(loss)
    expect(correct).toBeNull()
  }
  const last = await open.carried()
  open.dispose()
  return { losses, last }
}

const check = async (figure: Figure, options: Parameters<typeof trained>[1]): Promise<void> => {
  const { losses, last } = await trained(figure, options)
  losses.forEach((loss, k) => {
    expect(loss).toBeCloseTo(figure.loss[k], 5)
  })
  expectFingerprints(last, figure.after)
}

const native = backends.find(({ name }) => name === 'node-gpu')?.absent
const absent = backends.find(({ name }) => name === 'wasm')?.absent

describe('four kinds of answers are taught as by PyTorch', () => {
  it.each(figures)('under $plan at $temperature by $optimizer, by the evaluator', figure =>
    check(figure, { backend: 'reference' }),
  )
  it.skipIf(absent !== undefined).each(figures)('under $plan at $temperature by $optimizer, on WebAssembly', figure =>
    check(figure, { backend: 'wasm' }),
  )
  it.skipIf(native !== undefined).each(figures)('under $plan at $temperature by $optimizer, natively', figure =>
    check(figure, { backend: 'node-gpu', executor: 'eager' }),
  )
  it.skipIf(native !== undefined).each(figures)('under $plan at $temperature by $optimizer, as one graph', figure =>
    check(figure, { backend: 'node-gpu', executor: 'graph' }),
  )
})
