import { excerpt } from '../../../../../ir/index.ts'
import type { Constant, Example, Value } from '../canvas.ts'
import type { Site } from '../graph/node.ts'
import { graphRules } from '../graph/rules.ts'
import { refuse } from '../refusal.ts'
import type { Argument } from './call.ts'
import type { Layer, LayerRule } from './layer.ts'

/** A function that a model calls as it calls layers. */
interface Operation {
  /** TensorFlow's op for it. */
  readonly op: string
  /** The names of what comes after the first operand. */
  readonly takes?: readonly string[]
  /** The op's attributes, from what the call or the configuration names. */
  readonly attributes?: (named: (key: string) => unknown) => Site['node']['attr']
}

type Operations = Readonly<Record<string, Operation>>

/** Functions of the same operands, by their ops. */
const taking = (takes: readonly string[], ops: Readonly<Record<string, string>>): Operations =>
  Object.fromEntries(Object.entries(ops).map(([name, op]) => [name, { op, takes }]))

const reductions = (ops: Readonly<Record<string, string>>): Operations =>
  Object.fromEntries(
    Object.entries(ops).map(([name, op]) => [
      name,
      { op, takes: ['axis'], attributes: named => ({ keep_dims: { b: named('keepdims') === true } }) },
    ]),
  )

const blocks: Operation['attributes'] = named => ({ block_size: { i: named('block_size') } })

/** TensorFlow's functions, by the names under which Keras 2 keeps calls of them. */
const functions: Operations = {
  ...taking([], {
    identity: 'Identity',
    'math.abs': 'Abs',
    'math.exp': 'Exp',
    'math.log': 'Log',
    'math.negative': 'Neg',
    'math.reciprocal': 'Reciprocal',
    'math.rsqrt': 'Rsqrt',
    'math.sigmoid': 'Sigmoid',
    'math.softplus': 'Softplus',
    'math.sqrt': 'Sqrt',
    'math.square': 'Square',
    'math.tanh': 'Tanh',
    'nn.elu': 'Elu',
    'nn.relu': 'Relu',
    'nn.relu6': 'Relu6',
    'nn.selu': 'Selu',
    'nn.sigmoid': 'Sigmoid',
    'nn.tanh': 'Tanh',
  }),
  ...taking(['y'], {
    '__operators__.add': 'AddV2',
    'math.add': 'AddV2',
    'math.divide': 'RealDiv',
    'math.maximum': 'Maximum',
    'math.minimum': 'Minimum',
    'math.multiply': 'Mul',
    'math.pow': 'Pow',
    'math.squared_difference': 'SquaredDifference',
    'math.subtract': 'Sub',
    'math.truediv': 'RealDiv',
  }),
  ...reductions({ 'math.reduce_max': 'Max', 'math.reduce_mean': 'Mean', 'math.reduce_sum': 'Sum' }),
  ...taking(['clip_value_min', 'clip_value_max'], { clip_by_value: 'ClipByValue' }),
  ...taking(['axis'], { concat: 'ConcatV2' }),
  ...taking(['shape'], { reshape: 'Reshape' }),
  'nn.depth_to_space': { op: 'DepthToSpace', attributes: blocks },
  'nn.space_to_depth': { op: 'SpaceToDepth', attributes: blocks },
}

/** Keras 3's operations, by class. */
const operations: Operations = {
  ...taking([], {
    Abs: 'Abs',
    Absolute: 'Abs',
    Exp: 'Exp',
    Log: 'Log',
    Negative: 'Neg',
    Reciprocal: 'Reciprocal',
    Relu: 'Relu',
    Relu6: 'Relu6',
    Rsqrt: 'Rsqrt',
    Selu: 'Selu',
    Sigmoid: 'Sigmoid',
    Softplus: 'Softplus',
    Sqrt: 'Sqrt',
    Square: 'Square',
    Tanh: 'Tanh',
  }),
  ...taking(['x2'], {
    Add: 'AddV2',
    Divide: 'RealDiv',
    Maximum: 'Maximum',
    Minimum: 'Minimum',
    Multiply: 'Mul',
    Power: 'Pow',
    Subtract: 'Sub',
    TrueDivide: 'RealDiv',
  }),
  ...reductions({ Max: 'Max', Mean: 'Mean', Sum: 'Sum' }),
  ...taking(['x_min', 'x_max'], { Clip: 'ClipByValue' }),
  ...taking(['axis'], { Concatenate: 'ConcatV2' }),
}

/** Numbers in nested lists of equal lengths. */
const constantOf = (name: string, value: unknown): Constant => {
  const shape: number[] = []
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length)
  const data = [value].flat(shape.length)
  return data.length === shape.reduce((a, b) => a * b, 1) && data.every(Number.isFinite)
    ? { kind: 'constant', name, value: { shape, data: Float64Array.from(data as number[]) }, fixed: true }
    : refuse('unsupported-attribute', excerpt(value), 'numbers')
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null

const exampleOf = (made: Value | readonly Value[]): Example =>
  'kind' in made && made.kind === 'example'
    ? made
    : refuse('unsupported-op', 'a function of constants', 'one of values computed from the image')

const applied =
  ({ op, takes = [], attributes = () => ({}) }: Operation): LayerRule =>
  ({ canvas, name, call, config, inputs }: Layer) => {
    const operand = (argument: Argument, place: string): Value =>
      'read' in argument ? inputs[argument.read] : constantOf(`${name}/${place}`, argument.value)
    const named = (key: string): Argument => (Object.hasOwn(call.named, key) ? call.named[key] : { value: config[key] })
    const settingOf = (key: string): unknown => (named(key) as { readonly value?: unknown }).value
    const byPlace = call.positional.map((argument, at) => operand(argument, `operand ${at}`))
    const byName = takes.flatMap(key =>
      'read' in named(key) || isThere(settingOf(key)) ? [operand(named(key), key)] : [],
    )
    const node = { name, op, attr: attributes(settingOf) }
    return exampleOf(
      (graphRules.get(op) as (site: Site) => Value)({ canvas, name, node, inputs: [...byPlace, ...byName] }),
    )
  }

/** The rule for a function of TensorFlow's or Keras's that a model calls as it calls layers. */
export const operationRule = (operation: string): LayerRule | undefined => {
  const known = [functions, operations].find(table => Object.hasOwn(table, operation))
  return known === undefined ? undefined : applied(known[operation])
}
