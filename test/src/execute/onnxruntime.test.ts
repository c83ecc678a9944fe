import { either as E } from 'fp-ts'
import { afterAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { openOnnxruntime } from '../../../src/execute/onnxruntime.ts'
import { loadOnnxruntime } from '../../../src/runtime/onnxruntime.ts'
import { oracleLogits } from '../../cifar-100.ts'
import { hasShared } from '../../shared.ts'
import { brokenModels, modelBytes, relativeDistance, signature, testImages } from './shared-models.ts'

const there = hasShared && E.isRight(loadOnnxruntime())

describe.skipIf(!there)('onnxruntime (skipped: ../shared or the package onnxruntime-node is absent)', async () => {
  const resnet20 = there ? orThrow(await openOnnxruntime(modelBytes('cifar100_resnet20'), signature)) : undefined
  const execution = resnet20 as NonNullable<typeof resnet20>
  afterAll(() => execution.dispose())

  it.each(['cifar100_resnet20', 'cifar100_resnet56'])("%s gives PyTorch's logits within 1e-4", async name => {
    const network = orThrow(await openOnnxruntime(modelBytes(name), signature))
    const { logits } = await network.run({ input: testImages(16) })
    network.dispose()
    expect(logits.shape).toEqual([16, 100])
    expect(relativeDistance(logits.data, oracleLogits(name, 16))).toBeLessThan(1e-4)
  })

  it.each([1, 3, 7])('runs batches of %i', async count => {
    const { logits } = await execution.run({ input: testImages(count) })
    expect(relativeDistance(logits.data, oracleLogits('cifar100_resnet20', count))).toBeLessThan(1e-4)
  })

  it('answers runs that are asked for at the same time each with its own', async () => {
    const alone = await Promise.all([0, 4, 8].map(first => execution.run({ input: testImages(4, first) })))
    const all = alone.flatMap(({ logits }) => [...logits.data])
    expect(relativeDistance(all, oracleLogits('cifar100_resnet20', 12))).toBeLessThan(1e-4)
  })

  it.each([
    [{}, 'no value'],
    [{ input: new Float32Array(3071) }, '3071'],
    [{ input: new Float32Array(0) }, '0'],
  ])('refuses inputs that do not fit', async (fed, seen) => {
    await expect(execution.run(fed as Record<string, Float32Array>)).rejects.toThrow(seen)
  })

  it('finishes what is under way when it is disposed of, and refuses what comes later', async () => {
    const network = orThrow(await openOnnxruntime(modelBytes('cifar100_resnet20'), signature))
    const running = network.run({ input: testImages(2) })
    network.dispose()
    network.dispose()
    expect(relativeDistance((await running).logits.data, oracleLogits('cifar100_resnet20', 2))).toBeLessThan(1e-4)
    await expect(network.run({ input: testImages(1) })).rejects.toThrow('after dispose')
  })

  it.each(brokenModels(there ? modelBytes('cifar100_resnet20') : new Uint8Array(0)))('refuses %s', async (_, bytes) => {
    const result = await openOnnxruntime(bytes, signature)
    expect(E.isLeft(result) && result.left.tag).toBe('bad-model')
  })

  it.each([
    [{ ...signature, inputs: new Map() }, 'inputs input'],
    [{ ...signature, outputs: ['logits', 'more'] }, 'outputs logits'],
  ])('refuses a graph with other inputs or outputs than it is said to have', async (said, seen) => {
    const result = await openOnnxruntime(modelBytes('cifar100_resnet20'), said)
    expect(E.isLeft(result) && result.left).toMatchObject({ tag: 'bad-model', seen })
  })
})
