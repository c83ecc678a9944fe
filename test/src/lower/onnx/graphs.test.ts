import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { LoweredTag } from '../../../../src/lower/onnx/lowering.ts'
import { lowerings } from '../../../../src/lower/onnx/lowerings.ts'
import { environmentOf, withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryFlatGraph } from '../../../arbitrary/graph.ts'
import { arbitraryOp, opGraph } from '../../../arbitrary/ops.ts'
import { absent, expectAgreement } from './agree.ts'

const tags = Object.keys(lowerings) as readonly LoweredTag[]
const layouts = fc.constantFrom('nhwc' as const, 'nchw' as const)

describe('in onnxruntime', () => {
  it.for(tags)('%s means what the evaluator says', async (tag, context) => {
    context.skip(absent !== undefined, absent)
    await fc.assert(
      fc.asyncProperty(
        arbitraryOp(tag),
        fc.nat(),
        fc.integer({ min: 1, max: 3 }),
        layouts,
        async (drawn, seed, batch, layout) => {
          const graph = opGraph(drawn)
          await expectAgreement(graph, [environmentOf(graph, 'reals', seed, batch)], layout)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('generated graphs mean what the evaluator says', async context => {
    context.skip(absent !== undefined, absent)
    await fc.assert(
      fc.asyncProperty(
        withEnvironment(arbitraryFlatGraph(), { kind: 'reals' }),
        fc.nat(),
        layouts,
        async ({ graph, environment }, seed, layout) => {
          const other = environmentOf(graph, 'reals', seed, 2)
          await expectAgreement(graph, [environment, { ...environment, inputs: other.inputs }], layout)
        },
      ),
      { numRuns: 200 },
    )
  })
})
