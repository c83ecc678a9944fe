import fc from 'fast-check'
import { type OpTag, opTags } from '../../../ir/index.ts'
import { environmentOf } from '../../arbitrary/environment.ts'
import { arbitraryOp, opGraph } from '../../arbitrary/ops.ts'
import type { Case } from './cases.ts'

const from = opTags.indexOf('ReduceTo')

/** The ops that only training needs: what targets for inference alone refuse. */
export const trainingTags: readonly OpTag[] = opTags.slice(from)

/** The op alone, on a batch of one to three. */
export const trainingCase = (tag: OpTag): fc.Arbitrary<Case> =>
  fc
    .record({ op: arbitraryOp(tag), n: fc.integer({ min: 1, max: 3 }), seed: fc.nat({ max: 1000 }) })
    .map(({ op, n, seed }) => {
      const graph = opGraph(op)
      return { graph, environments: [n, n + 1].map(batch => environmentOf(graph, 'reals', seed, batch)) }
    })
