import { attend, type KnownRole } from './attend.ts'
import type { Pattern } from './composition.ts'
import type { Neighbours } from './neighbours.ts'

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

/** A softmax between two products of computed values. */
export const attention: Pattern = (softmax, at) => {
  if (softmax.op_type !== 'Softmax') return undefined
  const { bare: scaled, known } = withoutKnown(softmax.input[0], at)
  const { bare, scale } = unscaled(scaled, at)
  const scores = at.producer(bare)
  const last = at.reader(softmax, 'MatMul')
  if (scores?.op_type !== 'MatMul' || last?.input[0] !== softmax.output[0]) return undefined
  const factor = unscaled(scores.input[1], at)
  const keys = joinedAlong(3, factor.bare, at)
  const { names: values, turned: valuesTurned } = valuesIn(last.input[1], at)
  const inputs = [scores.input[0], ...keys, ...values]
  if (keys.length !== values.length || inputs.slice(1).some(at.isKnown)) return undefined
  const spelling = {
    scale: scale * factor.scale,
    keysTurned: true,
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
