import { either as E } from 'fp-ts'
import { type AttributesOf, ops, shapeOf, sharedType, sizeOf, type Tensor, type Type } from '../../../../ir/index.ts'
import type { BinaryFunction, UnaryFunction } from '../../../../ir/ops/pointwise.ts'
import {
  asMap,
  asVector,
  type Canvas,
  type Constant,
  type Example,
  isVectorLike,
  like,
  scalar,
  type Value,
  withChannels,
} from './canvas.ts'
import { refuse } from './refusal.ts'

interface Constants {
  readonly alpha?: number
  readonly beta?: number
}

/** Computes with numbers that are known now, as the IR's op of that tag does. */
export const fold = <T extends 'Unary' | 'Binary' | 'Reshape' | 'Transpose' | 'Slice' | 'Concat'>(
  c: Canvas,
  name: string,
  tag: T,
  operands: readonly Constant[],
  attributes: AttributesOf<T>,
): Constant => {
  const { infer, evaluate } = ops[tag] as unknown as {
    readonly infer: (
      operands: readonly Type[],
      a: AttributesOf<T>,
    ) => E.Either<{ seen: string; expected: string }, Type>
    readonly evaluate: (operands: readonly Tensor[], a: AttributesOf<T>, typing: object) => Tensor
  }
  const values = operands.map(operand => operand.value)
  const types = values.map(value => sharedType(value.shape))
  const result = infer(types, attributes)
  if (E.isLeft(result)) return refuse('unsupported-shape', result.left.seen, result.left.expected)
  c.charge(sizeOf(shapeOf(result.right)))
  const value = evaluate(values, attributes, { operands: types, result: result.right })
  const fixed = operands.every(operand => operand.fixed === true)
  return { kind: 'constant', name, value: { shape: shapeOf(result.right), data: value.data }, fixed }
}

export const unary = (
  c: Canvas,
  name: string,
  fn: UnaryFunction,
  x: Value,
  { alpha = 0, beta = 0 }: Constants = {},
): Value =>
  x.kind === 'constant'
    ? fold(c, name, 'Unary', [x], { fn, alpha, beta })
    : like(x, c.builder.unary(fn, x.node, { alpha, beta }, name))

/** Extents aligned at the last axes, or null where they disagree. */
const broadcast = (a: readonly number[], b: readonly number[]): readonly number[] | null => {
  const rank = Math.max(a.length, b.length)
  const shape = Array.from({ length: rank }, (_, k) => {
    const m = a[k - rank + a.length] ?? 1
    const n = b[k - rank + b.length] ?? 1
    return m === n || n === 1 ? m : m === 1 ? n : Number.NaN
  })
  return shape.some(Number.isNaN) ? null : shape
}

const disagree = (a: readonly number[], b: readonly number[]): never =>
  refuse('unsupported-shape', `operands [${a}] and [${b}] of each example`, 'shapes that agree, axes of extent 1 aside')

const withConstant = (
  c: Canvas,
  name: string,
  fn: BinaryFunction,
  x: Example,
  y: Constant,
  swapped: boolean,
): Example => {
  const first = y.value.shape.findIndex(n => n !== 1)
  const own = first < 0 ? [] : y.value.shape.slice(first)
  const shape = broadcast(x.shape, own)
  if (shape === null || own.length > x.shape.length || y.value.shape.length > x.shape.length + 1)
    return disagree(x.shape, y.value.shape)
  const grows = String(shape) !== String(x.shape)
  const node = own.length === 0 ? x.node : grows && !isVectorLike(shape) ? asMap(c, x) : withChannels(c, x)
  const add = y.fixed === true ? c.table : c.parameter
  const constant = add(y.name, { shape: own, data: y.value.data })
  const [left, right] = swapped ? [constant, node] : [node, constant]
  return { kind: 'example', node: c.builder.binary(fn, left, right, name), shape }
}

/** A function of two values, broadcast as TensorFlow does it. */
export const binary = (c: Canvas, name: string, fn: BinaryFunction, x: Value, y: Value): Value => {
  if (x.kind === 'constant')
    return y.kind === 'constant' ? fold(c, name, 'Binary', [x, y], { fn }) : withConstant(c, name, fn, y, x, true)
  if (y.kind === 'constant') return withConstant(c, name, fn, x, y, false)
  const shape = broadcast(x.shape, y.shape)
  if (shape === null || x.shape.length !== y.shape.length) return disagree(x.shape, y.shape)
  const alike =
    String(x.shape) === String(y.shape) &&
    String(shapeOf(c.builder.typeOf(x.node))) === String(shapeOf(c.builder.typeOf(y.node)))
  const settle = isVectorLike(x.shape) && isVectorLike(y.shape) ? asVector : asMap
  const [left, right] = alike ? [x.node, y.node] : [settle(c, x), settle(c, y)]
  return { kind: 'example', node: c.builder.binary(fn, left, right, name), shape }
}

/** A value times a number that is in the model's definition and not among its weights. */
export const scaled = (c: Canvas, x: Example, factor: number): Example =>
  like(x, c.builder.multiply(x.node, scalar(c, factor)))

/** Probabilities over the last axis, of a vector or of each pixel of a map: `log` for their logarithms. */
export const softmax = (c: Canvas, name: string, x: Example, log = false): Example =>
  like(x, c.builder.softmax(isVectorLike(x.shape) ? asVector(c, x) : asMap(c, x), { log, name }))

/** `x` where it is positive, `slope · x` elsewhere, with trained slopes. */
export const prelu = (c: Canvas, name: string, x: Example, slope: Constant): Example => {
  const b = c.builder
  const below = unary(c, name, 'relu', like(x, b.unary('negate', x.node)))
  const bent = binary(c, name, 'multiply', below, slope)
  return bent.kind === 'example' && String(bent.shape) === String(x.shape)
    ? like(x, b.binary('subtract', settled(c, x, bent), bent.node, name))
    : disagree(x.shape, slope.value.shape)
}

/** The rectified node of x, in the form (map or vector) that another value of its shape has. */
const settled = (c: Canvas, x: Example, other: Example): number =>
  c.builder.relu(c.builder.typeOf(other.node).kind === 'Vector' ? asVector(c, x) : asMap(c, x))
