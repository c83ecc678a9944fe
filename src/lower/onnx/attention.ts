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
