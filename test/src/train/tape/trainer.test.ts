import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { evaluate, type Tensor } from '../../../../ir/index.ts'
import { naivePipeline, placePlan } from '../../../../passes/index.ts'
import { branched } from '../../../../passes/insert-branches.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { type Batch, batches, openGenerated } from '../../../../src/data/index.ts'
import { createZooNetwork } from '../../../../src/index.ts'
import { openBackend } from '../../../../src/runtime/backend.ts'
import { fixedPlanOf } from '../../../fixed-plan.ts'
import { trainer } from './trainer.ts'

const native = await openBackend('node-gpu')
const network = createZooNetwork('preact-resnet-8?classes=10', { seed: 3 })
const n = 4

const firstBatch = async () => {
  const data = openGenerated('orientation', 'train', 5)
  const preprocess = data.preprocess as NonNullable<typeof data.preprocess>
  const { value } = await batches(data, { batch: n, preprocess }).next()
  const batch = value as Batch
  return { images: batch.images, labels: Int32Array.from(batch.labels as readonly number[]) }
}

const crossEntropy = ({ data }: Tensor, labels: Int32Array): number => {
  const classes = data.length / labels.length
  const losses = Array.from(labels, (label, k) => {
    const row = Array.from(data.slice(k * classes, (k + 1) * classes))
    return Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0)) - row[label]
  })
  return losses.reduce((sum, loss) => sum + loss) / losses.length
}

describe.skipIf(E.isLeft(native))('training by TensorFlow.js’s gradient tape', () => {
  const { tf } = E.isRight(native) ? native.right : { tf: undefined as never }
  const start = async (name: string, averaging: number, fused = true) => {
    const { images, labels } = await firstBatch()
    const placed = orThrow(placePlan(fixedPlanOf(name), network.graph, () => 0))
    const settings = { momentum: 0.9, weightDecay: 0, averaging, fused }
    const learner = trainer(tf, branched(network.graph, placed), network.parameters, settings)
    return { learner, images, labels, input: tf.tensor(images, [n, 32, 32, 3]) }
  }

  it.each(['vanilla', 'flip-2-max', 'flip-1-sum', 'flip-1-geo'])(
    'has the loss that %s means, batch statistics taken over all variants',
    async name => {
      const { learner, images, labels, input } = await start(name, 1)
      const loss = await learner.step(input, labels, 0)
      // The statistics of this batch are the running ones now, and nothing has moved.
      const seen = { ...network, parameters: await learner.values() }
      const { graph, parameters } = orThrow(compileNetwork(seen, fixedPlanOf(name), { pipeline: naivePipeline }))
      const inputs = new Map([['image', { shape: [n, 32, 32, 3], data: images }]])
      const scores = orThrow(evaluate(graph, { inputs, parameters })).get('logits') as Tensor
      expect(Math.abs(crossEntropy(scores, labels) - loss)).toBeLessThan(0.01)
    },
  )

  it('takes the same step with and without TensorFlow’s own batch normalization', async () => {
    const values = async (fused: boolean) => {
      const { learner, labels, input } = await start('flip-1-max', 0.1, fused)
      await learner.step(input, labels, 0.05)
      return learner.values()
    }
    const [own, composed] = [await values(true), await values(false)]
    for (const [name, { data }] of own)
      data.forEach((value, k) => {
        expect(Math.abs(value - (composed.get(name) as Tensor).data[k]), name).toBeLessThan(1e-3)
      })
  })

  it('learns a batch by heart, and keeps no tensors', async () => {
    const { learner, labels, input } = await start('flip-1-max', 0.1)
    const first = await learner.step(input, labels, 0.02)
    const { numTensors } = tf.memory()
    let last = first
    for (let k = 0; k < 25; k++) last = await learner.step(input, labels, 0.02)
    expect(last).toBeLessThan(first / 4)
    expect(tf.memory().numTensors).toBe(numTensors)
  })
})
