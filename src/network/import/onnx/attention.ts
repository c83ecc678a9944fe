import { asMap } from './arrange.ts'
import type { Pattern } from './composition.ts'
import type { Neighbours } from './neighbours.ts'
import { viewAt } from './node.ts'
import { refuse } from './refuse.ts'
import { exampleType, type Rule, type Translation } from './translation.ts'
import { type Atom, type Axis, dimsOf, extentOf, printDims, type View, whole } from './view.ts'

/** The axes of an operand of a product of matrices: the batch, the heads, and the two of each matrix. */
interface Matrices {
  readonly heads: readonly Atom[]
  readonly rows: readonly Atom[]
  readonly columns: readonly Atom[]
}

const matricesOf = (view: View): Matrices => {
  const [n, ...rest] = view.axes
  const inner = rest.flatMap(axis => (axis === 'n' ? [] : [axis]))
  if (n !== 'n' || inner.length !== rest.length || rest.length < 2)
    return refuse('unsupported-shape', `a product of ${printDims(dimsOf(view, 'n'))}`, '[n, heads, pixels, channels]')
  return { heads: inner.slice(0, -2).flat(), rows: inner[inner.length - 2], columns: inner[inner.length - 1] }
}

/** A value whose pixels are one axis and whose channels are others. */
const pixelwise = (t: Translation, { node }: View, pixels: readonly Atom[], channels: readonly Atom[]): number => {
  const wrong = pixels.some(atom => atom.of === 'c') || channels.some(atom => atom.of !== 'c')
  const of = (axis: 'h' | 'w'): readonly Atom[] => pixels.filter(atom => atom.of === axis)
  return wrong
    ? refuse('unsupported-shape', 'a product of two computed values', 'pixels of a map that attend to pixels')
    : asMap(t, node, { h: of('h'), w: of('w'), c: channels })
}

/** What an attention is written as beside its operands: its scale, and whether keys and values are `[n, heads, channels, pixels]`. */
interface Spelling {
  readonly scale: number
  readonly keysTurned: boolean
  readonly valuesTurned: boolean
}

/** `softmax(scale · q × k) × v` of queries and as many maps of keys as of values. */
export const attend =
  ({ scale, keysTurned, valuesTurned }: Spelling): Rule =>
  (node, t) => {
    const [q, ...memory] = node.inputs.map((_, at) => viewAt(node, at))
    if (memory.some(view => view.axes.length !== q.axes.length))
      return refuse('unsupported-shape', 'an attention of values of several ranks', 'keys and values of each head')
    const queries = matricesOf(q)
    const pairs = memory.length / 2
    const heads = extentOf(queries.heads)
    const found = memory.map((view, at) => {
      const { heads: own, rows, columns } = matricesOf(view)
      if (extentOf(own) !== heads)
        return refuse('unsupported-shape', 'heads that share their keys or values', 'keys and values of each head')
      return (at < pairs ? keysTurned : valuesTurned)
        ? pixelwise(t, view, columns, [...own, ...rows])
        : pixelwise(t, view, rows, [...own, ...columns])
    })
    const asked = pixelwise(t, q, queries.rows, [...queries.heads, ...queries.columns])
    const inPairs = found.slice(0, pairs).flatMap((keys, k) => [keys, found[pairs + k]])
    const y = t.build.draft.add('Attention', [asked, ...inPairs], { heads, scale }, node.name)
    const type = exampleType(t, y)
    let stride = type.c
    const digit = (extent: number): Axis => {
      stride /= extent
      return extent === 1 ? [] : [{ of: 'c', extent, stride }]
    }
    const headAxes = q.axes.slice(1, -2).map(own => digit(extentOf(own as readonly Atom[])))
    const pixels = [...whole(type, 'h'), ...whole(type, 'w')]
    return [{ kind: 'view', node: y, axes: ['n', ...headAxes, pixels, digit(type.c / heads)] }]
  }

const depthAtMost = 8

/** Whether a value is known at import, as far as can be seen. */
const isKnown = (name: string, at: Neighbours, depth = 0, seen = new Set<string>()): boolean => {
  if (seen.has(name) || at.constant(name) !== undefined) return true
  seen.add(name)
  const inputs = at.producer(name)?.input ?? []
  return depth < depthAtMost && inputs.length > 0 && inputs.every(input => isKnown(input, at, depth + 1, seen))
}

/** What a value is times a number, and that number. */
const unscaled = (name: string, at: Neighbours): { readonly bare: string; readonly scale: number } => {
  let [bare, scale] = [name, 1]
  for (let from = at.producer(bare); from?.op_type === 'Mul' || from?.op_type === 'Div'; from = at.producer(bare)) {
    const [a, b] = from.input
    const [left, right] = [at.scalar(a), at.scalar(b)]
    if (right !== undefined) scale *= from.op_type === 'Mul' ? right : 1 / right
    else if (left !== undefined && from.op_type === 'Mul') scale *= left
    else break
    bare = right === undefined ? b : a
  }
  return { bare, scale }
}

/** What is joined along an axis of `[n, heads, …, …]`, or the value itself. */
const joinedAlong = (axis: number, name: string, at: Neighbours): readonly string[] => {
  const node = at.producer(name)
  return node?.op_type === 'Concat' && [axis, axis - 4].includes(at.int(node, 'axis', 0)) ? node.input : [name]
}

interface Memory {
  readonly names: readonly string[]
  readonly turned: boolean
}

/** The values of several maps, as they stand or transposed after they are joined. */
const valuesIn = (name: string, at: Neighbours): Memory => {
  const node = at.producer(name)
  const swaps = node?.op_type === 'Transpose' && at.ints(node, 'perm')?.join() === '0,1,3,2'
  const joined = swaps ? joinedAlong(3, node.input[0], at) : []
  return joined.length > 1 ? { names: joined, turned: true } : { names: joinedAlong(2, name, at), turned: false }
}

/** A softmax between two products of computed values. */
export const attention: Pattern = (softmax, at) => {
  if (softmax.op_type !== 'Softmax') return undefined
  const { bare, scale } = unscaled(softmax.input[0], at)
  const scores = at.producer(bare)
  const last = at.reader(softmax, 'MatMul')
  if (scores?.op_type !== 'MatMul' || last === undefined || last.input[0] !== softmax.output[0]) return undefined
  const factor = unscaled(scores.input[1], at)
  const keys = joinedAlong(3, factor.bare, at)
  const { names: values, turned: valuesTurned } = valuesIn(last.input[1], at)
  const inputs = [scores.input[0], ...keys, ...values]
  if (keys.length !== values.length || inputs.some(name => isKnown(name, at))) return undefined
  const spelling = { scale: scale * factor.scale, keysTurned: true, valuesTurned }
  const axis = softmax.attribute.find(({ name }) => name === 'axis')?.i
  return { last, inputs, rule: attend(spelling), seesAll: { axis } }
}
