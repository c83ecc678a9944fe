import { sizeOf } from '../../../../ir/tensor.ts'
import { type Constant, constant } from './constant.ts'
import { extentAt, extentsOf, rankOf, total } from './joined.ts'
import {
  axisOf,
  constantAt,
  type Lifted,
  numbersOf,
  type OnnxNode,
  optionalAt,
  type Unfolded,
  type Value,
  valuesOf,
} from './node.ts'
import { pointwise } from './ops/pointwise.ts'
import { pixelProducts } from './ops/products.ts'
import { refuse } from './refuse.ts'
import { reshaped } from './reshape.ts'
import type { Rule, Translation } from './translation.ts'
import { dimsOf, type Joined, printDims } from './view.ts'

/** What ops make of tokens beside pixels: of each part what they make of it alone, where they see each place for itself. */

type Inputs = readonly (Unfolded | undefined)[]

const mixes = (op: string): never =>
  refuse('unsupported-shape', `${op} of pixels beside tokens`, 'an op of each pixel on its own')

/** The axis along which results stand side by side as the parts did. */
const rejoined = (results: readonly Lifted[], extents: readonly number[], op: string): Joined => {
  const views = results.flatMap(result => (result.kind === 'view' ? [result] : []))
  const dims = views.map(view => dimsOf(view, 'n'))
  const axes = dims[0]?.map((_, axis) => axis) ?? []
  const differ = axes.filter(axis => dims.some(own => own[axis] !== dims[0][axis]))
  const [axis] = differ
  const same = differ.length === 1 && dims.every((own, k) => own[axis] === extents[k] && own.length === dims[0].length)
  return same && views.length === results.length ? { kind: 'joined', axis, parts: views } : mixes(op)
}

/** A constant beside one part of the whole that it stands beside. */
const besidePart = (value: Constant, { axis, rank, extents }: Places, part: number): Constant => {
  const at = axis - rank + value.dims.length
  if (at < 0 || value.dims[at] === 1) return value
  const all = total(extents)
  if (value.dims[at] !== all)
    return refuse('unsupported-shape', `a constant ${printDims(value.dims)} beside ${extents.join(' + ')}`, 'as many')
  const inner = sizeOf(value.dims.slice(at + 1))
  const begin = total(extents.slice(0, part)) * inner
  const run = extents[part] * inner
  const dims = value.dims.map((d, k) => (k === at ? extents[part] : d))
  const numbers = valuesOf(value)
  const data = Float32Array.from(
    { length: sizeOf(dims) },
    (_, k) => numbers[Math.floor(k / run) * all * inner + begin + (k % run)],
  )
  return constant(`${value.name}.${part}`, dims, data, value.type)
}

/** Where parts stand: along which axis of how many, and how many places each has. */
interface Places {
  readonly axis: number
  readonly rank: number
  readonly extents: readonly number[]
}

const placesOf = (value: Joined): Places => ({ axis: value.axis, rank: rankOf(value), extents: extentsOf(value) })

const sameJoin = (a: Joined, b: Joined): boolean =>
  a.axis - rankOf(a) === b.axis - rankOf(b) && extentsOf(a).join() === extentsOf(b).join()

/** The rule on each part, other inputs as they stand beside it. */
export const onEach = (node: OnnxNode, given: Inputs, t: Translation, rule: Rule): readonly Lifted[] => {
  const joined = given.filter(value => value?.kind === 'joined')
  if (joined.length === 0) return rule({ ...node, inputs: given as OnnxNode['inputs'] }, t)
  if (joined.some(other => !sameJoin(joined[0], other))) return mixes(node.op)
  const places = placesOf(joined[0])
  const cuts = Object.hasOwn(pointwise, node.op)
  const inputsOf = (part: number): OnnxNode['inputs'] =>
    given.map(value => {
      if (value?.kind === 'joined') return value.parts[part]
      return value?.kind === 'constant' && cuts ? besidePart(value, places, part) : value
    })
  const results = places.extents.map((_, part) => rule({ ...node, inputs: inputsOf(part) }, t))
  return results[0].map((_, k) =>
    rejoined(
      results.map(values => values[k]),
      places.extents,
      node.op,
    ),
  )
}

const fromEnd = (at: number, extent: number): number => Math.min(at < 0 ? Math.max(0, at + extent) : at, extent)

/** Places from `begin` to before `end`: whole parts. */
const partsWithin = ({ axis, parts }: Joined, begin: number, end: number): Lifted => {
  const ends = parts.map((_, k) => total(parts.slice(0, k + 1).map(part => extentAt(part, axis))))
  const taken = parts.filter((part, k) => ends[k] - extentAt(part, axis) >= begin && ends[k] <= end)
  if (taken.length === 0 || total(taken.map(part => extentAt(part, axis))) !== end - begin)
    return refuse('unsupported-shape', `places ${begin} to ${end} of tokens and pixels`, 'all tokens, or all pixels')
  return taken.length === 1 ? taken[0] : { kind: 'joined', axis, parts: taken }
}

/** One of the places, as the rule takes it from the part that it is in. */
const gathered = (node: OnnxNode, value: Joined, t: Translation, rule: Rule): Lifted => {
  const index = constantAt(node, 1)
  if (index.values.length !== 1)
    return refuse('unsupported-shape', `${index.values.length} of tokens and pixels`, 'one')
  let at = fromEnd(numbersOf(index)[0], total(extentsOf(value)))
  for (const part of value.parts) {
    const extent = extentAt(part, value.axis)
    if (at < extent) return rule({ ...node, inputs: [part, { ...index, values: [at] }] }, t)[0]
    at -= extent
  }
  return refuse('malformed-file', `index ${numbersOf(index)[0]}`, 'one of the places')
}

/** Tokens alone, or pixels alone; null where the cut is along another axis. */
const sliced = (node: OnnxNode, value: Joined): Lifted | null => {
  const listAt = (at: number): readonly number[] | undefined => {
    const list = optionalAt(node, at)
    return list === undefined ? undefined : numbersOf(list)
  }
  const [starts = [], ends = []] = [listAt(1), listAt(2)]
  const axes = listAt(3) ?? starts.map((_, axis) => axis)
  if (axes.length > 0 && axes.every(axis => axisOf(axis, rankOf(value)) !== value.axis)) return null
  if (starts.length !== 1 || ends.length !== 1 || (listAt(4) ?? [1])[0] !== 1) return mixes(node.op)
  const count = total(extentsOf(value))
  return partsWithin(value, fromEnd(starts[0], count), fromEnd(ends[0], count))
}

/** Ops that see each place along the joined axis for itself; of those that do not keep extents it is seen by what is left of that axis. */
const ofEach = new Set([
  'Identity',
  'Cast',
  'CastLike',
  'Dropout',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Split',
  'Slice',
  'Gather',
  'ReduceMean',
  'ReduceSum',
  'ReduceMax',
  'ReduceL2',
  ...Object.keys(pointwise),
])

const normalizations = new Set(['LayerNormalization', 'RMSNormalization'])

/** What an op makes of values that are joined. */
export const liftedRule = (node: OnnxNode, given: Inputs, t: Translation, rule: Rule): readonly Lifted[] => {
  const [x, ...rest] = given
  if (x?.kind === 'joined') {
    const own = { ...node, inputs: [undefined, ...(rest as Value[])] }
    if (node.op === 'Reshape') return [reshaped(own, x, t)]
    if (node.op === 'Gather' && axisOf(node.int('axis', 0), rankOf(x)) === x.axis) return [gathered(own, x, t, rule)]
    const part = node.op === 'Slice' ? sliced(own, x) : null
    if (part !== null) return [part]
    if (normalizations.has(node.op) && axisOf(node.int('axis', -1), rankOf(x)) > x.axis)
      return onEach(node, given, t, rule)
  }
  if (node.op === 'MatMul') return onEach(node, given, t, pixelProducts.MatMul)
  return ofEach.has(node.op) ? onEach(node, given, t, rule) : mixes(node.op)
}

const partsOf = (value: Unfolded | undefined): readonly (Value | undefined)[] =>
  value?.kind === 'joined' ? value.parts : [value]

/** A rule of queries and of what is asked, as many keys as values, each of which may be joined, and of constants: every part of the queries asks all parts of the rest. */
export const askedByEach = (
  node: OnnxNode,
  [queries, ...rest]: Inputs,
  t: Translation,
  rule: Rule,
): readonly Lifted[] => {
  const computed = rest.findLastIndex(value => value?.kind !== 'constant') + 1
  const memory = rest.slice(0, computed)
  const pairs = memory.length / 2
  const [keys, values] = [memory.slice(0, pairs), memory.slice(pairs)]
  if (keys.some((value, k) => partsOf(value).length !== partsOf(values[k]).length)) return mixes(node.op)
  const all = [...memory, ...rest.slice(computed)].flatMap(partsOf)
  if (queries?.kind !== 'joined') return rule({ ...node, inputs: [queries, ...all] }, t)
  const results = queries.parts.map(part => rule({ ...node, inputs: [part, ...all] }, t)[0])
  return [rejoined(results, extentsOf(queries), node.op)]
}
