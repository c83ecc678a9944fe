import { either as E } from 'fp-ts'
import { expect, it } from 'vitest'
import { builder, mapType, renderProblem } from '../../../ir/index.ts'
import { checkMemory, keptBytes } from '../../../src/train/memory.ts'

const graph = (() => {
  const b = builder()
  const x = b.conv2d(b.input('image', mapType(8, 8, 3)), b.parameter('w', [3, 3, 3, 5]), { padding: 1 })
  return b.finish({ logits: b.globalPool(b.conv2d(x, b.parameter('v', [3, 3, 5, 2]), { strides: 2, padding: 1 })) })
})()

it('a batch whose feature maps are more than the memory is refused, with one that is not', () => {
  expect(keptBytes(graph)).toBe(4 * (8 * 8 * 5 + 4 * 4 * 2))
  expect(checkMemory(graph, 10, 14_080)).toEqual(E.right(10))
  const refused = checkMemory(graph, 1_000_000, 14_080)
  expect(E.isLeft(refused) && renderProblem(refused.left)).toBe(
    '--batch: saw 1000000 images at a time, 1.41GB of feature maps; expected at most the 14.1kB of this machine.\n  Try: 2',
  )
  expect(E.isLeft(checkMemory(graph, 11, 14_080))).toBe(true)
})
