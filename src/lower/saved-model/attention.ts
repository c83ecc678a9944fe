import { shapeOf, type Type } from '../../../ir/index.ts'
import { concat, reshape, scalarLike, transpose } from './arrange.ts'
import { flag } from './attributes.ts'
import type { Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

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
  const product = (a: Value, b: Value, turned: boolean): Value =>
    emit.node('BatchMatMulV2', [a, b], { adj_x: flag(false), adj_y: flag(turned) })
  const scores = product(all[0], along(1), true)
  const weights = emit.node('Softmax', [emit.node('Mul', [scores, scalarLike(emit, scores, scale)])])
  const found = transpose(emit, product(weights, along(2), false), [0, 2, 1, 3])
  return reshape(emit, found, [-1, ...shapeOf(result)])
}
