import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../../src/compile/compile.ts'
import { batches, openData, type Preprocess } from '../../../src/data/index.ts'
import { type ExecutorName, executorNames } from '../../../src/execute/execution.ts'
import { openExecutor } from '../../../src/execute/executor.ts'
import { openModel } from '../../../src/execute/model.ts'
import type { Prediction } from '../../../src/execute/prediction.ts'
import { createZooNetwork, loadNetwork as openNetwork, parsePlan } from '../../../src/index.ts'
import { imageType, type Network } from '../../../src/network/network.ts'
import { tensorflowJs } from '../../../src/runtime/native/load.ts'
import { hasShared, sharedPath } from '../../shared.ts'

/** Every executor against the reference evaluator, on real networks under real plans; with ESPALIER_FULL=1 on all of them under all plans. */

const full = process.env.ESPALIER_FULL === '1'

const tiny = orThrow(compileNetwork(createZooNetwork('cifar-resnet-8'), parsePlan('vanilla')))

/** The executors there are on this machine, and why others are not. */
const executors: readonly { readonly name: ExecutorName; readonly absent: string }[] = await Promise.all(
  executorNames.map(async name => {
    const opened = await openExecutor(name, tiny, { backend: 'auto', precision: 'float32', debug: false })
    if (E.isRight(opened)) opened.right.dispose()
    return { name, absent: E.isLeft(opened) ? `: absent here, ${opened.left[0].hint ?? opened.left[0].seen}` : '' }
  }),
)

describe('an executor that cannot take a graph', () => {
  it('says all that is wrong with it', async () => {
    const without = { ...tiny, parameters: new Map([...tiny.parameters].slice(2)) }
    const opened = await openExecutor('eager', without, { backend: 'cpu', precision: 'float32', debug: false })
    expect(E.isLeft(opened) && opened.left.map(({ tag }) => tag)).toEqual(['missing-value', 'missing-value'])
  })
})

const flips = ['vanilla', 'vanilla-tta-geo', 'flip-3-max', 'flip-3-sum', 'flip-only1-geo', 'flip-2-max-tta']
const plans = [...flips, 'shift4@4:geo', '{rotate(15)}@4', '{id,scale(1.1)}@4:geo', 'd4@9:sum']

const predictionOf = async (
  compiled: CompiledNetwork,
  images: Float32Array,
  options: Parameters<typeof openModel>[1],
): Promise<Prediction> => {
  const runner = await openModel(compiled, options)
  try {
    return await runner.predict(images)
  } finally {
    runner.dispose()
  }
}

/** The largest difference of logits over the largest logit. */
const apart = (seen: Prediction, wanted: Prediction): number => {
  expect(seen.logits.length).toBe(wanted.logits.length)
  const size = wanted.logits.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return seen.logits.reduce((most, x, k) => Math.max(most, Math.abs(x - wanted.logits[k])), 0) / size
}

const tolerance = 1e-4
/** Eight bits of mantissa, over tens of layers. */
const bfloat16Tolerance = 0.1

describe.skipIf(!hasShared)('real networks (../shared is absent)', () => {
  let images: Float32Array
  const networks = new Map<string, Network>()
  const references = new Map<string, Prediction>()
  beforeAll(async () => {
    const data = orThrow(await openData(`cifar100:${sharedPath('data', 'cifar-100-binary')}`))
    const preprocess = data.preprocess as Preprocess
    for await (const batch of batches(data, { batch: 3, limit: 3, preprocess })) images = batch.images
  })

  /** Images of CIFAR-100 as they are, or for larger networks numbers of the same range. */
  const imagesFor = (network: Network): Float32Array => {
    const { h, w, c } = imageType(network)
    return h === 32 ? images : Float32Array.from({ length: h * w * c }, (_, k) => Math.sin(0.01 * k))
  }

  const agreement = async (file: string, name: string, options: Parameters<typeof openModel>[1]): Promise<number> => {
    const network = networks.get(file) ?? (await openNetwork(sharedPath('models', file)))
    networks.set(file, network)
    const compiled = orThrow(compileNetwork(network, parsePlan(name)))
    const key = `${file} ${name}`
    const wanted = references.get(key) ?? (await predictionOf(compiled, imagesFor(network), { backend: 'reference' }))
    references.set(key, wanted)
    return apart(await predictionOf(compiled, imagesFor(network), options), wanted)
  }

  const cases = [
    ...plans.map(name => ['cifar100_resnet20.onnx', name] as const),
    ...(full ? plans : ['flip-3-max']).map(name => ['cifar100_resnet56.onnx', name] as const),
    ...(full ? ['vanilla', 'vanilla-tta-geo'] : ['vanilla-tta-geo']).flatMap(name =>
      ['imagenet_squeezenet.onnx', 'tfjs/moderation_mobilenet_v2_mid'].map(file => [file, name] as const),
    ),
  ]

  for (const { name: executor, absent } of executors)
    describe.skipIf(absent !== '')(`${executor}${absent}`, () => {
      // XLA compiles each of them for seconds.
      const taken = executor === 'xla' && !full ? cases.slice(0, 3) : cases
      it.each(taken)('%s under %s agrees with the evaluator', async (file, name) => {
        expect(await agreement(file, name, { executor })).toBeLessThan(tolerance)
      })

      it.skipIf(executor === 'eager' || executor === 'onnx')('in bfloat16, too, to its precision', async ctx => {
        const opened = await openExecutor(executor, tiny, { backend: 'auto', precision: 'bfloat16', debug: false })
        if (E.isLeft(opened)) return ctx.skip(`${opened.left[0].where}: ${opened.left[0].seen}`)
        opened.right.dispose()
        for (const name of ['vanilla', 'vanilla-tta-geo', 'flip-3-max']) {
          const difference = await agreement('cifar100_resnet20.onnx', name, { executor, precision: 'bfloat16' })
          expect(difference).toBeLessThan(bfloat16Tolerance)
          // It did compute in another precision.
          expect(difference).toBeGreaterThan(tolerance)
        }
      })
    })
})

describe('every executor', () => {
  for (const { name: executor, absent } of executors)
    describe.skipIf(absent !== '')(`${executor}${absent}`, () => {
      it('takes batches of any size, gives each its own answers, and leaves no tensor behind', async () => {
        const before = tensorflowJs().memory().numTensors
        const runner = await openModel(tiny, { executor, batch: 4 })
        const image = (n: number): Float32Array =>
          Float32Array.from({ length: n * 3072 }, (_, k) => Math.sin(0.1 * k + Math.floor(k / 3072)))
        const whole = await runner.predict(image(6))
        const loaded = tensorflowJs().memory().numTensors
        const [three, one] = await Promise.all([runner.predict(image(3)), runner.predict(image(1))])
        expect([three.n, one.n, three.logits.length]).toEqual([3, 1, 300])
        for (const [k, value] of three.logits.entries()) expect(value).toBeCloseTo(whole.logits[k], 4)
        for (const [k, value] of one.logits.entries()) expect(value).toBeCloseTo(whole.logits[k], 4)
        expect(tensorflowJs().memory().numTensors).toBe(loaded)
        runner.dispose()
        expect(tensorflowJs().memory().numTensors).toBe(before)
        await expect(runner.predict(image(1))).rejects.toThrow('disposed')
      })
    })
})
