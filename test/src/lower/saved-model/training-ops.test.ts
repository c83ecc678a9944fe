import fc from 'fast-check'
import { describe, it } from 'vitest'
import { stridedPixels, trainingCase, trainingTags } from '../training-cases.ts'
import { absent, expectAgreement } from './agree.ts'

describe.skipIf(absent !== undefined)(absent ?? 'training ops as TensorFlow graphs', () => {
  it.each(trainingTags)('%s', async tag => {
    await fc.assert(
      fc.asyncProperty(trainingCase(tag), async ({ graph, environments: [first] }) => {
        await expectAgreement(graph, [first])
      }),
      { numRuns: 25, seed: 5 },
    )
  })

  it('gradients of filters of one pixel with strides', async () => {
    for (const { graph, environments } of stridedPixels) await expectAgreement(graph, environments)
  })
})
