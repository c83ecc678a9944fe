import type { Pair } from '../../../ir/index.ts'
import { cropOf, cropsAll, isZero, padOf } from '../window/pads.ts'
import type { Writer, WrittenNode } from './writer.ts'

/** Rows, columns and perhaps channels in ONNX's order, after the batch. */
const axes = [2, 3, 1]

/** A map `[n, c, h, w]` with its negative pads for rows, columns and perhaps channels applied, positive ones left. */
export const crop = (
  w: Writer,
  x: string,
  extents: readonly number[],
  pads: readonly Pair[],
  name?: string,
): string => {
  const cuts = pads.flatMap((sides, k) => {
    const [before, after] = cropOf(sides)
    return before + after > 0 ? [{ axis: axes[k], start: before, end: extents[k] - after }] : []
  })
  if (cuts.length === 0) return x
  const [starts, ends, cut] = [cuts.map(c => c.start), cuts.map(c => c.end), cuts.map(c => c.axis)]
  return w.add('Slice', [x, w.ints(starts), w.ints(ends), w.ints(cut)], {}, name)
}

const padWith = (w: Writer, x: string, pads: readonly Pair[], value: number, name?: string): string => {
  const [[top, bottom], [left, right], [first, last] = [0, 0]] = pads
  const all = w.ints([0, first, top, left, 0, last, bottom, right])
  return w.add('Pad', value === 0 ? [x, all] : [x, all, w.scalar(value)], {}, name)
}

/** A map `[n, c, h, w]` of the IR's extents under pads for rows, columns and perhaps channels; negative ones crop. */
export const padded = (
  w: Writer,
  x: string,
  extents: readonly number[],
  pads: readonly Pair[],
  value = 0,
  name?: string,
): string => {
  if (isZero(pads)) return x
  if (pads.every(sides => isZero([padOf(sides)]))) return crop(w, x, extents, pads, name)
  if (!cropsAll(extents, pads)) return padWith(w, x, pads, value, name)
  const grown = pads.map(padOf)
  const bordered = padWith(w, x, grown, value)
  const larger = extents.map((n, k) => n + (grown[k]?.[0] ?? 0) + (grown[k]?.[1] ?? 0))
  return crop(w, bordered, larger, pads, name)
}

/** Pads as ONNX's windows take them: all that come before, then all that come after. */
export const windowPads = ([[top, bottom], [left, right]]: readonly Pair[]): readonly number[] => [
  top,
  left,
  bottom,
  right,
]

const pools: readonly string[] = ['MaxPool', 'AveragePool']

/**
 * Zeros around a pool's input as −0. onnxruntime moves a `Pad` whose value has no bit set into the op after it, which is
 * right for convolutions only: a pool's own pads never win, and may not be as wide as its window.
 */
export const keepPadsApart = (w: Writer): readonly WrittenNode[] => {
  const pooled = new Set(w.nodes.filter(node => pools.includes(node.op)).map(node => node.inputs[0]))
  const apart = ({ op, inputs, outputs }: WrittenNode): boolean =>
    op === 'Pad' && inputs.length === 2 && pooled.has(outputs[0])
  return w.nodes.map(node => (apart(node) ? { ...node, inputs: [...node.inputs, w.scalar(-0)] } : node))
}
