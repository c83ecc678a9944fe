import { beforeAll, describe, expect, it } from 'vitest'
import type { Tensor } from '../../../ir/index.ts'
import { parseFixedPlan, placePlan } from '../../../passes/index.ts'
import { insertBranches } from '../../../passes/insert-branches.ts'
import type { TrainingStep } from '../../../passes/training-step.ts'
import { orThrow } from '../../../src/base/error.ts'
import { openSavedModel } from '../../../src/execute/saved-model.ts'
import type { Precision } from '../../../src/lower/precision.ts'
import { lowerSavedModel } from '../../../src/lower/saved-model/index.ts'
import { type SavedModel, savedModelType } from '../../../src/lower/saved-model/schema.ts'
import { lower } from '../../../src/lower/tfjs/index.ts'
import { initialized, zoo } from '../../../src/network/zoo/index.ts'
import type { Backend } from '../../../src/runtime/backend.ts'
import { type Carried, carriedAtFirst } from '../../../src/train/step.ts'
import { valuesOf } from '../../laws/agreement.ts'
import { numbers } from '../lower/agree.ts'
import { backends, start } from '../lower/tfjs/agree.ts'
import { type Fed, fedOnce, runSteps, stepOf } from './steps.ts'
import { trainer } from './tape/trainer.ts'

const recipe = {
  labelSmoothing: 0,
  momentum: 0.9,
  nesterov: true,
  weightDecay: () => 1e-3,
  batchNormMomentum: 0.1,
}

const size = 8
const n = 3
const network = initialized(orThrow(zoo('preact-resnet-8?classes=4', { size: [size, size] })), 1)
const fed: Fed = {
  images: numbers(n * size * size * 3, 1),
  labels: Float32Array.of(0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1),
  rate: 0.1,
}
const plans = ['vanilla', 'flip-1-none,geo', 'flip-2-max', 'flip-2-sum', '{id,rot90,scale(1.2),shift(1,0)}@1:geo']

/** What the evaluator says of one step, in float64. */
const meanings = new Map<string, ReadonlyMap<string, Tensor>>()
const meaningOf = (plan: string, step: TrainingStep, start: Carried): ReadonlyMap<string, Tensor> => {
  const inputs = new Map<string, Tensor>([...start, ...fedOnce(step, fed)])
  const known = meanings.get(plan) ?? valuesOf(step.graph, { inputs, parameters: new Map() })
  meanings.set(plan, known)
  return known
}

const expectClose = (seen: Tensor, wanted: Tensor, name: string, within: number): void => {
  const values = Array.from(wanted.data)
  const largest = values.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-2)
  const furthest = values.reduce((m, x, i) => Math.max(m, Math.abs(x - seen.data[i])), 0)
  expect(furthest, name).toBeLessThan(within * largest)
}

/** Of the angle between values of the same names, taken together. */
const cosine = (names: readonly string[], a: Carried, b: Carried): number => {
  const dot = (x: Carried, y: Carried): number =>
    names.reduce((sum, name) => {
      const [p, q] = [x.get(name), y.get(name)].map(value => Array.from((value as Tensor).data))
      return sum + p.reduce((s, v, i) => s + v * q[i], 0)
    }, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

/** TensorFlow's ops of a step by the format that they compute in: 1 float32, 14 bfloat16. */
const formatsOf = (plan: string, op: string, precision: Precision): readonly unknown[] => {
  const [file] = lowerSavedModel(stepOf(network, plan, recipe).graph, new Map(), { precision }).values()
  const [{ graph_def }] = (savedModelType.decode(file) as unknown as SavedModel).meta_graphs
  return [
    ...new Set(
      graph_def.node.filter(node => node.op === op).map(({ attr }) => (attr.T as { readonly type: number }).type),
    ),
  ]
}

it.each([
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
  'FusedBatchNormV3',
  'FusedBatchNormGradV3',
  'ReluGrad',
])('%s of a step is bfloat16 where it is to be', op => {
  for (const plan of ['vanilla', 'flip-2-max']) {
    expect(formatsOf(plan, op, 'float32')).toEqual([1])
    expect(formatsOf(plan, op, 'bfloat16')).toEqual([14])
  }
})

describe.each(backends)('one step on $name', ({ name, absent }) => {
  let backend: Backend
  beforeAll(async () => {
    if (absent === undefined) backend = await start(name)
  })

  const check = async (plan: string, whole: boolean, precision: Precision = 'float32'): Promise<void> => {
    const { tf, native } = backend
    const step = stepOf(network, plan, recipe)
    const first = carriedAtFirst(step, network)
    const executable =
      whole && native !== undefined
        ? await openSavedModel(native, step.graph, new Map(), { precision })
        : lower(tf, step.graph, new Map())
    const before = tf.memory().numTensors
    const { losses, correct, last } = runSteps(tf, executable.run, step, first, fed, 1)
    expect(tf.memory().numTensors, 'tensors after a step').toBe(before)
    executable.dispose()
    const wanted = meaningOf(plan, step, first)
    if (precision === 'bfloat16') {
      expect(losses[0]).toBeCloseTo((wanted.get('loss') as Tensor).data[0], 1)
      expect(cosine([...step.velocities.keys()], last, wanted)).toBeGreaterThan(0.97)
      return
    }
    expect(losses[0]).toBeCloseTo((wanted.get('loss') as Tensor).data[0], 4)
    expect(correct[0]).toBe((wanted.get('correct') as Tensor).data[0])
    for (const [name, value] of last) expectClose(value, wanted.get(name) as Tensor, name, 1e-4)
  }

  it.skipIf(absent !== undefined).each(plans)('under %s is what the evaluator says', plan => check(plan, false))

  if (name === 'node-gpu') {
    it.skipIf(absent !== undefined).each(plans)('under %s as one graph, too', plan => check(plan, true))

    it.skipIf(absent !== undefined).each(plans)('under %s in bfloat16, nearly', plan => check(plan, true, 'bfloat16'))

    it.skipIf(absent !== undefined).each(['vanilla', 'flip-2-max'])('under %s is what the tape gives', async plan => {
      const { tf } = backend
      const step = stepOf(network, plan, recipe)
      const placed = orThrow(placePlan(orThrow(parseFixedPlan(plan)), network.graph, () => 0))
      const { program } = orThrow(insertBranches(placed).run({ graph: network.graph, parameters: new Map() }))
      const tape = trainer(tf, program.graph, network.parameters, {
        momentum: recipe.momentum,
        weightDecay: recipe.weightDecay(),
        averaging: recipe.batchNormMomentum,
      })
      const images = tf.tensor(fed.images, [n, size, size, 3])
      const loss = await tape.step(images, Int32Array.of(1, 0, 3), fed.rate)
      const executable = lower(tf, step.graph, new Map())
      const { losses, last } = runSteps(tf, executable.run, step, carriedAtFirst(step, network), fed, 1)
      executable.dispose()
      images.dispose()
      expect(losses[0]).toBeCloseTo(loss, 4)
      const values = await tape.values()
      for (const name of step.parameters) expectClose(last.get(name) as Tensor, values.get(name) as Tensor, name, 1e-4)
    })
  }
})
