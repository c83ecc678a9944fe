import type { Names } from './names.ts'
import { nodeName } from './node.ts'
import type { AttributeProto, GraphProto, NodeProto } from './schema.ts'

/** A value and the letters of its axes. */
interface Lettered {
  readonly name: string
  readonly axes: readonly string[]
}

/** Letters of the operands' axes and of the result's. */
interface Equation {
  readonly operands: readonly (readonly string[])[]
  readonly result: readonly string[]
}

/** Null where axes have no letters of their own, or one has none at all. */
const equationOf = (text: string): Equation | null => {
  const [left, right] = text.replaceAll(/\s/g, '').split('->')
  if (!/^[A-Za-z,]+$/.test(left) || !/^[A-Za-z]*$/.test(right ?? '')) return null
  const operands = left.split(',').map(each => [...each])
  const all = operands.flat()
  // Without a result, it has what is there once, in the order of the alphabet.
  const result = right === undefined ? all.filter(a => all.indexOf(a) === all.lastIndexOf(a)).sort() : [...right]
  const isApart = [...operands, result].every(axes => axes.length > 0 && new Set(axes).size === axes.length)
  return isApart && result.every(axis => all.includes(axis)) ? { operands, result } : null
}

const attributeOf = (
  name: string,
  value: Pick<AttributeProto, 'type' | 'i'> & { readonly ints?: readonly number[] },
) => ({
  ...{ name, ints: [], floats: [], strings: [] },
  ...value,
})

const ints = (name: string, values: readonly number[]): AttributeProto => attributeOf(name, { type: 7, ints: values })
const int = (name: string, value: number): AttributeProto => attributeOf(name, { type: 2, i: value })

/** Transpositions, products and sums in the place of one node. */
const written = (node: NodeProto, { operands, result }: Equation, names: Names): readonly NodeProto[] => {
  const nodes: NodeProto[] = []
  const add = (op_type: string, input: readonly string[], attribute: readonly AttributeProto[] = []): string => {
    const output = names.fresh(`${node.output[0]}.${op_type}`)
    nodes.push({ op_type, name: nodeName(node), input, output: [output], attribute })
    return output
  }
  const inOrder = ({ name, axes }: Lettered, wanted: readonly string[]): string =>
    wanted.join() === axes.join()
      ? name
      : add(
          'Transpose',
          [name],
          [
            ints(
              'perm',
              wanted.map(axis => axes.indexOf(axis)),
            ),
          ],
        )
  const summed = ({ name, axes }: Lettered, kept: readonly string[]): Lettered => {
    const gone = axes.flatMap((axis, k) => (kept.includes(axis) ? [] : [k]))
    return gone.length === 0
      ? { name, axes }
      : {
          name: add('ReduceSum', [name], [ints('axes', gone), int('keepdims', 0)]),
          axes: axes.filter(axis => kept.includes(axis)),
        }
  }
  /** In the order of all these axes, with those that it does not have of extent 1. */
  const among = (value: Lettered, all: readonly string[]): string => {
    const ordered = inOrder(
      value,
      all.filter(axis => value.axes.includes(axis)),
    )
    const missing = all.flatMap((axis, k) => (value.axes.includes(axis) ? [] : [k]))
    return missing.length === 0 ? ordered : add('Unsqueeze', [ordered], [ints('axes', missing)])
  }
  const product = (left: Lettered, right: Lettered, kept: readonly string[]): Lettered => {
    const [a, b] = [summed(left, [...kept, ...right.axes]), summed(right, [...kept, ...left.axes])]
    const shared = a.axes.filter(axis => b.axes.includes(axis))
    const [batch, inner] = [shared.filter(axis => kept.includes(axis)), shared.filter(axis => !kept.includes(axis))]
    const rows = a.axes.filter(axis => !b.axes.includes(axis))
    const columns = b.axes.filter(axis => !a.axes.includes(axis))
    const isMatrix = inner.length === 1 && columns.length === 1 && rows.length > 0
    if (isMatrix && (batch.length === 0 || rows.length === 1)) {
      const factors = [inOrder(a, [...batch, ...rows, ...inner]), inOrder(b, [...batch, ...inner, ...columns])]
      return { name: add('MatMul', factors), axes: [...batch, ...rows, ...columns] }
    }
    if (inner.length === 1 && rows.length === 1 && batch.length === 0) return product(b, a, kept)
    const all = [...new Set([...kept, ...a.axes, ...b.axes])].filter(axis => [...a.axes, ...b.axes].includes(axis))
    return summed({ name: add('Mul', [among(a, all), among(b, all)]), axes: all }, kept)
  }
  const [first, ...rest] = operands.map((axes, k): Lettered => ({ name: node.input[k], axes }))
  const all = rest.reduce((left, right, k) => product(left, right, [...result, ...operands.slice(k + 2).flat()]), first)
  const last = inOrder(summed(all, result), result)
  return nodes.length === 0
    ? [{ ...node, op_type: 'Identity', input: [last], attribute: [] }]
    : nodes.map((each, k) => (k === nodes.length - 1 ? { ...each, output: node.output } : each))
}

const operandsAtMost = 16

/** A graph in which other nodes stand in the place of each `Einsum` whose axes have letters of their own. */
export const withoutEinsums = (graph: GraphProto, names: Names): GraphProto => ({
  ...graph,
  node: graph.node.flatMap(node => {
    const [equation] = node.attribute.filter(({ name }) => name === 'equation')
    if (node.op_type !== 'Einsum' || equation === undefined || node.attribute.length > 1) return [node]
    const read = equationOf(Buffer.from(equation.s ?? []).toString('utf8'))
    const isRead = read !== null && read.operands.length === node.input.length && node.input.length <= operandsAtMost
    return isRead ? written(node, read, names) : [node]
  }),
})
