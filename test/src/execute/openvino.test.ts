import { either as E } from 'fp-ts'
import { afterAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { openOpenvino } from '../../../src/execute/openvino.ts'
import type { Precision } from '../../../src/lower/precision.ts'
import { bfloat16Support } from '../../../src/runtime/bfloat16.ts'
import { findOpenvino } from '../../../src/runtime/openvino/installed.ts'
import { oracleLogits } from '../../cifar-100.ts'
import { hasShared } from '../../shared.ts'
import { brokenModels, modelBytes, relativeDistance, signature, testImages } from './shared-models.ts'

const there = hasShared && (await findOpenvino()) !== undefined
const hasBfloat16 = E.isRight(bfloat16Support())

/** Of the largest logit. Eight bits of mantissa lose half a percent in every layer, and the layers' losses mostly cancel. */
const tolerance: { readonly [P in Precision]: number } = { float32: 1e-4, bfloat16: 0.03 }

describe.skipIf(!there)(
  'openvino (skipped: ../shared is absent, or `espalier setup --with openvino` has not run)',
  async () => {
    const open = async (name: string, precision: Precision = 'float32') =>
      orThrow(await openOpenvino(modelBytes(name), { ...signature, precision }))
    const resnet20 = there ? await open('cifar100_resnet20') : undefined
    const execution = resnet20 as NonNullable<typeof resnet20>
    afterAll(() => execution.dispose())

    it.each([
      ['cifar100_resnet20', 'float32'],
      ['cifar100_resnet56', 'float32'],
      ['cifar100_resnet20', 'bfloat16'],
      ['cifar100_resnet56', 'bfloat16'],
    ] as const)("%s gives PyTorch's logits, in %s as near as it can", async (name, precision) => {
      if (precision === 'bfloat16' && !hasBfloat16) return
      const network = await open(name, precision)
      const { logits } = await network.run({ input: testImages(16) })
      network.dispose()
      expect(logits.shape).toEqual([16, 100])
      const distance = relativeDistance(logits.data, oracleLogits(name, 16))
      expect(distance).toBeLessThan(tolerance[precision])
      if (precision === 'bfloat16') expect(distance).toBeGreaterThan(tolerance.float32)
    })

    it('runs batches of more sizes than stay compiled, back and forth', async () => {
      for (const count of [1, 2, 3, 4, 5, 6, 1, 5, 2]) {
        const { logits } = await execution.run({ input: testImages(count) })
        expect(logits.shape).toEqual([count, 100])
        expect(relativeDistance(logits.data, oracleLogits('cifar100_resnet20', count))).toBeLessThan(1e-4)
      }
    })

    it('answers runs that are asked for at the same time each with its own', async () => {
      const sizes = [4, 1, 4, 3, 4]
      const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((a, b) => a + b, 0))
      const answers = await Promise.all(sizes.map((size, k) => execution.run({ input: testImages(size, starts[k]) })))
      const all = answers.flatMap(({ logits }) => [...logits.data])
      expect(relativeDistance(all, oracleLogits('cifar100_resnet20', 16))).toBeLessThan(1e-4)
    })

    it('leaves the event loop free while it runs', async () => {
      const input = testImages(256)
      await execution.run({ input })
      let turns = 0
      const timer = setInterval(() => turns++, 1)
      await execution.run({ input })
      clearInterval(timer)
      expect(turns).toBeGreaterThan(3)
    })

    it.each([
      [{}, 'no value'],
      [{ input: new Float32Array(3071) }, '3071'],
    ])('refuses inputs that do not fit', async (fed, seen) => {
      await expect(execution.run(fed as Record<string, Float32Array>)).rejects.toThrow(seen)
    })

    it('says what of a run failed, and goes on', async () => {
      const inputs = new Map([['input', { kind: 'Map', h: 5, w: 32, c: 32 } as const]])
      const network = orThrow(
        await openOpenvino(modelBytes('cifar100_resnet20'), { ...signature, inputs, precision: 'float32' }),
      )
      const input = new Float32Array(5 * 1024)
      await expect(network.run({ input })).rejects.toThrow(/openvino: saw .*channel/)
      await expect(network.run({ input })).rejects.toThrow(/openvino: saw .*channel/)
      network.dispose()
      await execution.run({ input: testImages(1) })
    })

    it('finishes what is under way when it is disposed of, and refuses what comes later', async () => {
      const network = await open('cifar100_resnet20')
      const running = [1, 2].map(count => network.run({ input: testImages(count) }))
      network.dispose()
      network.dispose()
      const last = (await Promise.all(running))[1]
      expect(relativeDistance(last.logits.data, oracleLogits('cifar100_resnet20', 2))).toBeLessThan(1e-4)
      await expect(network.run({ input: testImages(1) })).rejects.toThrow('after dispose')
    })

    it.each(brokenModels(there ? modelBytes('cifar100_resnet20') : new Uint8Array(0)))(
      'refuses %s',
      async (_, bytes) => {
        const result = await openOpenvino(bytes, { ...signature, precision: 'float32' })
        expect(E.isLeft(result) && result.left.tag).toBe('bad-model')
      },
    )

    it.each([
      [{ ...signature, inputs: new Map() }, 'inputs'],
      [{ ...signature, outputs: ['logits', 'more'] }, 'outputs logits'],
    ])('refuses a graph with other inputs or outputs than it is said to have', async (said, seen) => {
      const result = await openOpenvino(modelBytes('cifar100_resnet20'), { ...said, precision: 'float32' })
      expect(E.isLeft(result) && result.left).toMatchObject({ tag: 'bad-model', seen: expect.stringContaining(seen) })
    })
  },
)
