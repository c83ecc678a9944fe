import { gather as readStrided } from '../../../ir/dihedral.ts'
import { sizeOf, stridesOf } from '../../../ir/tensor.ts'
import { type Constant, constant, elementName, isFloating, type Scalar } from './constant.ts'
import { elementwiseFolds, exceptBatch } from './fold-elementwise.ts'
import { checkedDims, type Fold } from './fold-size.ts'
import { axesOf, axisOf, constantAt, integersOf, numbersOf, type OnnxNode, optionalAt } from './node.ts'
import { refuse } from './refuse.ts'
import { printDims } from './view.ts'

/** Values read through strides: large ones stay in a typed array. */
const strided = (
  node: OnnxNode,
  x: Constant,
  dims: readonly number[],
  strides: readonly number[],
  start: number,
): Constant => {
  if (x.values instanceof Float32Array || x.values instanceof Float64Array) {
    const { data } = readStrided({ shape: x.dims, data: x.values }, dims, strides, start)
    return constant(node.output, dims, data, x.whole)
  }
  const positions = readStrided(
    { shape: [x.values.length], data: Float64Array.from(x.values, (_, k) => k) },
    dims,
    strides,
    start,
  ).data
  return constant(
    node.output,
    dims,
    Array.from(positions, k => x.values[k]),
    x.whole,
  )
}

/** The same values: they keep their name, so that two uses of them stay one parameter. */
const reshaped = (x: Constant, dims: readonly number[]): Constant => {
  const known = dims.reduce((n, d) => (d === -1 ? n : n * d), 1)
  const shape = dims.map(d => (d === -1 ? x.values.length / known : d))
  return sizeOf(shape) === x.values.length
    ? constant(x.name, checkedDims(shape, x.values.length), x.values, x.whole)
    : refuse('malformed-file', `${x.values.length} values under shape ${printDims(dims)}`, 'a shape that they fill')
}

const given: Fold = node => {
  const value = node.tensor('value')
  const int = node.int('value_int', Number.NaN)
  const float = node.float('value_float', Number.NaN)
  const ints = node.ints('value_ints')
  const floats = node.floats('value_floats')
  if (value !== undefined) return { ...value, name: node.output }
  if (ints !== undefined) return constant(node.output, [ints.length], ints, true)
  if (floats !== undefined) return constant(node.output, [floats.length], floats, false)
  if (!Number.isNaN(int)) return constant(node.output, [], [int], true)
  if (!Number.isNaN(float)) return constant(node.output, [], [float], false)
  return refuse('unsupported-attribute', 'a constant of another kind', 'value, value_int(s) or value_float(s)')
}

const filled: Fold = node => {
  const dims = checkedDims(numbersOf(constantAt(node, 0)))
  const value = node.tensor('value')
  const [fill] = value === undefined ? [0] : numbersOf(value)
  return constant(
    node.output,
    dims,
    Array.from({ length: sizeOf(dims) }, () => fill),
    value?.whole ?? false,
  )
}

const shape: Fold = node => {
  const { dims } = constantAt(node, 0)
  const part = dims.slice(node.int('start', 0), node.int('end', dims.length))
  return constant(node.output, [part.length], part, true)
}

const gather: Fold = node => {
  const x = constantAt(node, 0)
  const axis = axisOf(node.int('axis', 0), x.dims.length)
  const at = constantAt(node, 1)
  const extent = x.dims[axis]
  const indices = numbersOf(at).map(i => axisOf(i, extent))
  const inner = sizeOf(x.dims.slice(axis + 1))
  const outer = sizeOf(x.dims.slice(0, axis))
  const dims = checkedDims([...x.dims.slice(0, axis), ...at.dims, ...x.dims.slice(axis + 1)])
  const values: Scalar[] = []
  for (let o = 0; o < outer; o++)
    for (const index of indices) for (let k = 0; k < inner; k++) values.push(x.values[(o * extent + index) * inner + k])
  return constant(node.output, dims, values, x.whole)
}

const concat: Fold = node => {
  const inputs = node.inputs.map((_, at) => constantAt(node, at))
  const [first] = inputs
  const axis = axisOf(node.int('axis', 0), first.dims.length)
  const extent = inputs.reduce((n, x) => n + (x.dims[axis] ?? Number.NaN), 0)
  const dims = checkedDims(first.dims.map((d, k) => (k === axis ? extent : d)))
  const values: Scalar[] = []
  for (let o = 0; o < sizeOf(first.dims.slice(0, axis)); o++)
    for (const x of inputs) {
      const run = sizeOf(x.dims.slice(axis))
      for (let k = 0; k < run; k++) values.push(x.values[o * run + k])
    }
  return values.length === sizeOf(dims)
    ? constant(node.output, dims, values, first.whole)
    : refuse(
        'malformed-file',
        `constants of shapes ${inputs.map(x => printDims(x.dims)).join(', ')}`,
        'one shape, the axis aside',
      )
}

const slice: Fold = node => {
  const x = constantAt(node, 0)
  const read = (name: string, at: number): readonly number[] | undefined => {
    const attribute = node.ints(name)
    const input = optionalAt(node, at)
    return attribute ?? (input === undefined ? undefined : numbersOf(input))
  }
  const starts = read('starts', 1) ?? []
  const ends = read('ends', 2) ?? []
  const axes = (read('axes', 3) ?? starts.map((_, k) => k)).map(a => axisOf(a, x.dims.length))
  const steps = read('steps', 4) ?? starts.map(() => 1)
  const strides = [...stridesOf(x.dims)]
  const dims = [...x.dims]
  let start = 0
  axes.forEach((axis, k) => {
    const extent = x.dims[axis]
    const step = steps[k] || refuse('malformed-file', 'a step of 0', 'another')
    const end = (value: number): number => (value < 0 ? value + extent : value)
    const clamp = (value: number): number =>
      step > 0 ? Math.min(Math.max(value, 0), extent) : Math.min(Math.max(value, -1), extent - 1)
    const from = clamp(end(starts[k]))
    dims[axis] = Math.max(0, Math.ceil((clamp(end(ends[k])) - from) / step))
    start += from * strides[axis]
    strides[axis] *= step
  })
  return strided(node, x, dims, strides, start)
}

const unsqueeze: Fold = node => {
  const x = constantAt(node, 0)
  const wanted = axesOf(node, 1) ?? []
  const rank = x.dims.length + wanted.length
  const axes = wanted.map(axis => axisOf(axis, rank))
  let next = 0
  return reshaped(
    x,
    Array.from({ length: rank }, (_, k) => (axes.includes(k) ? 1 : x.dims[next++])),
  )
}

const squeeze: Fold = node => {
  const x = constantAt(node, 0)
  const axes = axesOf(node, 1)?.map(axis => axisOf(axis, x.dims.length))
  return reshaped(
    x,
    x.dims.filter((d, k) => (axes === undefined ? d !== 1 : !axes.includes(k))),
  )
}

const reshape: Fold = node => {
  const x = constantAt(node, 0)
  const zeroIsZero = node.int('allowzero', 0) !== 0
  return reshaped(
    x,
    numbersOf(constantAt(node, 1)).map((d, k) => (d === 0 && !zeroIsZero ? x.dims[k] : d)),
  )
}

const transpose: Fold = node => {
  const x = constantAt(node, 0)
  const permutation = (node.ints('perm') ?? x.dims.map((_, k) => x.dims.length - 1 - k)).map(a =>
    axisOf(a, x.dims.length),
  )
  const strides = stridesOf(x.dims)
  return strided(
    node,
    x,
    permutation.map(axis => x.dims[axis]),
    permutation.map(axis => strides[axis]),
    0,
  )
}

const same: Fold = node => {
  node.disregard('ratio', 'seed')
  return constantAt(node, 0)
}

const cast: Fold = node => {
  const x = constantAt(node, 0)
  const to = node.int('to', 0)
  node.disregard('saturate')
  if (isFloating(to)) return x.whole ? { ...x, whole: false } : x
  if (elementName(to).startsWith('element type'))
    return refuse('unsupported-attribute', `a cast to ${elementName(to)}`, 'a number')
  const bool = elementName(to) === 'bool'
  return constant(
    x.name,
    x.dims,
    Array.from(x.values, v => (v === 'n' ? v : bool ? Number(v !== 0) : Math.trunc(v))),
    true,
  )
}

const range: Fold = node => {
  const [start, limit, step] = [0, 1, 2].map(at => numbersOf(constantAt(node, at))[0])
  const [size] = checkedDims([Math.max(0, Math.ceil((limit - start) / step))])
  return constant(
    node.output,
    [size],
    Array.from({ length: size }, (_, k) => start + k * step),
    constantAt(node, 0).whole,
  )
}

const product: Fold = node => {
  const x = constantAt(node, 0)
  node.disregard('axes', 'keepdims')
  const total = integersOf(x).reduce((a, b) => (a === 'n' || b === 'n' ? exceptBatch(1)([a, b]) : a * b), 1)
  return constant(node.output, [], [total], x.whole)
}

export const folds: Readonly<Record<string, Fold>> = {
  Constant: given,
  ConstantOfShape: filled,
  Shape: shape,
  Gather: gather,
  Concat: concat,
  Slice: slice,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Reshape: reshape,
  Transpose: transpose,
  Identity: same,
  Dropout: same,
  Cast: cast,
  ...elementwiseFolds,
  Range: range,
  ReduceProd: product,
}
