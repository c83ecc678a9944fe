import { shapeOf, type Type } from '../../../ir/index.ts'
import { offsetsOf, windowOf } from '../../../ir/ops/attention.ts'
import { inWindows } from '../window/attention.ts'
import { concat, gather, reshape, scalarLike, transpose } from './arrange.ts'
import { flag } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

const product = (emit: Emitter, a: Value, b: Value, turned: boolean): Value =>
  emit.node('BatchMatMulV2', [a, b], { adj_x: flag(false), adj_y: flag(turned) })

/** By heads: `[n, heads, pixels, channels]`. */
export const attention: Lowering<'Attention'> = (emit, values, { heads, scale }, { operands, result }) => {
  const rows = (x: Value, type: Type): Value => {
    const [h, w, c] = shapeOf(type)
    return transpose(emit, reshape(emit, x, [-1, h * w, heads, c / heads]), [0, 2, 1, 3])
  }
  const all = values.map((value, k) => rows(value, operands[k]))
  const along = (first: 1 | 2): Value =>
    concat(
      emit,
      all.filter((_, k) => k > 0 && k % 2 === first % 2),
      2,
    )
  const scores = product(emit, all[0], along(1), true)
  const weights = emit.node('Softmax', [emit.node('Mul', [scores, scalarLike(emit, scores, scale)])])
  const found = transpose(emit, product(emit, weights, along(2), false), [0, 2, 1, 3])
  return reshape(emit, found, [-1, ...shapeOf(result)])
}

/** By windows and heads: `[n · windows, heads, pixels, channels]`. */
export const windowAttention: Lowering<'WindowAttention'> = (emit, values, attributes, { operands, result }) => {
  const [[h, w, c], [rows, columns, heads]] = [shapeOf(result), shapeOf(operands[3])]
  const { scale, partition } = attributes
  const [r, s] = windowOf([rows, columns])
  const { apart, order, moved, inverse } = inWindows([h, w], [r, s], partition)
  const byHead = (x: Value, type: Type): Value => {
    const [, , channels] = shapeOf(type)
    const windows = transpose(emit, reshape(emit, x, [-1, ...apart, channels]), order)
    return transpose(emit, reshape(emit, windows, [-1, r * s, heads, channels / heads]), [0, 2, 1, 3])
  }
  const [queries, keys, given] = values.slice(0, 3).map((value, k) => byHead(value, operands[k]))
  const table = transpose(emit, reshape(emit, values[3], [-1, heads]), [1, 0])
  const added = reshape(emit, gather(emit, table, offsetsOf([r, s]), 1), [heads, r * s, r * s])
  const products = product(emit, queries, keys, true)
  const scores = emit.node('AddV2', [emit.node('Mul', [products, scalarLike(emit, products, scale)]), added])
  const found = transpose(emit, product(emit, emit.node('Softmax', [scores]), given, false), [0, 2, 1, 3])
  const windows = reshape(emit, found, [-1, ...moved, c])
  return reshape(emit, transpose(emit, windows, inverse), [-1, h, w, c])
}
