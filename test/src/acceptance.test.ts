import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow, orThrowAsync } from '../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../src/compile/compile.ts'
import { type Batch, batches, type DataSet, openData, type Preprocess, readPreprocess } from '../../src/data/index.ts'
import { evaluateData } from '../../src/execute/evaluate-data.ts'
import { type Model, openModel } from '../../src/execute/model.ts'
import type { ModelBackend } from '../../src/execute/open-execution.ts'
import { rankOf } from '../../src/execute/score.ts'
import { parsePlan } from '../../src/index.ts'
import type { Precision } from '../../src/lower/precision.ts'
import type { Network } from '../../src/network/network.ts'
import { openSource } from '../../src/open/network-source.ts'
import { bfloat16Support } from '../../src/runtime/bfloat16.ts'
import { bestInstalled } from '../../src/runtime/native/installed.ts'
import { hasShared, sharedPath } from '../shared.ts'

/**
 * What the whole chain shows on real networks and images, against what PyTorch and TensorFlow computed. By default the
 * whole test set for a few plans, on the native runtime; with ESPALIER_FULL=1 for all of them, and on WebAssembly too.
 */

const full = process.env.ESPALIER_FULL === '1'
const hasNative = (await bestInstalled()) !== undefined
const fast: readonly ModelBackend[] = hasNative ? ['wasm', 'node-gpu'] : ['wasm']

const oracle = (name: string) => JSON.parse(readFileSync(sharedPath('oracle', `${name}.json`), 'utf8'))

const networkOf = async (reference: string, weights?: string): Promise<Network> => {
  const source = await openSource(reference, { weights })
  if (source.kind !== 'network') throw new Error(`${reference} is compiled`)
  return source.network
}

/** On native TensorFlow the whole graph at once: op by op it is compared with the evaluator elsewhere. */
const using = async <A>(
  compiled: CompiledNetwork,
  backend: ModelBackend,
  use: (runner: Model) => Promise<A>,
  precision: Precision = 'float32',
) => {
  const executor = backend === 'node-gpu' ? 'graph' : 'auto'
  const runner = await openModel(compiled, { backend, executor, precision, batch: 128 })
  try {
    return await use(runner)
  } finally {
    runner.dispose()
  }
}

const under = (network: Network, name: string): CompiledNetwork => orThrow(compileNetwork(network, parsePlan(name)))

const expectNear = (seen: Float32Array, wanted: readonly number[]): void => {
  expect(seen.length).toBe(wanted.length)
  seen.forEach((value, k) => {
    expect(Math.abs(value - wanted[k])).toBeLessThan(1e-3)
  })
}

describe.skipIf(!hasShared)('CIFAR-100 (../shared is absent: no networks, no images)', () => {
  let data: DataSet
  let resnet20: Network
  beforeAll(async () => {
    data = orThrow(await openData(`cifar100:${sharedPath('data', 'cifar-100-binary')}`))
    resnet20 = await networkOf(sharedPath('models', 'cifar100_resnet20.onnx'))
  })

  const firstImages = async (count: number): Promise<Float32Array> => {
    const preprocess = data.preprocess as Preprocess
    for await (const { images } of batches(data, { batch: count, limit: count, preprocess })) return images
    throw new Error('no images')
  }

  describe.each(['cifar100_resnet20', 'cifar100_resnet56'])('%s', name => {
    const zooName = name.replace('cifar100_resnet', 'zoo:cifar-resnet-')
    // The plain TypeScript backends take a second an image on the deeper one.
    const backends: readonly ModelBackend[] = name.endsWith('20') || full ? ['reference', 'cpu', ...fast] : fast
    for (const backend of backends)
      it.each([
        ['ONNX', () => networkOf(sharedPath('models', `${name}.onnx`))],
        ['safetensors and the zoo', () => networkOf(zooName, sharedPath('models', `${name}.safetensors`))],
      ])(`from %s gives PyTorch's logits on ${backend}`, async (_, open) => {
        const images = await firstImages(fast.includes(backend) ? 16 : 4)
        const { n, logits } = await using(under(await open(), 'vanilla'), backend, runner => runner.predict(images))
        expectNear(logits, oracle(`${name}_logits16`).logits.slice(0, n).flat())
      })
  })

  interface Impact {
    readonly error_percent: Readonly<Record<string, Readonly<Record<string, number>>>>
    readonly transforms: Readonly<
      Record<string, { readonly only: Readonly<Record<string, number>>; readonly branch: Impact['error_percent'] }>
    >
  }

  /** Plans, where PyTorch's error stands, and whether only a full run takes them: `vanilla` has the whole test set as the first stage of adaptive plans. */
  const plans: readonly (readonly [string, (impact: Impact) => number, 'always' | 'full'])[] = [
    ['vanilla', at => at.error_percent.vanilla.geo, 'full'],
    ['vanilla-tta-geo', at => at.error_percent['branch@0'].geo, 'full'],
    ['vanilla-tta-sum', at => at.error_percent['branch@0'].sum, 'full'],
    ['vanilla-tta-max', at => at.error_percent['branch@0'].max, 'full'],
    ['flip-3-geo', at => at.error_percent['flip-3'].geo, 'full'],
    ['flip-3-sum', at => at.error_percent['flip-3'].sum, 'full'],
    ['flip-3-max', at => at.error_percent['flip-3'].max, 'always'],
    ['flip-only1-geo', at => at.error_percent['branch@9'].geo, 'full'],
    ['shift4@4:geo', at => at.error_percent['shift4@4'].geo, 'full'],
    ['shift4@4:sum', at => at.error_percent['shift4@4'].sum, 'always'],
    ['shift4@4:max', at => at.error_percent['shift4@4'].max, 'full'],
    ['{rotate(15)}@4', at => at.transforms['rotate(+15)'].only['4'], 'always'],
    ['{id,scale(1.1)}@4:geo', at => at.transforms['scale(1.1)'].branch['4'].geo, 'full'],
  ]

  const evaluate = async (name: string, plan: string, backend: ModelBackend, precision?: Precision) => {
    const compiled = under(await networkOf(sharedPath('models', `${name}.onnx`)), plan)
    const preprocess = data.preprocess as Preprocess
    const { images, wrong } = await using(
      compiled,
      backend,
      model => evaluateData(model, data, { batch: 128, preprocess }),
      precision,
    )
    expect(images).toBe(10_000)
    return (100 * wrong) / images
  }
  const errors = new Map<string, Promise<number>>()
  /** Percent of the whole test set, evaluated once for all who ask. */
  const errorPercent = (...of: Parameters<typeof evaluate>): Promise<number> => {
    const key = JSON.stringify(of)
    const known = errors.get(key) ?? evaluate(...of)
    errors.set(key, known)
    return known
  }

  for (const backend of ['node-gpu', 'wasm'] as const) {
    // WebAssembly takes a minute for a plan: without a full run it proves itself on the first images, below.
    const taken = full ? plans : backend === 'wasm' ? [] : plans.filter(([, , when]) => when === 'always')
    it.skipIf(backend === 'node-gpu' && !hasNative).each(taken)(
      `%s errs as in PyTorch on the whole test set (${backend}; native is skipped where \`espalier setup\` has not run)`,
      async (name, expected) => {
        const error = await errorPercent('cifar100_resnet20', name, backend, 'float32')
        expect(Math.abs(error - expected(oracle('cifar100_resnet20_impact')))).toBeLessThanOrEqual(0.03)
      },
    )
  }

  it.skipIf(!hasNative || E.isLeft(bfloat16Support())).each([
    // Its errors in float32 are known from above.
    ['cifar100_resnet20', '{rotate(15)}@4'],
    ...(full
      ? [
          ['cifar100_resnet20', 'vanilla'],
          ['cifar100_resnet20', 'shift4@4:sum'],
          ['cifar100_resnet20', 'vanilla-tta-geo'],
          ['cifar100_resnet56', 'vanilla'],
          ['cifar100_resnet56', 'vanilla-tta-geo'],
        ]
      : []),
  ])(
    '%s under %s errs as often in bfloat16, within 0.2 points (skipped where native or bfloat16 is not there)',
    async (name, planName) => {
      const whole = await errorPercent(name, planName, 'node-gpu', 'float32')
      const half = await errorPercent(name, planName, 'node-gpu', 'bfloat16')
      expect(half).not.toBe(whole)
      expect(Math.abs(half - whole)).toBeLessThanOrEqual(0.2)
    },
  )

  it.skipIf(!hasNative)(
    'native and WebAssembly agree under every plan (skipped where native is not set up)',
    async () => {
      const images = await firstImages(4)
      for (const [name] of plans) {
        const compiled = under(resnet20, name)
        const [wasm, native] = [
          await using(compiled, 'wasm', runner => runner.predict(images)),
          await using(compiled, 'node-gpu', runner => runner.predict(images)),
        ]
        expectNear(native.logits, [...wasm.logits])
      }
    },
  )
})

describe.skipIf(!hasShared)('content moderation by TensorFlow.js models (../shared is absent)', () => {
  const side = 224

  /** The oracle's images: each pixel of the test set seven times in both directions, 0 to 1. */
  const enlarged = async (count: number): Promise<Float32Array> => {
    const data = orThrow(await openData(`cifar100:${sharedPath('data', 'cifar-100-binary')}`))
    const examples = orThrow(await data.read(0, count))
    const images = new Float32Array(count * side * side * 3)
    examples.forEach(({ image }, n) => {
      if (image instanceof Uint8Array) throw new Error('encoded')
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++)
          for (let c = 0; c < 3; c++)
            images[((n * side + y) * side + x) * 3 + c] =
              image.data[(Math.floor(y / 7) * 32 + Math.floor(x / 7)) * 3 + c] / 255
    })
    return images
  }

  for (const name of ['moderation_mobilenet_v2', 'moderation_mobilenet_v2_mid'])
    it.each(fast)(`${name} gives TensorFlow's probabilities, plain and under TTA, on %s`, async backend => {
      const network = await networkOf(sharedPath('models', 'tfjs', name))
      const images = await enlarged(4)
      for (const [key, planName] of [
        ['plain', 'vanilla'],
        ['tta-geo', 'vanilla-tta-geo'],
        ['tta-sum', 'vanilla-tta-sum'],
        ['tta-max', 'vanilla-tta-max'],
      ]) {
        const { probabilities } = await using(under(network, planName), backend, runner => runner.predict(images))
        expectNear(probabilities, oracle('tfjs_moderation')[name][key].slice(0, 4).flat())
      }
    })
})

describe.skipIf(!hasShared)('SqueezeNet on photographs (../shared is absent)', () => {
  const backend = fast.at(-1) as ModelBackend
  const decoded: Batch[] = []
  beforeAll(async () => {
    const file = sharedPath('models', 'imagenet_squeezenet.preprocess.json')
    // The script behind the figures rounds the longer side.
    const preprocess = { ...(await orThrowAsync(readPreprocess(file))), longer_side: 'rounded' as const }
    const labels = sharedPath('photos', 'labels.csv')
    const photos = orThrow(await openData(`images:${sharedPath('photos')}`, { labels }))
    for await (const batch of batches(photos, { batch: 20, preprocess })) decoded.push(batch)
  })

  it.each([
    ['vanilla', 'vanilla'],
    ['vanilla-tta-geo', 'tta-geo'],
    ['vanilla-tta-sum', 'tta-sum'],
    ['vanilla-tta-max', 'tta-max'],
  ])('under %s is right as often as with Pillow and PyTorch, give or take a photo', async (name, key) => {
    const network = await networkOf(sharedPath('models', 'imagenet_squeezenet.onnx'))
    const ranks = await using(under(network, name), backend, async model => {
      const found: number[] = []
      for (const { images, labels } of decoded) {
        const { logits, classes } = await model.predict(images)
        labels?.forEach((label, row) => {
          found.push(rankOf(logits, row, classes, label))
        })
      }
      return found
    })
    const { top1, top5 } = oracle('imagenet_squeezenet').accuracy_percent_on_photos[key]
    expect(ranks).toHaveLength(100)
    const rightWithin = (rank: number): number => ranks.filter(r => r < rank).length
    expect(Math.abs(rightWithin(1) - top1)).toBeLessThanOrEqual(1)
    expect(Math.abs(rightWithin(5) - top5)).toBeLessThanOrEqual(1)
  })
})
