import fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'
import type { LoweredTag } from '../../../../src/lower/lowered-tag.ts'
import { lowerings } from '../../../../src/lower/tfjs/lowerings.ts'
import type { Backend } from '../../../../src/runtime/backend.ts'
import { environmentOf, withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryFlatGraph } from '../../../arbitrary/graph.ts'
import { arbitraryOp, opGraph } from '../../../arbitrary/ops.ts'
import { runtimeSeed } from '../agree.ts'
import { backends, expectAgreement, start } from './agree.ts'

const tags = [...(Object.keys(lowerings) as readonly LoweredTag[]), 'Shift'] as const

describe.each(backends)('on $name', ({ name, absent }) => {
  // TensorFlow's own kernels have ended the process on a graph in thousands.
  const drawn = name === 'node-gpu' ? { seed: runtimeSeed } : {}
  let backend: Backend
  beforeAll(async () => {
    if (absent === undefined) backend = await start(name)
  })

  it.for(tags)('%s means what the evaluator says', (tag, context) => {
    context.skip(absent !== undefined, absent)
    fc.assert(
      fc.property(arbitraryOp(tag), fc.nat(), fc.integer({ min: 1, max: 3 }), (op, seed, batch) => {
        const graph = opGraph(op)
        expectAgreement(backend, graph, environmentOf(graph, 'reals', seed, batch))
      }),
      { numRuns: 60, ...drawn },
    )
  })

  it('generated graphs mean what the evaluator says', context => {
    context.skip(absent !== undefined, absent)
    fc.assert(
      fc.property(
        withEnvironment(arbitraryFlatGraph(), { kind: 'reals' }),
        fc.nat(),
        ({ graph, environment }, seed) => {
          const other = environmentOf(graph, 'reals', seed, 2)
          expectAgreement(backend, graph, environment, { ...environment, inputs: other.inputs })
        },
      ),
      { numRuns: 200, ...drawn },
    )
  })
})
