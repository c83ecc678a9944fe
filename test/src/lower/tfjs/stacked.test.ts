import fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'
import { optimizations, runPasses, schedules, unroll } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import type { Backend } from '../../../../src/runtime/backend.ts'
import { withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryBranchedGraph } from '../../../arbitrary/graph.ts'
import { runtimeSeed } from '../agree.ts'
import { backends, expectAgreement, start } from './agree.ts'

describe.each(backends)('on $name', ({ name, absent }) => {
  let backend: Backend
  beforeAll(async () => {
    if (absent === undefined) backend = await start(name)
  })

  it.for(schedules)(
    'branched graphs, unrolled, optimized and run %s, mean what the evaluator says',
    (schedule, context) => {
      context.skip(absent !== undefined, absent)
      fc.assert(
        fc.property(
          withEnvironment(arbitraryBranchedGraph(), { kind: 'reals' }),
          ({ graph, environment: { inputs, parameters } }) => {
            const { program } = orThrow(runPasses([unroll, ...optimizations(schedule)], { graph, parameters }))
            expectAgreement(backend, program.graph, { inputs, parameters: program.parameters })
          },
        ),
        { numRuns: 50, ...(name === 'node-gpu' ? { seed: runtimeSeed } : {}) },
      )
    },
  )
})
