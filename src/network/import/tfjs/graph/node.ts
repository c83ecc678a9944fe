import * as t from 'io-ts'
import { excerpt } from '../../../../../ir/index.ts'
import type { Canvas, Constant, Example, Value } from '../canvas.ts'
import { JsonObject } from '../model-json.ts'
import { refuse } from '../refusal.ts'

export const GraphNode = t.intersection([
  t.type({ name: t.string, op: t.string }),
  t.partial({ input: t.array(t.string), attr: JsonObject }),
])

/** A node of a TensorFlow graph as the file has it: attributes are protocol buffers written as JSON. */
export type GraphNode = t.TypeOf<typeof GraphNode>

/** One node: what its rule reads. */
export interface Site {
  readonly canvas: Canvas
  readonly name: string
  readonly node: GraphNode
  readonly inputs: readonly Value[]
}

/** What the node computes: a value, or one for each of its outputs. */
export type GraphRule = (site: Site) => Value | readonly Value[]

export const valueAt = ({ inputs }: Site, at: number): Value =>
  inputs[at] ?? refuse('malformed-file', `${inputs.length} inputs`, `${at + 1} or more`)

export const exampleAt = (site: Site, at: number): Example => {
  const value = valueAt(site, at)
  return value.kind === 'example'
    ? value
    : refuse('unsupported-shape', `the constant ${value.name} as input ${at}`, 'a value computed from the image')
}

export const constantAt = (site: Site, at: number): Constant => {
  const value = valueAt(site, at)
  return value.kind === 'constant'
    ? value
    : refuse('unsupported-op', `input ${at} computed from the image`, 'a constant')
}

/** The whole numbers of a constant input; NaN stands for the batch size. */
export const numbersAt = (site: Site, at: number): readonly number[] => {
  const { data } = constantAt(site, at).value
  site.canvas.charge(data.length)
  return [...data]
}

/** The one whole number of a constant input. */
export const numberAt = (site: Site, at: number): number => {
  const numbers = numbersAt(site, at)
  return numbers.length === 1 ? numbers[0] : refuse('unsupported-shape', `${numbers.length} numbers`, 'one')
}

const field = (value: unknown, key: string): unknown =>
  t.UnknownRecord.is(value) && Object.hasOwn(value, key) ? value[key] : undefined

const attribute = ({ node }: Site, name: string, kind: string): unknown => field(field(node.attr, name), kind)

const wrong = (name: string, seen: unknown, expected: string): never =>
  refuse('malformed-file', `attribute ${name} ${excerpt(seen)}`, expected)

/** 64-bit integers are strings in JSON. */
const whole = (name: string, value: unknown): number => {
  const n = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  return Number.isSafeInteger(n) ? (n as number) : wrong(name, value, 'a whole number')
}

export const integer = (site: Site, name: string, fallback: number): number => {
  const value = attribute(site, name, 'i')
  return value === undefined ? fallback : whole(name, value)
}

export const real = (site: Site, name: string, fallback: number): number => {
  const value = attribute(site, name, 'f')
  if (value === undefined) return fallback
  return typeof value === 'number' && Number.isFinite(value) ? value : wrong(name, value, 'a number')
}

export const flag = (site: Site, name: string): boolean => {
  const value = attribute(site, name, 'b') ?? false
  return typeof value === 'boolean' ? value : wrong(name, value, 'true or false')
}

/** Strings are base64, or lists of bytes in what older converters wrote. */
const decoded = (name: string, value: unknown): string => {
  if (typeof value === 'string') return Buffer.from(value, 'base64').toString('utf8')
  return t.array(t.number).is(value)
    ? String.fromCharCode(...value.slice(0, 256))
    : wrong(name, value, 'text in base64')
}

export const text = (site: Site, name: string, fallback: string): string => {
  const value = attribute(site, name, 's')
  return value === undefined ? fallback : decoded(name, value)
}

/** The name of a type; its number, in what older converters wrote, only for `DT_FLOAT`. */
export const typeAttribute = (site: Site, name: string): string => {
  const value = attribute(site, name, 'type') ?? 'DT_FLOAT'
  if (value === 1) return 'DT_FLOAT'
  return typeof value === 'string' ? value : excerpt(value)
}

const list = (site: Site, name: string, kind: string): readonly unknown[] => {
  const value = field(attribute(site, name, 'list'), kind) ?? []
  return Array.isArray(value) ? value : wrong(name, value, 'a list')
}

export const integers = (site: Site, name: string): readonly number[] =>
  list(site, name, 'i').map(value => whole(name, value))

export const texts = (site: Site, name: string): readonly string[] =>
  list(site, name, 's').map(value => decoded(name, value))

const dimensionsOf = (shape: unknown): readonly number[] => {
  const dimensions = field(shape, 'dim') ?? []
  return Array.isArray(dimensions) ? dimensions.map(dimension => whole('shape', field(dimension, 'size') ?? 0)) : []
}

/** The extents in a shape attribute, −1 where they are not known; none where the attribute is absent. */
export const shapeAttribute = (site: Site, name: string): readonly number[] =>
  dimensionsOf(attribute(site, name, 'shape'))

/** The extents of a tensor in a signature. */
export const signatureShape = (entry: unknown): readonly number[] => dimensionsOf(field(entry, 'tensorShape'))

/** The name in front of a reference to a node's output, and which output: `split:1` is 1 of `split`. */
export const outputOf = (reference: string): { readonly name: string; readonly output: number } => {
  const parts = reference.split(':')
  const output = parts.length > 1 ? Number(parts[parts.length - 1]) : 0
  return { name: parts[0], output: Number.isSafeInteger(output) ? output : 0 }
}
