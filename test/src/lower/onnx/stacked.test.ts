import fc from 'fast-check'
import { describe, it } from 'vitest'
import { optimizations, runPasses, schedules, unroll } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { environmentOf, withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryBranchedGraph } from '../../../arbitrary/graph.ts'
import { runtimeSeed } from '../agree.ts'
import { absent, expectAgreement } from './agree.ts'

describe('in onnxruntime', () => {
  it.for(schedules)(
    'branched graphs, unrolled, optimized and run %s, mean what the evaluator says',
    async (schedule, context) => {
      context.skip(absent !== undefined, absent)
      await fc.assert(
        fc.asyncProperty(
          withEnvironment(arbitraryBranchedGraph(), { kind: 'reals' }),
          fc.nat(),
          async ({ graph, environment: { inputs, parameters } }, seed) => {
            const { program } = orThrow(runPasses([unroll, ...optimizations(schedule)], { graph, parameters }))
            const other = environmentOf(graph, 'reals', seed, 2)
            await expectAgreement(program.graph, [
              { inputs, parameters: program.parameters },
              { inputs: other.inputs, parameters: program.parameters },
            ])
          },
        ),
        { numRuns: 50, seed: runtimeSeed },
      )
    },
  )
})
