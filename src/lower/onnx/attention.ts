import { shapeOf } from '../../../ir/index.ts'
import { offsetsOf, windowOf } from '../../../ir/ops/attention.ts'
import { inWindows } from '../window/attention.ts'
import { type Lowering, mapOf } from './lowering.ts'
import type { Operand } from './operands.ts'

/** By heads: `[n, heads, pixels, channels]`, keys `[n, heads, channels, pixels]`. */
export const attention: Lowering<'Attention'> = (w, { attributes: { heads, scale }, operands, result, name }) => {
  const columns = ({ value, type }: Operand): string => {
    const { h, w: width, c } = mapOf(type)
    return w.add('Reshape', [value(), w.ints([-1, heads, c / heads, h * width])])
  }
  const turned = (x: string, as?: string): string => w.add('Transpose', [x], { perm: [0, 1, 3, 2] }, as)
  const [queries, ...memory] = operands
  const along = (first: 0 | 1): string => {
    const all = memory.filter((_, k) => k % 2 === first).map(columns)
    return all.length === 1 ? all[0] : w.add('Concat', all, { axis: 3 })
  }
  const scores = w.add('Mul', [w.add('MatMul', [turned(columns(queries)), along(0)]), w.scalar(scale)])
  const found = w.add('MatMul', [w.add('Softmax', [scores], { axis: 3 }), turned(along(1))])
  const { h, w: width, c } = mapOf(result)
  return w.add('Reshape', [turned(found), w.ints([-1, c, h, width])], {}, name)
}

/** By windows and heads: `[n · windows, heads, pixels, channels]`, keys `[n · windows, heads, channels, pixels]`. */
export const windowAttention: Lowering<'WindowAttention'> = (w, { attributes, operands, result, name }) => {
  const { scale, partition } = attributes
  const [queries, keys, values, bias] = operands
  const [rows, columns, heads] = shapeOf(bias.type)
  const [r, s] = windowOf([rows, columns])
  const { h, w: width, c } = mapOf(result)
  const { apart, order } = inWindows([h, width], [r, s], partition)
  // Rows and columns stand two axes further on, behind heads and channels.
  const [y, x, i, j] = order.slice(1, -1).map(axis => axis + 2)
  const byHead = ({ value, type }: Operand, turned: boolean): string => {
    const each = mapOf(type).c / heads
    const windows = w.add('Reshape', [value(), w.ints([-1, heads, each, ...apart])])
    const moved = w.add('Transpose', [windows], { perm: [0, y, x, 1, ...(turned ? [2, i, j] : [i, j, 2])] })
    return w.add('Reshape', [moved, w.ints([-1, heads, ...(turned ? [each, r * s] : [r * s, each])])])
  }
  const table = bias.arranged([rows * columns, heads], [1, 0])
  const gathered = w.add('Gather', [table, w.ints(offsetsOf([r, s]))], { axis: 1 })
  const added = w.add('Reshape', [gathered, w.ints([heads, r * s, r * s])])
  const products = w.add('MatMul', [byHead(queries, false), byHead(keys, true)])
  const scores = w.add('Add', [w.add('Mul', [products, w.scalar(scale)]), added])
  const found = w.add('MatMul', [w.add('Softmax', [scores], { axis: 3 }), byHead(values, false)])
  const windows = w.add('Reshape', [found, w.ints([-1, h / r, width / s, heads, r, s, c / heads])])
  const perm = partition === 'blocks' ? [0, 3, 6, 1, 4, 2, 5] : [0, 3, 6, 4, 1, 5, 2]
  return w.add('Reshape', [w.add('Transpose', [windows], { perm }), w.ints([-1, c, h, width])], {}, name)
}
