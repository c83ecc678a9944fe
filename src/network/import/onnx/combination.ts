import { variantsOf } from '../../../../ir/draft.ts'
import { limits } from '../../../../ir/type.ts'
import type { Reduction } from '../../../../ir/variant.ts'
import { countsOf } from '../../scores/merge.ts'
import { asMap, asVector } from './arrange.ts'
import type { Pattern } from './composition.ts'
import { type Neighbours, numbersIn } from './neighbours.ts'
import { viewAt } from './node.ts'
import { refuse } from './refuse.ts'
import type { NodeProto } from './schema.ts'
import { exampleType, type Rule } from './translation.ts'
import { type Atom, nchw, viewOf } from './view.ts'

/** The scores of `variants` stacked answers, each counted as often as said, or once. */
const combine =
  (variants: number, reduction: Reduction, multiplicity?: readonly number[]): Rule =>
  (node, t) => {
    const view = viewAt(node, 0)
    const [batch, ...axes] = view.axes
    if (batch !== 'n' || (axes.length !== 1 && axes.length !== 3))
      return refuse(
        'unsupported-shape',
        `scores of rank ${view.axes.length}`,
        'rows of class scores, [n, classes], or those of pixels, [n, classes, h, w]',
      )
    const [c, h, w] = axes as readonly (readonly Atom[])[]
    const scores = axes.length === 1 ? asVector(t, view.node, c) : asMap(t, view.node, { c, h, w })
    const { nodes } = t.build.draft
    const stacked = variantsOf(nodes[scores])
    if (stacked !== variants)
      return refuse(
        'unsupported-shape',
        `a stack of ${stacked} taken for one of ${variants}`,
        'as many as were stacked',
      )
    const logits = nodes[scores].tag === 'Stack' ? nodes[scores].operands : [scores]
    const y = t.build.combine(logits, reduction, multiplicity ?? Array.from({ length: variants }, () => 1))
    return [viewOf(y, exampleType(t, y), axes.length === 1 ? ['n', 'c'] : nchw)]
  }

const near = 1e-5

/** What is counted how often, from weights whose sum is 1. */
const multiplicityOf = (weights: readonly number[] | undefined, variants: number): readonly number[] | undefined => {
  if (weights === undefined || weights.length !== variants) return undefined
  if (Math.abs(weights.reduce((a, b) => a + b, 0) - 1) > near) return undefined
  return countsOf(weights, near) ?? undefined
}

/** The reductions that variants `[variants, n, classes]`, or with the pixels of a map after the classes, go into: what is reduced, how, and the last node of it. */
const reducedBy = (
  rows: NodeProto,
  variants: number,
  pixels: number,
  at: Neighbours,
):
  | { readonly last: NodeProto; readonly reduction: Reduction; readonly multiplicity?: readonly number[] }
  | undefined => {
  const overVariants = (node: NodeProto | undefined): NodeProto | undefined => {
    if (node === undefined) return undefined
    const axes = at.ints(node, 'axes') ?? numbersIn(at.constant(node.input[1] ?? ''))
    return axes?.join() === '0' && at.int(node, 'keepdims', 1) === 0 ? node : undefined
  }
  const weightsOf = (node: NodeProto | undefined, x: NodeProto): readonly number[] | undefined => {
    const other = node?.input.find(name => name !== x.output[0])
    const weights = other === undefined ? undefined : at.constant(other)
    return weights?.dims.join() === [variants, 1, 1, ...Array(pixels).fill(1)].join() ? numbersIn(weights) : undefined
  }
  const mean = overVariants(at.reader(rows, 'ReduceMean'))
  if (mean !== undefined) return { last: mean, reduction: 'geo' }
  const weighed = at.reader(rows, 'Mul')
  const sum = overVariants(at.reader(weighed, 'ReduceSum'))
  const weights = multiplicityOf(weightsOf(weighed, rows), variants)
  if (sum !== undefined && weights !== undefined) return { last: sum, reduction: 'geo', multiplicity: weights }
  const logs = at.reader(rows, 'LogSoftmax')
  if (logs === undefined || ![2, -1 - pixels].includes(at.int(logs, 'axis', -1))) return undefined
  const largest = overVariants(at.reader(logs, 'ReduceMax'))
  if (largest !== undefined) return { last: largest, reduction: 'max' }
  const shifted = at.reader(logs, 'Add')
  const total = overVariants(at.reader(shifted, 'ReduceLogSumExp'))
  const shares = multiplicityOf(weightsOf(shifted, logs)?.map(Math.exp), variants)
  return total === undefined || shares === undefined
    ? undefined
    : { last: total, reduction: 'sum', multiplicity: shares }
}

const isCount = (variants: number): boolean => variants >= 1 && variants <= limits.variants

/** Stacked answers `[variants · n, classes]`, or `[variants · n, classes, h, w]`, seen as `[variants, n, …]` and reduced over the variants. */
export const combination: Pattern = (rows, at) => {
  if (rows.op_type !== 'Reshape' || at.int(rows, 'allowzero', 0) !== 0) return undefined
  const [variants, batch, ...extents] = numbersIn(at.constant(rows.input[1] ?? '')) ?? []
  if (batch !== -1 || ![1, 3].includes(extents.length) || !isCount(variants)) return undefined
  const reduced = reducedBy(rows, variants, extents.length - 1, at)
  if (reduced === undefined) return undefined
  const { last, reduction, multiplicity } = reduced
  return { last, inputs: [rows.input[0]], rule: combine(variants, reduction, multiplicity) }
}
