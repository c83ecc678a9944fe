import type { Pattern } from './composition.ts'
import { numbersIn } from './neighbours.ts'
import { viewAt } from './node.ts'
import { refuse } from './refuse.ts'
import { reshapeView } from './reshape.ts'
import type { Rule } from './translation.ts'

const under =
  (dims: readonly number[]): Rule =>
  (node, t) => {
    const result = reshapeView(viewAt(node, 0), dims, t)
    return typeof result === 'string'
      ? refuse('unsupported-shape', result, 'one example, under another shape')
      : [result]
  }

/** One example laid out as a row, of which a table then takes every number in order: the example under the table's shape, as PyTorch's `as_strided` is exported. */
export const asStrided: Pattern = (gather, at) => {
  const row = at.producer(gather.input[0] ?? '')
  if (gather.op_type !== 'Gather' || at.int(gather, 'axis', 0) !== 0 || row?.op_type !== 'Reshape') return undefined
  const table = at.constant(gather.input[1] ?? '')
  const isRow = numbersIn(at.constant(row.input[1] ?? ''), 1)?.join() === '-1'
  if (!isRow || table === undefined || table.dims.length < 2) return undefined
  const inOrder = numbersIn(table)?.every((place, k) => place === k) === true
  return inOrder ? { last: gather, inputs: [row.input[0]], rule: under(table.dims) } : undefined
}
