import fc from 'fast-check'
import { describe, it } from 'vitest'
import { optimizations, runPasses, schedules, unroll } from '../../../../passes/index.ts'
import type { Schedule } from '../../../../passes/pipeline.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { environmentOf, withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryBranchedGraph } from '../../../arbitrary/graph.ts'
import { runtimeSeed } from '../agree.ts'
import type { Case } from '../cases.ts'
import { assertSideBySide } from '../side-by-side.ts'
import { absent, expectAgreement } from './agree.ts'
import { runners } from './runners.ts'

const casesUnder = (schedule: Schedule): fc.Arbitrary<readonly Case[]> =>
  fc
    .tuple(withEnvironment(arbitraryBranchedGraph(), { kind: 'reals' }), fc.nat())
    .map(([{ graph, environment }, seed]) => {
      const { program } = orThrow(
        runPasses([unroll, ...optimizations(schedule)], { graph, parameters: environment.parameters }),
      )
      const inputs = [environment, environmentOf(graph, 'reals', seed, 2)].map(each => each.inputs)
      const environments = inputs.map(given => ({ inputs: given, parameters: program.parameters }))
      return [{ graph: program.graph, environments }]
    })

describe.each(runners)('in $name', ({ options, tolerance, share, batches }) => {
  it.for(schedules)(
    'branched graphs, unrolled, optimized and run %s, mean what the evaluator says',
    async (schedule, context) => {
      context.skip(absent !== undefined, absent)
      const draws = { numRuns: Math.ceil(50 * share), seed: runtimeSeed }
      await assertSideBySide(casesUnder(schedule), draws, ({ graph, environments }) =>
        expectAgreement(graph, environments.slice(0, batches), options, tolerance),
      )
    },
  )
})
