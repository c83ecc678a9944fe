import { shapeOf } from '../../../ir/index.ts'
import { leastLogarithm } from '../../../ir/ops/certainty.ts'
import { concat, reduce, reshape, scalarLike, split } from './arrange.ts'
import { flag, format } from './attributes.ts'
import type { Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

export const softmax: Lowering<'Softmax'> = (emit, logits, { log }) => emit.node(log ? 'LogSoftmax' : 'Softmax', logits)

export const certainty: Lowering<'Certainty'> = (emit, [logits], { measure }, { operands }) => {
  const [classes] = shapeOf(operands[0])
  const p = emit.node('Softmax', [logits])
  if (measure === 'probability') return reduce(emit, 'Max', p, [1], true)
  if (classes === 1) return p
  if (measure === 'margin') {
    const largest = emit.node('TopKV2', [p, emit.constant([], [2], 'int32')], { sorted: flag(true) })
    return emit.node('Sub', split(emit, largest, 1, 2))
  }
  const logs = emit.node('Maximum', [emit.node('LogSoftmax', [logits]), scalarLike(emit, p, leastLogarithm)])
  const sum = reduce(emit, 'Sum', emit.node('Mul', [p, logs]), [1], true)
  const relative = emit.node('Mul', [sum, scalarLike(emit, sum, 1 / Math.log(classes))])
  return emit.node('AddV2', [relative, scalarLike(emit, sum, 1)])
}

export const select: Lowering<'Select'> = (emit, [certain, kept, deeper], { below }, { result }) => {
  const each = reshape(emit, certain, [-1, ...shapeOf(result).map(() => 1)])
  const less = emit.node('Less', [each, scalarLike(emit, each, below)], {}, 'bool')
  return emit.node('SelectV2', [less, deeper, kept], { T: format(kept.format) }, kept.format)
}

/** All variants in one tensor `[variants, numbers]`, so that the number of nodes does not grow with theirs. */
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
