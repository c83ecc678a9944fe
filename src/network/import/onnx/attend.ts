import { sizeOf } from '../../../../ir/tensor.ts'
import { attendInWindows } from './attend-in-windows.ts'
import { broadcast } from './broadcast.ts'
import type { Constant } from './constant.ts'
import { digitsOf, matricesOf, type Operand, orderOf, pixelwise, underAxes } from './heads.ts'
import { ofEachImage } from './known-value.ts'
import { constantAt, integersOf, type OnnxNode, viewAt } from './node.ts'
import { refuse } from './refuse.ts'
import { arranged, exampleType, type Rule, type Translation } from './translation.ts'
import { extentOf, printDims, type View, whole, withAxes } from './view.ts'

/** What becomes of scores before their softmax: they are multiplied by what is known at import, it is added to them, or it is another shape of theirs. */
export type KnownRole = 'factor' | 'added' | 'shape'

/** How an attention is written: its scale, whether keys and values are `[n, heads, channels, pixels]`, and what its last inputs, which are known at import, are to scores. */
interface Spelling {
  readonly scale: number
  readonly keysTurned: boolean
  readonly valuesTurned: boolean
  readonly known: readonly KnownRole[]
}

/** Queries that are the same for each image, `[1, heads…, queries, channels]`, under axes as `like` has them. */
const knownQueries = (t: Translation, value: Constant, like: View, name: string): View => {
  const [n, ...dims] = value.dims
  if (n !== 1 || dims.length < 2 || value.dims.length !== like.axes.length)
    return refuse('unsupported-shape', `known queries ${printDims(value.dims)}`, '[1, heads, queries, channels]')
  const [count, channels] = dims.slice(-2)
  const lead = dims.slice(0, -2)
  const heads = sizeOf(lead)
  const table = t.parameter(value, `queries ${dims}`, numbers => ({
    shape: [1, count, heads * channels],
    data: arranged(numbers, [heads, count, channels], [1, 0, 2]).data,
  }))
  const node = ofEachImage(t, table, like.node, name)
  const digits = digitsOf([...lead, channels])
  const rows = whole(exampleType(t, node), 'w')
  return { kind: 'view', node, axes: ['n', ...digits.slice(0, -1), rows, digits[lead.length]] }
}

const operandsOf = (node: OnnxNode, t: Translation, roles: readonly KnownRole[]) => {
  const computed = node.inputs.length - roles.length
  const known = roles.map((role, k) => ({ role, value: constantAt(node, computed + k) }))
  const of = (wanted: KnownRole): readonly Constant[] =>
    known.flatMap(({ role, value }) => (role === wanted ? [value] : []))
  const views = node.inputs
    .slice(0, computed)
    .map((value, at) =>
      at === 0 && value?.kind === 'constant' ? knownQueries(t, value, viewAt(node, 1), node.name) : viewAt(node, at),
    )
  return { views, factors: of('factor'), added: of('added').filter(value => !addsNothing(value)), shapes: of('shape') }
}

/** A mask that leaves nothing out: zeros, the same for each example and head. */
const addsNothing = (value: Constant): boolean =>
  value.dims.slice(0, -2).every(d => d === 1) && (value.fill ?? Array.from(value.values).find(x => x !== 0) ?? 0) === 0

/** Queries times a factor of each head. */
const multiplied = (t: Translation, queries: View, factor: Constant, name: string): View => {
  const dims = factor.dims.slice(-3)
  const isOfEachKey = dims.length > 0 && dims.at(-1) !== 1
  return !isOfEachKey && (factor.values.length === dims[0] || factor.values.length === 1)
    ? broadcast(t, 'multiply', [queries, { ...factor, dims }], name)
    : refuse('unsupported-shape', `scores times ${printDims(factor.dims)}`, 'a factor of each head')
}

/** @throws Refusal where scores of queries and keys become others by a shape */
const keepScores = (shapes: readonly Constant[], queries: number, keys: number): void => {
  const [other] = shapes.filter(shape => integersOf(shape).slice(-2).join() !== `${queries},${keys}`)
  if (other !== undefined)
    refuse(
      'unsupported-shape',
      `scores of ${queries} queries and ${keys} keys under shape ${printDims(integersOf(other))}`,
      'queries and keys as the last axes',
    )
}

/** `softmax(scale · q × k + added) × v` of queries and as many maps of keys as of values. */
export const attend =
  ({ scale, keysTurned, valuesTurned, known }: Spelling): Rule =>
  (node, t) => {
    const { views, factors, added, shapes } = operandsOf(node, t, known)
    const [bare, ...memory] = views
    const q = factors.reduce((view, factor) => multiplied(t, view, factor, node.name), bare)
    if (memory.some(view => view.axes.length !== q.axes.length))
      return refuse('unsupported-shape', 'an attention of values of several ranks', 'keys and values of each head')
    const queries = matricesOf(q)
    const pairs = memory.length / 2
    const heads = extentOf(queries.heads)
    const operands = memory.map((view, at): Operand => {
      const { heads: lead, rows, columns } = matricesOf(view)
      if (extentOf(lead) !== heads)
        return refuse('unsupported-shape', 'heads that share their keys or values', 'keys and values of each head')
      const [pixels, channels] = (at < pairs ? keysTurned : valuesTurned) ? [columns, rows] : [rows, columns]
      return { view, lead, pixels, channels }
    })
    const [, only] = operands
    const keys = operands.slice(0, pairs).reduce((sum, { pixels }) => sum + extentOf(pixels), 0)
    keepScores(shapes, extentOf(queries.rows), keys)
    if (pairs === 1 && [queries.rows, only.pixels].every(pixels => pixels.length === 0))
      return [withAxes(only.view, [...only.view.axes.slice(0, -2), only.pixels, only.channels])]
    const asking: Operand = { view: q, lead: queries.heads, pixels: queries.rows, channels: queries.columns }
    if (added.length > 0 || queries.heads.some(({ of }) => of !== 'c')) {
      const inWindows = attendInWindows(t, { scale, added, name: node.name }, [asking, ...operands])
      if (inWindows !== null) return [inWindows]
      if (added.length > 0)
        return refuse(
          'unsupported-shape',
          'numbers added to the scores of pixels by columns, or of several maps',
          'pixels of a map that attend to its own, row by row',
        )
    }
    const found = operands.map(({ view, lead, pixels, channels }) => ({
      order: orderOf(pixels),
      map: pixelwise(t, view, pixels, [...lead, ...channels]),
    }))
    const asked = pixelwise(t, q, queries.rows, [...queries.heads, ...queries.columns])
    const inPairs = found.slice(0, pairs).flatMap((keys, k) => {
      const values = found[pairs + k]
      return keys.order === values.order
        ? [keys.map, values.map]
        : refuse('unsupported-shape', 'keys and values whose pixels are in different orders', 'one order')
    })
    const y = t.build.draft.add('Attention', [asked, ...inPairs], { heads, scale }, node.name)
    return [underAxes(t, q, queries, y)]
  }
