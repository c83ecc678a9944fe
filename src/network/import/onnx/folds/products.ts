import { sizeOf, stridesOf } from '../../../../../ir/tensor.ts'
import { type Constant, constant, type ElementName, elementOf, isWhole, stored } from '../constant.ts'
import { axisOf, constantAt, numbersOf, type OnnxNode, optionalAt, valuesOf } from '../node.ts'
import { refuse } from '../refuse.ts'
import { printDims } from '../view.ts'
import { halfToEven } from './elementwise.ts'
import { commonDims, computed, type Fold, type Folding, positions, readerOf } from './fold.ts'
import { made, type Room } from './room.ts'

/** `[…, m, k] × […, k, n]`: a vector is a row on the left and a column on the right. */
const multiplied = (name: string, a: Constant, b: Constant, room: Room): Constant => {
  if (a.dims.length === 0 || b.dims.length === 0 || a.type !== b.type)
    return refuse('malformed-file', `${a.type} ${printDims(a.dims)} × ${b.type} ${printDims(b.dims)}`, 'matrices')
  const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims
  const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims
  const [m, k] = left.slice(-2)
  const [depth, n] = right.slice(-2)
  if (k !== depth) return refuse('malformed-file', `${printDims(a.dims)} × ${printDims(b.dims)}`, 'one extent inside')
  const outer = commonDims([left.slice(0, -2), right.slice(0, -2)])
  const dims = [...outer, ...(a.dims.length === 1 ? [] : [m]), ...(b.dims.length === 1 ? [] : [n])]
  made(room, [...outer, m, n], k)
  const lead = (own: readonly number[]): readonly number[] => {
    const strides = stridesOf(own)
    const missing = outer.length - (own.length - 2)
    return outer.map((_, axis) => (axis < missing || own[axis - missing] === 1 ? 0 : strides[axis - missing]))
  }
  const [rows, columns] = [left, right].map(own => positions(room, outer, lead(own), 0))
  const [x, y] = [valuesOf(a), valuesOf(b)]
  const values = new Float64Array(sizeOf(dims))
  let to = 0
  for (let o = 0; o < rows.length; o++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let d = 0; d < k; d++) sum += x[rows[o] + i * k + d] * y[columns[o] + d * n + j]
        values[to++] = sum
      }
  return constant(name, dims, stored(a.type, values), a.type)
}

const matMul: Fold = (node, { room }) => [multiplied(node.output, constantAt(node, 0), constantAt(node, 1), room)]

const turned = (x: Constant, room: Room): Constant => {
  const [rows, columns] = x.dims
  const { values } = x
  return computed(x.name, [columns, rows], x.type, room, k => values[(k % rows) * columns + Math.floor(k / rows)])
}

const gemm: Fold = (node, { room }) => {
  const matrix = (at: number, name: string): Constant => {
    const x = constantAt(node, at)
    const transposed = node.int(name, 0) !== 0
    if (x.dims.length !== 2) return refuse('malformed-file', `a matrix ${printDims(x.dims)}`, 'two axes')
    return transposed ? turned(x, room) : x
  }
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)]
  const product = multiplied(node.output, matrix(0, 'transA'), matrix(1, 'transB'), room)
  const bias = optionalAt(node, 2)
  const added = bias === undefined ? () => 0 : readerOf(bias, product.dims, room)
  const values = valuesOf(product)
  return [computed(node.output, product.dims, product.type, room, k => alpha * values[k] + beta * (added(k) as number))]
}

/** By the statistics it is given, or in training mode by its input's own. */
const batchNorm: Fold = (node, { opset, room }) => {
  const x = constantAt(node, 0)
  const epsilon = node.float('epsilon', 1e-5)
  const momentum = node.float('momentum', 0.9)
  const training = node.int('training_mode', 0) !== 0
  node.disregard('spatial')
  if (opset < 14 && node.outputCount > 1)
    return refuse('unsupported-attribute', 'batch normalization with outputs for training', 'one output')
  const channels = x.dims[1] ?? refuse('malformed-file', `a value ${printDims(x.dims)}`, 'channels on axis 1')
  const inner = sizeOf(x.dims.slice(2))
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map(at => {
    const list = numbersOf(constantAt(node, at))
    return list.length === channels
      ? list
      : refuse('wrong-weights', `${list.length} statistics`, `${channels}, one a channel`)
  })
  const values = valuesOf(x)
  const channelOf = (k: number): number => Math.floor(k / inner) % channels
  made(room, x.dims, 2)
  const own = (f: (value: number, c: number) => number): readonly number[] => {
    const sums = new Array<number>(channels).fill(0)
    for (let k = 0; k < values.length; k++) sums[channelOf(k)] += f(values[k], channelOf(k))
    return sums.map(sum => sum / (values.length / channels))
  }
  const means = training ? own(value => value) : mean
  const variances = training ? own((value, c) => (value - means[c]) ** 2) : variance
  const running = (old: readonly number[], now: readonly number[], k: number): Constant => {
    const blend = old.map((v, c) => v * momentum + now[c] * (1 - momentum))
    return constant(`${node.output}.${k}`, [channels], stored(x.type, blend), x.type)
  }
  const y = computed(node.output, x.dims, x.type, room, k => {
    const c = channelOf(k)
    return ((values[k] - means[c]) / Math.sqrt(variances[c] + epsilon)) * scale[c] + bias[c]
  })
  return training ? [y, running(mean, means, 1), running(variance, variances, 2)] : [y]
}

const softmax =
  (log: boolean): Fold =>
  (node, { opset, room }) => {
    const x = constantAt(node, 0)
    const axis = axisOf(node.int('axis', opset < 13 ? 1 : -1), x.dims.length)
    const inner = opset < 13 ? 1 : sizeOf(x.dims.slice(axis + 1))
    const extent = opset < 13 ? sizeOf(x.dims.slice(axis)) : x.dims[axis]
    const values = valuesOf(x)
    made(room, x.dims, 3)
    const out = new Float64Array(values.length)
    for (let row = 0; row < values.length / Math.max(1, extent); row++) {
      const first = Math.floor(row / inner) * extent * inner + (row % inner)
      let largest = Number.NEGATIVE_INFINITY
      for (let k = 0; k < extent; k++) largest = Math.max(largest, values[first + k * inner])
      let sum = 0
      for (let k = 0; k < extent; k++) sum += Math.exp(values[first + k * inner] - largest)
      for (let k = 0; k < extent; k++) {
        const shifted = values[first + k * inner] - largest
        out[first + k * inner] = log ? shifted - Math.log(sum) : Math.exp(shifted) / sum
      }
    }
    return [constant(node.output, x.dims, stored(x.type, out), x.type)]
  }

/** A scale and a zero point for each position: one for all, or one along an axis. */
const quantization = (
  node: OnnxNode,
  { room }: Folding,
): {
  readonly x: Constant
  readonly scale: (k: number) => number
  readonly zero: (k: number) => number
  readonly scaleType: ElementName
  readonly zeroType: ElementName | undefined
} => {
  const x = constantAt(node, 0)
  const scale = constantAt(node, 1)
  const zero = optionalAt(node, 2)
  if (node.int('block_size', 0) !== 0) return refuse('unsupported-attribute', 'block_size', 'a scale for an axis')
  const rank = x.dims.length
  const alongAxis = node.int('axis', 1)
  const place = (list: Constant): ((k: number) => number) => {
    const values = numbersOf(list)
    if (values.length === 1) return () => values[0]
    const axis = axisOf(alongAxis, rank)
    const shape = x.dims.map((d, k) => (k === axis ? d : 1))
    if (values.length !== x.dims[axis])
      return refuse(
        'malformed-file',
        `${values.length} scales or zero points`,
        `${x.dims[axis]}, one along axis ${axis}`,
      )
    return readerOf(constant('', shape, values, list.type), x.dims, room) as (k: number) => number
  }
  return {
    x,
    scale: place(scale),
    zero: zero === undefined ? () => 0 : place(zero),
    scaleType: scale.type,
    zeroType: zero?.type,
  }
}

const dequantize: Fold = (node, folding) => {
  const { x, scale, zero, scaleType } = quantization(node, folding)
  const values = valuesOf(x)
  const type = elementOf(node.int('output_dtype', 0)) ?? scaleType
  return [computed(node.output, x.dims, type, folding.room, k => (values[k] - zero(k)) * scale(k))]
}

const ranges: Readonly<Partial<Record<ElementName, readonly [number, number]>>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
}

const quantize: Fold = (node, folding) => {
  const { x, scale, zero, zeroType = 'uint8' } = quantization(node, folding)
  node.disregard('saturate')
  if (node.int('output_dtype', 0) !== 0) return refuse('unsupported-attribute', 'output_dtype', 'a zero point')
  const [low, high] = ranges[zeroType] ?? refuse('unsupported-type', zeroType, 'whole numbers of 8 or 16 bits')
  const values = valuesOf(x)
  if (isWhole(x.type)) return refuse('unsupported-type', `quantization of ${x.type}`, 'floating-point values')
  return [
    computed(node.output, x.dims, zeroType, folding.room, k =>
      Math.min(Math.max(halfToEven(Math.fround(Math.fround(values[k]) / scale(k))) + zero(k), low), high),
    ),
  ]
}

/** Constants multiplied, normalized and rescaled. */
export const productFolds: Readonly<Record<string, Fold>> = {
  MatMul: matMul,
  Gemm: gemm,
  BatchNormalization: batchNorm,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  DequantizeLinear: dequantize,
  QuantizeLinear: quantize,
}
