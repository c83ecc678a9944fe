import type { Builder } from '../../../ir/build.ts'
import type { NodeId } from '../../../ir/graph.ts'
import type { Pair } from '../../../ir/op.ts'
import type { Padding } from '../../../ir/ops/window.ts'
import { shapeOf } from '../../../ir/type.ts'

/** What stands beyond the edges: the pixels mirrored at the outermost one, mirrored with it, the outermost one again, or those at the other edge. */
type Border = 'reflect' | 'symmetric' | 'edge' | 'wrap'

/** Lines that a border may have on each side: each is copied by itself. */
export const borderAtMost = 16

/** How far from the edge of so many lines the one is that stands `k` lines beyond it. */
const mirrored: { readonly [B in Border]: (k: number, extent: number) => number } = {
  reflect: k => k,
  symmetric: k => k - 1,
  edge: () => 0,
  wrap: (k, extent) => extent - k,
}

/** Whether a map has all the lines that its border repeats. */
export const hasBorder = ([h, w]: readonly number[], padding: Padding, border: Border): boolean =>
  padding.every((sides, axis) =>
    sides.every(pad => {
      const from = mirrored[border](pad, [h, w][axis])
      return pad === 0 || (pad > 0 && pad <= borderAtMost && from >= 0 && from < [h, w][axis])
    }),
  )

const alongAxis = (axis: 0 | 1, pads: Pair): Padding => (axis === 0 ? [pads, [0, 0]] : [[0, 0], pads])

const withLines = (build: Builder, x: NodeId, axis: 0 | 1, [before, after]: Pair, border: Border): NodeId => {
  if (before === 0 && after === 0) return x
  const extent = shapeOf(build.typeOf(x))[axis]
  const total = before + extent + after
  /** Line `from` alone, at `to` among zeros. */
  const line = (from: number, to: number): NodeId =>
    build.pad(build.crop(x, alongAxis(axis, [from, extent - 1 - from])), alongAxis(axis, [to, total - 1 - to]))
  const first = Array.from({ length: before }, (_, k) => line(mirrored[border](k + 1, extent), before - 1 - k))
  const last = Array.from({ length: after }, (_, k) =>
    line(extent - 1 - mirrored[border](k + 1, extent), before + extent + k),
  )
  return [...first, ...last].reduce((sum, each) => build.add(sum, each), build.pad(x, alongAxis(axis, [before, after])))
}

/** A map with a border of its own pixels, by zeros around it and copies of its lines, which flips pass. */
export const bordered = (build: Builder, x: NodeId, [rows, columns]: Padding, border: Border): NodeId =>
  withLines(build, withLines(build, x, 0, rows, border), 1, columns, border)
