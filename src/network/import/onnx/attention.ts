import { attend, type KnownRole } from './attend.ts'
import type { Pattern } from './composition.ts'
import type { Neighbours } from './neighbours.ts'
import type { NodeProto } from './schema.ts'

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

/** What scores were made of: numbers known at import that were added or multiplied by, and shapes that scores had in between. */
interface Before {
  readonly bare: string
  readonly known: readonly { readonly name: string; readonly role: KnownRole }[]
}

const roles: Readonly<Record<string, KnownRole>> = { Add: 'added', Mul: 'factor', Reshape: 'shape' }

/** Scores without what follows their product and is known at import, but for one number for all; nothing is multiplied by after it was added to. */
const withoutKnown = (name: string, at: Neighbours): Before => {
  const known: { readonly name: string; readonly role: KnownRole }[] = []
  let bare = name
  for (let from = at.producer(bare); from !== undefined; from = at.producer(bare)) {
    const [a, b] = from.input
    const role = roles[from.op_type ?? '']
    const isKnown = [a, b].map(input => input !== undefined && at.isKnown(input))
    if (role === undefined || isKnown[0] === isKnown[1] || (role === 'shape' && isKnown[0])) break
    const [own, other] = isKnown[0] ? [a, b] : [b, a]
    const isLater = role === 'added' && known.some(later => later.role === 'factor')
    if (isLater || (role === 'factor' && at.scalar(own) !== undefined)) break
    known.push({ name: own, role })
    bare = other
  }
  return { bare, known }
}

/** A product of matrices along the last axes of its operands, the second of which is `[…, inner, outer]`, or turned: `[…, outer, inner]`. */
interface Product {
  readonly a: string
  readonly b: string
  readonly turned: boolean
}

/** An `Einsum` of one letter an axis, or a `MatMul`. */
const productOf = (node: NodeProto | undefined, at: Neighbours): Product | undefined => {
  if (node?.op_type !== 'MatMul' && node?.op_type !== 'Einsum') return undefined
  const [a, b] = node.input
  if (node.op_type === 'MatMul') return { a, b, turned: false }
  const [left, right, result] = at.text(node, 'equation').replaceAll(/\s/g, '').split(/,|->/)
  if (result === undefined || left.length < 3) return undefined
  const [lead, i, j, k] = [left.slice(0, -2), left.at(-2), left.at(-1), result.at(-1)]
  if (result !== `${lead}${i}${k}` || new Set([...lead, i, j, k]).size !== left.length + 1) return undefined
  if (right !== `${lead}${j}${k}` && right !== `${lead}${k}${j}`) return undefined
  return { a, b, turned: right === `${lead}${k}${j}` }
}

/** A softmax between two products of computed values. */
export const attention: Pattern = (softmax, at) => {
  if (softmax.op_type !== 'Softmax') return undefined
  const { bare: scaled, known } = withoutKnown(softmax.input[0], at)
  const { bare, scale } = unscaled(scaled, at)
  const scores = productOf(at.producer(bare), at)
  const last = at.reader(softmax, 'MatMul', 'Einsum')
  const found = productOf(last, at)
  if (scores === undefined || last === undefined || found?.a !== softmax.output[0] || found.turned) return undefined
  const factor = unscaled(scores.b, at)
  const keys = scores.turned ? [factor.bare] : joinedAlong(3, factor.bare, at)
  const { names: values, turned: valuesTurned } = valuesIn(found.b, at)
  const inputs = [scores.a, ...keys, ...values]
  if (keys.length !== values.length || inputs.some(at.isKnown)) return undefined
  const spelling = {
    scale: scale * factor.scale,
    keysTurned: !scores.turned,
    valuesTurned,
    known: known.map(({ role }) => role),
  }
  const axis = softmax.attribute.find(({ name }) => name === 'axis')?.i
  return {
    last,
    inputs: [...inputs, ...known.map(({ name }) => name)],
    rule: attend(spelling),
    seesAll: { axis },
  }
}
