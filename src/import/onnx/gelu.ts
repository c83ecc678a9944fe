import { either as E } from 'fp-ts'
import { type Constant, readTensor } from './constant.ts'
import type { GraphProto, NodeProto } from './schema.ts'

const near = (value: number | null, wanted: number): boolean => value !== null && Math.abs(value - wanted) < 1e-3

/**
 * `x · ½ · (1 + erf(x/√2))`, as networks are exported before opset 20, becomes one `Gelu`: the halves may stand before,
 * inside or after.
 */
export const foldGelu = (graph: GraphProto, initializers: ReadonlyMap<string, Constant>): GraphProto => {
  const erfs = graph.node.filter(node => node.op_type === 'Erf')
  if (erfs.length === 0) return graph
  const producers = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)))
  const readers = new Map<string, NodeProto[]>()
  for (const node of graph.node) for (const name of node.input) readers.set(name, [...(readers.get(name) ?? []), node])

  const scalar = (name: string): number | null => {
    const producer = producers.get(name)
    const tensor = producer?.op_type === 'Constant' ? producer.attribute.find(a => a.name === 'value')?.t : undefined
    const read = tensor === undefined ? undefined : readTensor(tensor, name, name)
    const known = read === undefined ? initializers.get(name) : E.isRight(read) ? read.right : undefined
    const [value] = known?.values.length === 1 ? Array.from(known.values) : []
    return typeof value === 'number' ? value : null
  }
  /** The other operand of `node` where one operand is about `wanted`. */
  const besides = (node: NodeProto | undefined, op: string, wanted: number): string | null => {
    if (node?.op_type !== op || node.input.length !== 2) return null
    const [a, b] = node.input
    if (near(scalar(b), wanted)) return a
    return op !== 'Div' && near(scalar(a), wanted) ? b : null
  }
  const reader = (node: NodeProto | undefined, op: string): NodeProto | undefined => {
    const all = readers.get(node?.output[0] ?? '') ?? []
    return all.length === 1 && all[0].op_type === op ? all[0] : undefined
  }
  const other = (node: NodeProto, name: string): string => node.input[node.input[0] === name ? 1 : 0]

  const replaced = new Map<NodeProto, NodeProto>()
  for (const erf of erfs) {
    const before = producers.get(erf.input[0])
    const x = besides(before, 'Div', Math.SQRT2) ?? besides(before, 'Mul', Math.SQRT1_2)
    const sum = reader(erf, 'Add')
    if (x === null || besides(sum, 'Add', 1) === null) continue
    const product = reader(sum, 'Mul')
    if (sum === undefined || product === undefined) continue
    const factor = other(product, sum.output[0])
    const next = reader(product, 'Mul')
    const last =
      besides(producers.get(factor), 'Mul', 0.5) === x
        ? product
        : next !== undefined && factor === x && besides(next, 'Mul', 0.5) === product.output[0]
          ? next
          : next !== undefined && near(scalar(factor), 0.5) && other(next, product.output[0]) === x
            ? next
            : undefined
    if (last !== undefined) replaced.set(last, { ...last, op_type: 'Gelu', input: [x], attribute: [] })
  }
  return { ...graph, node: graph.node.map(node => replaced.get(node) ?? node) }
}
