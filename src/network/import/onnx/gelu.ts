import type { Composition } from './composition.ts'
import type { Neighbours } from './neighbours.ts'
import { unary } from './ops/pointwise.ts'
import type { NodeProto } from './schema.ts'

const near = (value: number | undefined, wanted: number): boolean =>
  value !== undefined && Math.abs(value - wanted) < 1e-3

/**
 * `x · ½ · (1 + erf(x/√2))`, as networks are exported before opset 20, is one function: the halves may stand before,
 * inside or after.
 */
export const gelu = (erf: NodeProto, at: Neighbours): Composition | undefined => {
  if (erf.op_type !== 'Erf') return undefined
  /** The other operand of `node` where one operand is about `wanted`. */
  const besides = (node: NodeProto | undefined, op: string, wanted: number): string | null => {
    if (node?.op_type !== op || node.input.length !== 2) return null
    const [a, b] = node.input
    if (near(at.scalar(b), wanted)) return a
    return op !== 'Div' && near(at.scalar(a), wanted) ? b : null
  }
  const other = (node: NodeProto, name: string): string => node.input[node.input[0] === name ? 1 : 0]
  const before = at.producer(erf.input[0])
  const x = besides(before, 'Div', Math.SQRT2) ?? besides(before, 'Mul', Math.SQRT1_2)
  const sum = at.reader(erf, 'Add')
  if (x === null || sum === undefined || besides(sum, 'Add', 1) === null) return undefined
  const product = at.reader(sum, 'Mul')
  if (product === undefined) return undefined
  const factor = other(product, sum.output[0])
  const next = at.reader(product, 'Mul')
  const last =
    besides(at.producer(factor), 'Mul', 0.5) === x
      ? product
      : next !== undefined && factor === x && besides(next, 'Mul', 0.5) === product.output[0]
        ? next
        : next !== undefined && near(at.scalar(factor), 0.5) && other(next, product.output[0]) === x
          ? next
          : undefined
  return last === undefined ? undefined : { last, inputs: [x], rule: unary('gelu'), ofEach: true }
}
