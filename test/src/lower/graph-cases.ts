import fc from 'fast-check'
import type { OpTag } from '../../../ir/index.ts'
import { environmentOf, withEnvironment } from '../../arbitrary/environment.ts'
import { arbitraryFlatGraph } from '../../arbitrary/graph.ts'
import { arbitraryOp, opGraph } from '../../arbitrary/ops.ts'
import type { Case } from './cases.ts'

/** An op alone, on a batch of one to three. */
export const casesOf = (tag: OpTag): fc.Arbitrary<readonly Case[]> =>
  fc.tuple(arbitraryOp(tag), fc.nat(), fc.integer({ min: 1, max: 3 })).map(([drawn, seed, batch]) => {
    const graph = opGraph(drawn)
    return [{ graph, environments: [environmentOf(graph, 'reals', seed, batch)] }]
  })

/** Generated graphs, each on batches of two sizes. */
export const graphCases: fc.Arbitrary<readonly Case[]> = fc
  .tuple(withEnvironment(arbitraryFlatGraph(), { kind: 'reals' }), fc.nat())
  .map(([{ graph, environment }, seed]) => {
    const { inputs } = environmentOf(graph, 'reals', seed, 2)
    return [{ graph, environments: [environment, { ...environment, inputs }] }]
  })
