import { attend } from './attend.ts'
import type { Pattern } from './composition.ts'
import type { Neighbours } from './neighbours.ts'

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
