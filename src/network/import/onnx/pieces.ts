import type { NodeId } from '../../../../ir/graph.ts'
import type { Pair } from '../../../../ir/op.ts'
import type { Padding } from '../../../../ir/ops/window.ts'
import { exampleType, type Translation } from './translation.ts'
import { extentAlong } from './view.ts'

/** Pieces of a map, cut out by crops and put together by pads: a flip passes both, in that a piece and its mirror image change places. */

const alongOnly = (of: 'h' | 'w', edges: Pair): Padding => (of === 'h' ? [edges, [0, 0]] : [[0, 0], edges])

/** `size` rows, or columns, from `begin` on. */
export const piece = (
  t: Translation,
  node: NodeId,
  of: 'h' | 'w',
  begin: number,
  size: number,
  name?: string,
): NodeId => {
  const extent = extentAlong(exampleType(t, node), of)
  return size === extent ? node : t.build.crop(node, alongOnly(of, [begin, extent - begin - size]), name)
}

/** Maps one after another along rows, or columns: each among zeros, and the sum. */
export const together = (t: Translation, pieces: readonly NodeId[], of: 'h' | 'w', name?: string): NodeId => {
  if (pieces.length === 1) return pieces[0]
  const extents = pieces.map(node => extentAlong(exampleType(t, node), of))
  const extent = extents.reduce((a, b) => a + b)
  let begin = 0
  const placed = pieces.map((node, k) => {
    const edges: Pair = [begin, extent - begin - extents[k]]
    begin += extents[k]
    return t.build.pad(node, alongOnly(of, edges))
  })
  return placed.reduce((a, b, k) => t.build.binary('add', a, b, k === placed.length - 1 ? name : undefined))
}
