import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, it } from 'vitest'
import { renderProblems } from '../../../../ir/index.ts'
import { optimizations, runPasses, schedules, unroll } from '../../../../passes/index.ts'
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
            const result = runPasses([unroll, ...optimizations(schedule)], { graph, parameters })
            if (E.isLeft(result)) throw new Error(renderProblems(result.left))
            const { program } = result.right
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
