import { problem } from '../../../../ir/error.ts'
import { atScores } from '../argmax.ts'
import type { ImportProblem } from '../error.ts'

const quantized = 'export the network before quantization, or as float16'
const recurrent = 'only feed-forward convolutional networks are supported'
const control = 'export the network with constant folding, for images of one size'

const hints: readonly (readonly [of: RegExp, hint: string])[] = [
  [/^(LSTM|GRU|RNN)$/, recurrent],
  [/^(If|Loop|Scan|Sequence.*|Optional.*)$/, control],
  [/^(QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|QLinear.*|.*Integer)$/, quantized],
  [/^com\.microsoft\./, 'take the file as it was before onnxruntime optimized it'],
  [/\./, 'export the network with standard ops in the place of this one'],
  [/^(NonMaxSuppression|RoiAlign|TopK)$/, 'detectors are not supported: cut the network at its class scores'],
  [/^(ArgMax|ArgMin)$/, atScores],
  [/^(Random.*|Multinomial|Bernoulli)$/, 'export the network in evaluation mode'],
]

/** Ops that nothing here translates: each is one problem, however often it is met. */
export interface MissingOps {
  readonly add: (op: string, node: string) => void
  readonly problems: (file: string) => readonly ImportProblem[]
}

export const missingOps = (): MissingOps => {
  const found = new Map<string, { readonly node: string; count: number }>()
  return {
    add: (op, node) => {
      const known = found.get(op)
      if (known === undefined) found.set(op, { node, count: 1 })
      else known.count++
    },
    problems: file =>
      [...found].map(([op, { node, count }]) =>
        problem(
          'unsupported-op',
          `${file}, node ${node}`,
          `op ${op}${count === 1 ? '' : `, in ${count} nodes`}`,
          'ops that have a translation',
          hints.find(([of]) => of.test(op))?.[1] ?? 'express it by other ops where the network is exported',
        ),
      ),
  }
}
