import type { Pair } from '../../../ir/index.ts'
import type { Writer, WrittenNode } from './writer.ts'

/** Pads as ONNX's windows take them: all that come before, then all that come after. */
export const windowPads = ([[top, bottom], [left, right]]: readonly Pair[]): readonly number[] => [
  top,
  left,
  bottom,
  right,
]

const pools: readonly string[] = ['MaxPool', 'AveragePool']

/**
 * A graph's nodes, with zeros around a pool's input as −0. onnxruntime moves a `Pad` whose value has no bit set into the
 * op after it, which is right for convolutions only: a pool's own pads never win, and may not be as wide as its window.
 */
export const finished = (w: Writer): readonly WrittenNode[] => {
  const pooled = new Set(w.nodes.filter(node => pools.includes(node.op)).map(node => node.inputs[0]))
  const apart = ({ op, inputs, outputs }: WrittenNode): boolean =>
    op === 'Pad' && inputs.length === 2 && pooled.has(outputs[0])
  return w.nodes.map(node => (apart(node) ? { ...node, inputs: [...node.inputs, w.scalar(-0)] } : node))
}
