import { either as E } from 'fp-ts'
import { type Constant, readTensor, type Scalar } from './constant.ts'
import { refuse } from './refuse.ts'
import type { AttributeProto, NodeProto } from './schema.ts'
import { type Folded, type Joined, printDims, type View } from './view.ts'

export type Value = Constant | View

/** A value whose batch is an axis of its own, or several side by side. */
export type Unfolded = Value | Joined

/** Whatever a name in a file stands for. */
export type Lifted = Unfolded | Folded

/** One node of the file with the values that reach it; every reader throws a Refusal where the file says something else. */
export interface OnnxNode {
  readonly op: string
  /** Its name, or that of its first output. */
  readonly name: string
  readonly output: string
  readonly inputs: readonly (Value | undefined)[]
  readonly outputCount: number
  /** Outputs that something may read. */
  readonly namedOutputs: number
  readonly int: (name: string, otherwise: number) => number
  readonly float: (name: string, otherwise: number) => number
  readonly text: (name: string, otherwise: string) => string
  readonly ints: (name: string) => readonly number[] | undefined
  readonly floats: (name: string) => readonly number[] | undefined
  readonly tensor: (name: string) => Constant | undefined
  /** Attributes that have no bearing on inference. */
  readonly disregard: (...names: readonly string[]) => void
  /** Attributes that nothing asked for: they may change the meaning. */
  readonly unread: () => readonly string[]
}

const kinds: Readonly<Record<number, string>> = {
  1: 'a float',
  2: 'an int',
  3: 'a string',
  4: 'a tensor',
  5: 'a graph',
  6: 'floats',
  7: 'ints',
  8: 'strings',
}

export const nodeName = (proto: NodeProto): string => proto.name || proto.output.find(name => name !== '') || '?'

export const readNode = (proto: NodeProto, inputs: readonly (Value | undefined)[]): OnnxNode => {
  const byName = new Map(proto.attribute.map(attribute => [attribute.name ?? '', attribute]))
  const read = new Set<string>()
  const find = <A>(name: string, kind: number, get: (attribute: AttributeProto) => A): A | undefined => {
    read.add(name)
    const attribute = byName.get(name)
    if (attribute === undefined) return undefined
    return attribute.type === kind
      ? get(attribute)
      : refuse(
          'malformed-file',
          `attribute ${name} as ${kinds[attribute.type ?? 0] ?? 'another kind'}`,
          `${kinds[kind]}`,
        )
  }
  return {
    op: proto.op_type ?? '',
    name: nodeName(proto),
    output: proto.output[0] ?? '',
    inputs,
    outputCount: proto.output.length,
    namedOutputs: proto.output.filter(name => name !== '').length,
    int: (name, otherwise) => find(name, 2, a => a.i ?? 0) ?? otherwise,
    float: (name, otherwise) => find(name, 1, a => tidy(a.f ?? 0)) ?? otherwise,
    text: (name, otherwise) => find(name, 3, a => Buffer.from(a.s ?? []).toString('utf8')) ?? otherwise,
    ints: name => find(name, 7, a => a.ints),
    floats: name => find(name, 6, a => a.floats),
    tensor: name =>
      find(name, 4, a => {
        const constant = readTensor(a.t ?? emptyTensor, proto.output[0] ?? '', `attribute ${name}`)
        return E.isRight(constant)
          ? constant.right
          : refuse(constant.left.tag, constant.left.seen, constant.left.expected)
      }),
    disregard: (...names) => {
      for (const name of names) read.add(name)
    },
    unread: () => [...byName.keys()].filter(name => !read.has(name)),
  }
}

/** A number as the file's float32 has it, back in its shortest decimal form: 0.1 and not 0.10000000149. */
export const tidy = (value: number): number => {
  const short = Number(value.toPrecision(7))
  return Math.fround(short) === value ? short : value
}

const emptyTensor = {
  dims: [],
  float_data: [],
  int32_data: [],
  int64_data: [],
  double_data: [],
  uint64_data: [],
  external_data: [],
}

export const inputAt = (node: OnnxNode, at: number): Value =>
  node.inputs[at] ?? refuse('malformed-file', `no input ${at + 1}`, `${node.op} with one`)

/** An input that depends on the image. */
export const viewAt = (node: OnnxNode, at: number): View => {
  const value = inputAt(node, at)
  return value.kind === 'view'
    ? value
    : refuse('unsupported-shape', `the constant ${value.name} as input ${at + 1}`, 'a value computed from the image')
}

/** An input known at import. */
export const constantAt = (node: OnnxNode, at: number): Constant => optionalAt(node, at) ?? missing(node, at)

const missing = (node: OnnxNode, at: number): never =>
  refuse('malformed-file', `no input ${at + 1}`, `${node.op} with one`)

export const optionalAt = (node: OnnxNode, at: number): Constant | undefined => {
  const value = node.inputs[at]
  return value === undefined || value.kind === 'constant'
    ? value
    : refuse('unsupported-shape', `a computed value as input ${at + 1}`, 'a constant (an initializer)')
}

/** Numbers of a constant: refused where the size of the batch is among them. */
export const numbersOf = (value: Constant): readonly number[] => {
  const values = Array.from(value.values)
  return values.includes('n')
    ? refuse('unsupported-shape', `the size of the batch in ${value.name}`, 'numbers known at import')
    : (values as readonly number[])
}

/** The same as they are stored, for reading by position. */
export const valuesOf = (value: Constant): ArrayLike<number> =>
  Array.isArray(value.values) ? numbersOf(value) : (value.values as ArrayLike<number>)

export const integersOf = (value: Constant): readonly Scalar[] => Array.from(value.values)

/** A constant of one value, as a number. */
export const scalarOf = (value: Constant): number => {
  const values = numbersOf(value)
  return values.length === 1
    ? values[0]
    : refuse('unsupported-shape', `${values.length} values in ${value.name}`, 'one')
}

/** Axes counted from the end where negative. */
export const axisOf = (axis: number, rank: number): number => {
  const at = axis < 0 ? axis + rank : axis
  return Number.isInteger(at) && at >= 0 && at < rank
    ? at
    : refuse('malformed-file', `axis ${axis} of a value of rank ${rank}`, `an axis from ${-rank} to ${rank - 1}`)
}

/** The axes of an op that took them as an attribute first and as an input later. */
export const axesOf = (node: OnnxNode, at: number): readonly number[] | undefined => {
  const attribute = node.ints('axes')
  const input = optionalAt(node, at)
  return attribute ?? (input === undefined ? undefined : numbersOf(input))
}

/** The order that a transposition puts so many axes in. */
export const permutationOf = (node: OnnxNode, rank: number): readonly number[] => {
  const order = node.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis)
  return order.toSorted((a, b) => a - b).some((axis, k) => axis !== k) || order.length !== rank
    ? refuse('malformed-file', `perm = ${printDims(order)}`, `each of ${rank} axes once`)
    : order
}
