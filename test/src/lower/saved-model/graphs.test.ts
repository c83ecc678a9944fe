import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { LoweredTag } from '../../../../src/lower/lowered-tag.ts'
import { lowerings } from '../../../../src/lower/saved-model/lowerings.ts'
import { environmentOf, withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryFlatGraph } from '../../../arbitrary/graph.ts'
import { arbitraryOp, opGraph } from '../../../arbitrary/ops.ts'
import { runtimeSeed } from '../agree.ts'
import { absent, expectAgreement } from './agree.ts'
import { runners } from './runners.ts'

const tags = [...(Object.keys(lowerings) as readonly LoweredTag[]), 'Shift'] as const

describe.each(runners)('in $name', ({ options, tolerance, share }) => {
  it.for(tags)('%s means what the evaluator says', async (tag, context) => {
    context.skip(absent !== undefined, absent)
    await fc.assert(
      fc.asyncProperty(arbitraryOp(tag), fc.nat(), fc.integer({ min: 1, max: 3 }), async (drawn, seed, batch) => {
        const graph = opGraph(drawn)
        await expectAgreement(graph, [environmentOf(graph, 'reals', seed, batch)], options, tolerance)
      }),
      { numRuns: Math.ceil(60 * share), seed: runtimeSeed },
    )
  })

  it('generated graphs mean what the evaluator says', async context => {
    context.skip(absent !== undefined, absent)
    await fc.assert(
      fc.asyncProperty(
        withEnvironment(arbitraryFlatGraph(), { kind: 'reals' }),
        fc.nat(),
        async ({ graph, environment }, seed) => {
          const other = environmentOf(graph, 'reals', seed, 2)
          await expectAgreement(graph, [environment, { ...environment, inputs: other.inputs }], options, tolerance)
        },
      ),
      { numRuns: Math.ceil(200 * share), seed: runtimeSeed },
    )
  })
})
