import { sizeOf, type Type } from '../../../ir/index.ts'
import { names } from './names.ts'

/** An op's attribute: a whole number, several, text, a real number, or a graph inside the node. */
export type Attribute = number | readonly number[] | string | { readonly float: number } | InnerGraph
export type Attributes = Readonly<Record<string, Attribute>>

/** A value that goes in or comes out, by name. */
export interface Port {
  readonly name: string
  readonly type: Type
}

/** A graph without inputs, which reads by name what is around its node; maps are `[n, c, h, w]`. */
export interface InnerGraph {
  readonly nodes: readonly WrittenNode[]
  readonly initializers: readonly Initializer[]
  readonly outputs: readonly Port[]
}

/** A node of the file; values go by name. */
export interface WrittenNode {
  readonly op: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

/** A tensor of the file: float32, or int64 for shapes and indices. */
export interface Initializer {
  readonly name: string
  readonly dims: readonly number[]
  readonly data: Float32Array | BigInt64Array
}

/** What the lowerings write a graph to: nodes in topological order, and the constants they read. */
export interface Writer {
  readonly nodes: readonly WrittenNode[]
  readonly initializers: readonly Initializer[]
  /**
   * Writes a graph inside a node of this one, of the same names and with constants of its own: onnxruntime 1.30 arranges a
   * convolution for the processor only where its weights and bias are in the graph that it is in.
   */
  readonly inside: () => Writer
  /** Adds a node and gives the name of its only output; the default stem for that is the op's. */
  readonly add: (op: string, inputs: readonly string[], attributes?: Attributes, stem?: string) => string
  readonly addMany: (
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: number,
  ) => readonly string[]
  /** Float32 constants; small ones of equal values are one. */
  readonly floats: (dims: readonly number[], values: ArrayLike<number>, stem?: string) => string
  readonly scalar: (value: number) => string
  /** A list of whole numbers: a shape, axes, indices. */
  readonly ints: (values: readonly number[]) => string
  /** What `make` gives, made once for a key. */
  readonly once: <A>(key: string, make: () => A) => A
}

const sharedAtMost = 16

/** Zero has a sign. */
const printed = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** Writes a file whose own names of what goes in and comes out are reserved. */
export const writer = (reserved: Iterable<string>): Writer => graphWriter(names(reserved).fresh)

const graphWriter = (fresh: (stem: string) => string): Writer => {
  const nodes: WrittenNode[] = []
  const initializers: Initializer[] = []
  const made = new Map<string, unknown>()
  const once = <A>(key: string, make: () => A): A => {
    if (!made.has(key)) made.set(key, make())
    return made.get(key) as A
  }
  const keep = (dims: readonly number[], data: Initializer['data'], stem: string): string => {
    const name = fresh(stem)
    initializers.push({ name, dims, data })
    return name
  }
  const write = (
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs: readonly string[],
  ): readonly string[] => {
    nodes.push({ op, name: outputs[0], inputs, outputs, attributes })
    return outputs
  }
  const floats: Writer['floats'] = (dims, values, stem) => {
    const stored = (): string =>
      keep(dims, values instanceof Float32Array ? values : Float32Array.from(values), stem ?? 'constant')
    return stem === undefined && sizeOf(dims) <= sharedAtMost
      ? once(`floats [${dims}] ${Array.from(values, printed).join()}`, stored)
      : stored()
  }
  return {
    nodes,
    initializers,
    inside: () => graphWriter(fresh),
    add: (op, inputs, attributes = {}, stem = op) => write(op, inputs, attributes, [fresh(stem)])[0],
    addMany: (op, inputs, attributes, count) =>
      write(
        op,
        inputs,
        attributes,
        Array.from({ length: count }, () => fresh(op)),
      ),
    floats,
    scalar: value => floats([], [value]),
    ints: values =>
      once(`ints ${values.join()}`, () => keep([values.length], BigInt64Array.from(values, BigInt), 'indices')),
    once,
  }
}
