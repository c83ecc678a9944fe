import fc from 'fast-check'
import { builder, mapType, type OpTag, opTags } from '../../../ir/index.ts'
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

/** Gradients of filters of one pixel whose outputs times strides are the input's extents, some by a pad. */
export const stridedPixels: readonly Case[] = (
  [
    [6, 7, [2, 1], 1],
    [6, 16, [2, 2], 0],
    [3, 4, [1, 2], 0],
  ] as const
).map(([h, w, strides, pad]) => {
  const b = builder()
  const [oh, ow] = [h / strides[0], (w + pad) / strides[1]]
  const gradient = b.input('gradient', mapType(oh, ow, 5))
  const y = b.draft.add('Conv2dFilterGradient', [b.input('x', mapType(h, w, 6)), gradient], {
    strides,
    dilations: [1, 1],
    padding: [
      [0, 0],
      [0, pad],
    ],
    groups: 1,
    extents: [1, 1],
  })
  const graph = b.finish({ y })
  return { graph, environments: [environmentOf(graph, 'reals', 1, 3)] }
})
