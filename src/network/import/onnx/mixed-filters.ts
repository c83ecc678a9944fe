import { sizeOf } from '../../../../ir/tensor.ts'
import { broadcast } from './broadcast.ts'
import type { Pattern } from './composition.ts'
import { type Constant, constant } from './constant.ts'
import { numbersIn } from './neighbours.ts'
import { readNode, viewAt } from './node.ts'
import { reduceView } from './ops/reductions.ts'
import { windows } from './ops/window.ts'
import { refuse } from './refuse.ts'
import { reshapeView } from './reshape.ts'
import type { NodeProto } from './schema.ts'
import { arranged, type Rule, type Translation } from './translation.ts'
import { type Atom, extentOf, type View } from './view.ts'

const cut = (t: Translation, view: View, dims: readonly (number | 'n')[]): View => {
  const result = reshapeView(view, dims, t)
  return typeof result === 'string'
    ? refuse('unsupported-shape', `mixed filters: ${result}`, 'one row of shares')
    : result
}

/** Filters `[experts, out · in/groups · rows · columns]` as those of one convolution, whose channels are groups of experts of outputs. */
const sideBySide = (filters: Constant, [out, ...rest]: readonly number[], groups: number): Constant => {
  const [experts] = filters.dims
  const shape = [experts, groups, out / groups, sizeOf(rest)]
  const { data } = arranged(filters, shape, [1, 0, 2, 3])
  return constant(`${filters.name}.mixed`, [experts * out, ...rest], data as Float32Array, 'float')
}

/** A convolution by a mix of filters in the shares that the image gives: the mix of what each of them makes. */
const mixed =
  (conv: NodeProto, filters: Constant, dims: readonly number[], groups: number): Rule =>
  (node, t) => {
    const [experts] = filters.dims
    const [out] = dims
    const whole = readNode(conv, [viewAt(node, 0), sideBySide(filters, dims, groups), undefined])
    const [each] = windows.Conv(whole, t) as readonly [View]
    const pixels = each.axes.slice(2).map(axis => extentOf(axis as readonly Atom[]))
    const shares = cut(t, viewAt(node, 1), ['n', 1, experts, 1, 1, 1])
    const apart = cut(t, each, ['n', groups, experts, out / groups, ...pixels])
    const mean = reduceView(t, node, broadcast(t, 'multiply', [apart, shares], node.name), [2], 'mean', false)
    const sum = t.build.unary('affine', mean.node, { alpha: experts }, node.name)
    return [cut(t, { kind: 'view', node: sum, axes: mean.axes }, ['n', out, ...pixels])]
  }

/** A convolution whose filter is a row of computed shares times a constant matrix, as networks of one image at a time are exported. */
export const mixedFilters: Pattern = (conv, at) => {
  if (conv.op_type !== 'Conv' || conv.input.length !== 2) return undefined
  const shaped = at.producer(conv.input[1])
  const product = at.producer(shaped?.input[0] ?? '')
  const dims = numbersIn(at.constant(shaped?.input[1] ?? ''), 4)
  if (shaped?.op_type !== 'Reshape' || product?.op_type !== 'MatMul' || dims?.length !== 4) return undefined
  const filters = at.constant(product.input[1])
  const groups = at.int(conv, 'group', 1)
  if (filters?.dims.length !== 2 || at.constant(product.input[0]) !== undefined) return undefined
  if (filters.dims[1] !== sizeOf(dims) || dims[0] % groups !== 0) return undefined
  return { last: conv, inputs: [conv.input[0], product.input[0]], rule: mixed(conv, filters, dims, groups) }
}
