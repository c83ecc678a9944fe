import fc from 'fast-check'
import { describe, it } from 'vitest'
import { optimizations, runPasses, schedules, unroll } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { environmentOf, withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryBranchedGraph } from '../../../arbitrary/graph.ts'
import { runtimeSeed } from '../agree.ts'
import { absent, expectAgreement } from './agree.ts'
import { runners } from './runners.ts'

describe.each(runners)('in $name', ({ options, tolerance, share }) => {
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
            const environments = [inputs, other.inputs].map(given => ({
              inputs: given,
              parameters: program.parameters,
            }))
            await expectAgreement(program.graph, environments, options, tolerance)
          },
        ),
        { numRuns: Math.ceil(50 * share), seed: runtimeSeed },
      )
    },
  )
})
