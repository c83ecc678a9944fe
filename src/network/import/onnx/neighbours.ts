import { either as E } from 'fp-ts'
import { type Constant, readTensor } from './constant.ts'
import type { GraphProto, NodeProto } from './schema.ts'

/** Who computes and who reads each value of a file: what it takes to recognize ops that are written as several. */
export interface Neighbours {
  readonly producer: (name: string) => NodeProto | undefined
  /** The only node to read what a node gives, if it is of this op. */
  readonly reader: (node: NodeProto | undefined, op: string) => NodeProto | undefined
  /** An initializer or the value of a `Constant`. */
  readonly constant: (name: string) => Constant | undefined
  readonly scalar: (name: string) => number | undefined
  /** Whole numbers or real ones of an attribute. */
  readonly ints: (node: NodeProto, name: string) => readonly number[] | undefined
  readonly int: (node: NodeProto, name: string, otherwise: number) => number
}

/** Values of a constant of at most so many. */
export const numbersIn = (
  value: Constant | undefined,
  atMost = Number.POSITIVE_INFINITY,
): readonly number[] | undefined => {
  const values = value === undefined || value.values.length > atMost ? undefined : Array.from(value.values)
  return values?.every(v => typeof v === 'number') === true ? values : undefined
}

export const neighbours = (graph: GraphProto, initializers: ReadonlyMap<string, Constant>): Neighbours => {
  const producers = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)))
  const readers = new Map<string, NodeProto[]>()
  for (const node of graph.node)
    for (const name of node.input) {
      const known = readers.get(name)
      if (known === undefined) readers.set(name, [node])
      else known.push(node)
    }
  for (const { name = '' } of graph.output) readers.delete(name)
  const attribute = (node: NodeProto, name: string) => node.attribute.find(a => a.name === name)
  // Read once, however many nodes ask for one.
  const constants = new Map<string, Constant | undefined>()
  const constant = (name: string): Constant | undefined => {
    if (initializers.has(name)) return initializers.get(name)
    const node = producers.get(name)
    const tensor = node?.op_type === 'Constant' ? attribute(node, 'value')?.t : undefined
    if (tensor === undefined) return undefined
    if (!constants.has(name)) {
      const read = readTensor(tensor, name, name)
      constants.set(name, E.isRight(read) ? read.right : undefined)
    }
    return constants.get(name)
  }
  return {
    producer: name => producers.get(name),
    reader: (node, op) => {
      const all = readers.get(node?.output[0] ?? '') ?? []
      return all.length === 1 && all[0].op_type === op ? all[0] : undefined
    },
    constant,
    scalar: name => {
      const values = numbersIn(constant(name), 1)
      return values?.length === 1 ? values[0] : undefined
    },
    ints: (node, name) => attribute(node, name)?.ints,
    int: (node, name, otherwise) => attribute(node, name)?.i ?? otherwise,
  }
}
