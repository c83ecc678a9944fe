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
  /** Whether a value does not depend on the image's numbers, though it may on its shape. */
  readonly isKnown: (name: string) => boolean
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
  const outputs = new Set(graph.output.map(({ name }) => name))
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
  /** What follows from what is given from outside, or may: of an op with graphs of its own not all that it reads is seen. */
  const computed = new Set<string>()
  const isGiven = (name: string): boolean => name !== '' && !producers.has(name) && !initializers.has(name)
  const open = graph.node.flatMap(({ op_type, input, output }) =>
    op_type === 'If' ? [...input.filter(isGiven), ...output] : input.filter(isGiven),
  )
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (computed.has(name)) continue
    computed.add(name)
    for (const { op_type, output } of readers.get(name) ?? [])
      if (op_type !== 'Shape' && op_type !== 'Size') open.push(...output)
  }
  return {
    producer: name => producers.get(name),
    reader: (node, op) => {
      const name = node?.output[0] ?? ''
      const all = outputs.has(name) ? [] : (readers.get(name) ?? [])
      return all.length === 1 && all[0].op_type === op ? all[0] : undefined
    },
    constant,
    isKnown: name => !computed.has(name),
    scalar: name => {
      const values = numbersIn(constant(name), 1)
      return values?.length === 1 ? values[0] : undefined
    },
    ints: (node, name) => attribute(node, name)?.ints,
    int: (node, name, otherwise) => attribute(node, name)?.i ?? otherwise,
  }
}
