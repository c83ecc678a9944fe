import { shapeOf } from '../../../ir/index.ts'
import { leastLogarithm } from '../../../ir/ops/certainty.ts'
import type { Lowering } from './lowering.ts'

export const softmax: Lowering<'Softmax'> = (w, { attributes: { log }, operands: [logits], name }) =>
  w.add(log ? 'LogSoftmax' : 'Softmax', [logits.value()], { axis: 1 }, name)

export const certainty: Lowering<'Certainty'> = (w, { attributes: { measure }, operands: [logits], name }) => {
  const x = logits.value()
  const [classes] = shapeOf(logits.type)
  const p = w.add('Softmax', [x], { axis: 1 })
  if (measure === 'probability') return w.add('ReduceMax', [p, w.ints([1])], { keepdims: 1 }, name)
  if (classes === 1) return p
  if (measure === 'margin') {
    const [largest] = w.addMany('TopK', [p, w.ints([2])], { axis: 1 }, 2)
    const [first, second] = w.addMany('Split', [largest, w.ints([1, 1])], { axis: 1 }, 2)
    return w.add('Sub', [first, second], {}, name)
  }
  const logs = w.add('Max', [w.add('LogSoftmax', [x], { axis: 1 }), w.scalar(leastLogarithm)])
  const sum = w.add('ReduceSum', [w.add('Mul', [p, logs]), w.ints([1])], { keepdims: 1 })
  return w.add('Add', [w.add('Mul', [sum, w.scalar(1 / Math.log(classes))]), w.scalar(1)], {}, name)
}

export const select: Lowering<'Select'> = (w, { attributes: { below }, operands, result, name }) => {
  const [certain, kept, deeper] = operands.map(operand => operand.value())
  const less = w.add('Less', [certain, w.scalar(below)])
  const each = result.kind === 'Map' ? w.add('Reshape', [less, w.ints([-1, 1, 1, 1])]) : less
  return w.add('Where', [each, deeper, kept], {}, name)
}

/** All variants in one tensor `[variants, n, classes]` or `[variants, n, c, h, w]`, so that the number of nodes does not grow with theirs. */
export const combine: Lowering<'Combine'> = (
  w,
  { attributes: { reduction, multiplicity }, operands, result, name },
) => {
  const extents = result.kind === 'Map' ? [result.c, result.h, result.w] : shapeOf(result)
  const k = multiplicity.length
  const total = multiplicity.reduce((a, m) => a + m, 0)
  const values = operands.map(operand => operand.value())
  const stacked = values.length === 1 ? values[0] : w.add('Concat', values, { axis: 0 })
  const rows = w.add('Reshape', [stacked, w.ints([k, -1, ...extents])])
  const perVariant = (weight: (m: number) => number): string =>
    w.floats([k, 1, ...extents.map(() => 1)], multiplicity.map(weight))
  const overVariants = (op: string, value: string): string => w.add(op, [value, w.ints([0])], { keepdims: 0 }, name)
  switch (reduction) {
    case 'max':
      return overVariants('ReduceMax', w.add('LogSoftmax', [rows], { axis: 2 }))
    case 'sum': {
      const logs = w.add('LogSoftmax', [rows], { axis: 2 })
      const weighed = w.add('Add', [logs, perVariant(m => Math.log(m / total))])
      return overVariants('ReduceLogSumExp', weighed)
    }
    case 'geo': {
      if (multiplicity.every(m => m === multiplicity[0])) return overVariants('ReduceMean', rows)
      const weighed = w.add('Mul', [rows, perVariant(m => m / total)])
      return overVariants('ReduceSum', weighed)
    }
  }
}
