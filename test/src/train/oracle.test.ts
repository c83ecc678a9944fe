import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Tensor } from '../../../ir/index.ts'
import type { TrainingStep } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { openCifar } from '../../../src/data/cifar.ts'
import { batches } from '../../../src/data/data-set.ts'
import type { Preprocess } from '../../../src/data/preprocess.ts'
import { openSavedModel } from '../../../src/execute/saved-model.ts'
import { lower } from '../../../src/lower/tfjs/index.ts'
import type { Network } from '../../../src/network/network.ts'
import { readSafetensors } from '../../../src/network/weights/safetensors.ts'
import { withWeights, zoo } from '../../../src/network/zoo/index.ts'
import type { Backend } from '../../../src/runtime/backend.ts'
import { carriedAtFirst } from '../../../src/train/step.ts'
import { openTeacher, readTeacher, type Teacher } from '../../../src/train/teacher.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { backends, start } from '../lower/tfjs/agree.ts'
import { runSteps, stepOf } from './steps.ts'

interface Fingerprint {
  readonly sum: number
  readonly l2: number
  readonly first4: readonly number[]
}

interface Oracle {
  readonly loss: readonly number[]
  readonly after_two_steps: Readonly<Record<string, Fingerprint>>
}

/** Made by `oracle/distill/make.py`. */
interface Distilled extends Oracle {
  readonly plan: string
  readonly temperature: number
  readonly weight: number
}

const distillations: readonly Distilled[] = JSON.parse(
  readFileSync(new URL('../../oracle/distill/figures.json', import.meta.url), 'utf8'),
)

/** Names of the oracle, as plans are written here; inference reductions only matter to what counts as correct. */
const plans: Readonly<Record<string, string>> = {
  vanilla: 'vanilla',
  'flip-2-none': 'flip-2-none,geo',
  'flip-2-max': 'flip-2-max',
  'flip-2-sum': 'flip-2-sum',
  'flip-2-geo': 'flip-2-geo',
}

const recipe = {
  labelSmoothing: 0,
  momentum: 0.9,
  nesterov: false,
  weightDecay: () => 2e-4,
  batchNormMomentum: 0.1,
}

/** The first four values in PyTorch's layout: `[o, i, r, s]` or `[o, i]`. */
const firstInPytorch = ({ shape, data }: Tensor): readonly number[] => {
  if (shape.length === 1) return [...data.subarray(0, 4)]
  const [r, s, i, o] = shape.length === 4 ? shape : [1, 1, ...shape]
  return [0, 1, 2, 3].map(k => {
    const [channel, tap] = [Math.floor(k / (r * s)), k % (r * s)]
    return data[(tap * i + channel) * o]
  })
}

const fingerprint = (value: Tensor): Fingerprint => ({
  sum: Array.from(value.data).reduce((a, b) => a + b, 0),
  l2: Math.hypot(...value.data),
  first4: firstInPytorch(value),
})

const expectFingerprint = (seen: Tensor, wanted: Fingerprint, name: string): void => {
  const { sum, l2, first4 } = fingerprint(seen)
  first4.forEach((number, k) => {
    expect(Math.abs(number - wanted.first4[k]), `${name}[${k}]`).toBeLessThan(1e-4)
  })
  expect(Math.abs(l2 - wanted.l2), `norm of ${name}`).toBeLessThan(1e-4)
  // As many roundings as there are numbers.
  expect(Math.abs(sum - wanted.sum), `sum of ${name}`).toBeLessThan(1e-4 * Math.sqrt(seen.data.length))
}

describe.skipIf(!hasShared)('two steps on a real network are those of PyTorch', () => {
  let network: Network
  let images: Float32Array
  let labels: Float32Array
  let oracles: Readonly<Record<string, Oracle>>
  beforeAll(async () => {
    const tensors = orThrow(await readSafetensors(sharedPath('models', 'cifar100_resnet20.safetensors'))())
    network = orThrow(withWeights(orThrow(zoo('cifar-resnet-20')), tensors))
    const opened = await openCifar('cifar100', sharedPath('data', 'cifar-100-binary'), 'test')
    if (opened._tag === 'Left') throw new Error('no data')
    const data = opened.right
    for await (const batch of batches(data, { batch: 32, limit: 32, preprocess: data.preprocess as Preprocess })) {
      images = batch.images
      labels = new Float32Array(32 * 100)
      batch.labels?.forEach((label, k) => {
        labels[k * 100 + label] = 1
      })
    }
    oracles = JSON.parse(readFileSync(sharedPath('oracle', 'train_step.json'), 'utf8')).steps
  })

  const steps = new Map<string, TrainingStep>()
  /** Made once for all that run it. */
  const stepUnder = (plan: string, teacher?: Teacher): TrainingStep => {
    const key = JSON.stringify([plan, teacher])
    const step = steps.get(key) ?? stepOf(network, plan, { ...recipe, teacher })
    steps.set(key, step)
    return step
  }

  const check = async (
    step: TrainingStep,
    oracle: Oracle,
    { tf, native }: Backend,
    whole: boolean,
    answers?: Float32Array,
  ): Promise<void> => {
    const executable =
      whole && native !== undefined
        ? await openSavedModel(native, step.graph, new Map())
        : lower(tf, step.graph, new Map())
    const before = tf.memory().numTensors
    const { losses, correct, last } = runSteps(
      tf,
      executable.run,
      step,
      carriedAtFirst(step, network),
      { images, labels, answers, rate: 0.01 },
      2,
    )
    expect(tf.memory().numTensors).toBe(before)
    executable.dispose()
    losses.forEach((loss, k) => {
      expect(Math.abs(loss - oracle.loss[k]), `loss ${k}: ${loss}`).toBeLessThan(1e-4)
    })
    expect(correct[1]).toBeGreaterThan(correct[0])
    for (const [name, wanted] of Object.entries(oracle.after_two_steps))
      expectFingerprint(last.get(name) as Tensor, wanted, name)
  }

  describe.each(backends.filter(({ name }) => name !== 'cpu'))('on $name', ({ name, absent }) => {
    let backend: Backend
    beforeAll(async () => {
      if (absent === undefined) backend = await start(name)
    })
    const undistilled = (plan: string, whole: boolean) => check(stepUnder(plans[plan]), oracles[plan], backend, whole)
    it.skipIf(absent !== undefined).each(Object.keys(plans))('%s', plan => undistilled(plan, false))
    if (name === 'node-gpu')
      it.skipIf(absent !== undefined).each(Object.keys(plans))('%s as one graph', plan => undistilled(plan, true))

    const teaching = { network: 'same', plan: 'vanilla-tta-geo' }
    const taught = new Map<'eager' | 'graph', Promise<Float32Array>>()
    const answersOf = async (executor: 'eager' | 'graph'): Promise<Float32Array> => {
      const read = await readTeacher({ ...teaching, temperature: 1, weight: 1 }, network, 0)
      const teacher = await openTeacher(read, { backend: name, executor }, { seed: 0, batch: 32 })
      try {
        const [scores] = await teacher.answers(images)
        return scores
      } finally {
        teacher.dispose()
      }
    }
    const distilled = async ({ plan, temperature, weight, ...oracle }: Distilled, whole: boolean): Promise<void> => {
      const executor = whole ? 'graph' : 'eager'
      const answers = taught.get(executor) ?? answersOf(executor)
      taught.set(executor, answers)
      const step = stepUnder(plan, { ...teaching, temperature, weight })
      await check(step, oracle, backend, whole, await answers)
    }
    const called = 'distilled under $plan at $temperature, $weight'
    it.skipIf(absent !== undefined).each(distillations)(called, each => distilled(each, false))
    if (name === 'node-gpu')
      it.skipIf(absent !== undefined).each(distillations)(`${called}, as one graph`, each => distilled(each, true))
  })
})
