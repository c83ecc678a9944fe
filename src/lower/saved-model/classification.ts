import { shapeOf } from '../../../ir/index.ts'
import { concat, reduce, reshape } from './arrange.ts'
import { flag } from './attributes.ts'
import type { Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

export const softmax: Lowering<'Softmax'> = (emit, logits, { log }) => emit.node(log ? 'LogSoftmax' : 'Softmax', logits)

/** All variants in one tensor `[variants, n·classes]`, so that the number of nodes does not grow with theirs. */
export const combine: Lowering<'Combine'> = (emit, variants, { reduction, multiplicity }, { result }) => {
  const k = multiplicity.length
  const total = multiplicity.reduce((a, m) => a + m, 0)
  const rows = (x: Value): Value => reshape(emit, x, [k, -1])
  const mean = (x: Value): Value => {
    const weights = emit.constant(
      [1, k],
      multiplicity.map(m => m / total),
      x.format,
    )
    return emit.node('MatMul', [weights, x], { transpose_a: flag(false), transpose_b: flag(false) })
  }
  const scores = (stacked: Value): Value => {
    if (reduction === 'geo') return mean(rows(stacked))
    const logs = rows(emit.node('LogSoftmax', [stacked]))
    const largest = reduce(emit, 'Max', logs, [0], true)
    if (reduction === 'max') return largest
    const smaller = emit.node('Exp', [emit.node('Sub', [logs, largest])])
    return emit.node('AddV2', [emit.node('Log', [mean(smaller)]), largest])
  }
  return reshape(emit, scores(concat(emit, variants, 0)), [-1, ...shapeOf(result)])
}
