import { sizeOf, stridesOf } from '../../../../../ir/tensor.ts'
import { type Constant, constant, elementName, elementOf, isWhole, stored, uniform } from '../constant.ts'
import { axesOf, axisOf, constantAt, numbersOf, type OnnxNode, optionalAt, scalarOf } from '../node.ts'
import { refuse } from '../refuse.ts'
import { computed, type Fold, reshaped, strided } from './fold.ts'
import { filled, made } from './room.ts'

const given: Fold = node => {
  const value = node.tensor('value')
  const int = node.int('value_int', Number.NaN)
  const float = node.float('value_float', Number.NaN)
  const ints = node.ints('value_ints')
  const floats = node.floats('value_floats')
  if (value !== undefined) return [{ ...value, name: node.output }]
  if (ints !== undefined) return [constant(node.output, [ints.length], ints, 'int64')]
  if (floats !== undefined) return [constant(node.output, [floats.length], Float32Array.from(floats), 'float')]
  if (!Number.isNaN(int)) return [constant(node.output, [], [int], 'int64')]
  if (!Number.isNaN(float)) return [constant(node.output, [], [float], 'float')]
  return refuse('unsupported-attribute', 'a constant of another kind', 'value, value_int(s) or value_float(s)')
}

const ofShape: Fold = (node, { room }) => {
  const value = node.tensor('value')
  const dims = filled(room, numbersOf(constantAt(node, 0)))
  return [uniform(node.output, dims, value === undefined ? 0 : scalarOf(value), value?.type ?? 'float')]
}

const shape: Fold = node => {
  const { dims } = constantAt(node, 0)
  const part = dims.slice(node.int('start', 0), node.int('end', dims.length))
  return [constant(node.output, [part.length], part, 'int64')]
}

const size: Fold = node => [constant(node.output, [], [constantAt(node, 0).values.length], 'int64')]

const slice: Fold = (node, { room }) => {
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
  if ([ends, axes, steps].some(list => list.length !== starts.length) || new Set(axes).size !== axes.length)
    return refuse('malformed-file', `${starts.length} starts and ${ends.length} ends`, 'one of each for an axis')
  const strides = [...stridesOf(x.dims)]
  const dims = [...x.dims]
  let start = 0
  axes.forEach((axis, k) => {
    const extent = x.dims[axis]
    const step = steps[k] || refuse('malformed-file', 'a step of 0', 'another')
    const end = (value: number): number => (value < 0 ? value + extent : value)
    const clamp = (value: number, most: number): number =>
      step > 0 ? Math.min(Math.max(value, 0), extent) : Math.min(Math.max(value, most), extent - 1)
    const from = clamp(end(starts[k]), 0)
    dims[axis] = Math.max(0, Math.ceil((clamp(end(ends[k]), -1) - from) / step))
    start += from * strides[axis]
    strides[axis] *= step
  })
  return [strided(node.output, x, room, dims, strides, start)]
}

const split: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const axis = axisOf(node.int('axis', 0), x.dims.length)
  const extent = x.dims[axis]
  const count = node.int('num_outputs', node.outputCount)
  const input = optionalAt(node, 1)
  const each = Math.ceil(extent / Math.max(1, count))
  const sizes =
    node.ints('split') ??
    (input === undefined
      ? Array.from({ length: node.outputCount }, (_, k) => Math.max(0, Math.min(each, extent - k * each)))
      : numbersOf(input))
  if (count !== node.outputCount || sizes.length !== count || sizes.reduce((a, b) => a + b, 0) !== extent)
    return refuse('malformed-file', `${extent} values in parts of ${sizes.join(', ')}`, `${count} that fill them`)
  const strides = stridesOf(x.dims)
  let begin = 0
  return sizes.map((part, k) => {
    const dims = x.dims.map((d, at) => (at === axis ? part : d))
    const start = begin * strides[axis]
    begin += part
    return strided(`${node.output}.${k}`, x, room, dims, strides, start)
  })
}

const unsqueeze: Fold = node => {
  const x = constantAt(node, 0)
  const wanted = axesOf(node, 1) ?? []
  const rank = x.dims.length + wanted.length
  const axes = new Set(wanted.map(axis => axisOf(axis, rank)))
  if (axes.size !== wanted.length) return refuse('malformed-file', `axes ${wanted.join(', ')}`, 'each once')
  let next = 0
  return [
    reshaped(
      x,
      Array.from({ length: rank }, (_, k) => (axes.has(k) ? 1 : x.dims[next++])),
    ),
  ]
}

const squeeze: Fold = node => {
  const x = constantAt(node, 0)
  const axes = axesOf(node, 1)?.map(axis => axisOf(axis, x.dims.length))
  return [
    reshaped(
      x,
      x.dims.filter((d, k) => (axes === undefined ? d !== 1 : !axes.includes(k))),
    ),
  ]
}

const reshape: Fold = node => {
  const x = constantAt(node, 0)
  const zeroIsZero = node.int('allowzero', 0) !== 0
  return [
    reshaped(
      x,
      numbersOf(constantAt(node, 1)).map((d, k) => (d === 0 && !zeroIsZero ? (x.dims[k] ?? 0) : d)),
    ),
  ]
}

const flatten: Fold = node => {
  const x = constantAt(node, 0)
  const axis = node.int('axis', 1)
  const at = axis === x.dims.length ? axis : axisOf(axis, x.dims.length)
  return [reshaped(x, [sizeOf(x.dims.slice(0, at)), sizeOf(x.dims.slice(at))])]
}

const transpose: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const permutation = node.ints('perm') ?? x.dims.map((_, k) => x.dims.length - 1 - k)
  if ([...permutation].sort((a, b) => a - b).some((axis, k) => axis !== k) || permutation.length !== x.dims.length)
    return refuse('malformed-file', `perm = ${permutation.join(', ')}`, `each of ${x.dims.length} axes once`)
  const strides = stridesOf(x.dims)
  const pick = (of: readonly number[]): readonly number[] => permutation.map(axis => of[axis])
  return [strided(node.output, x, room, pick(x.dims), pick(strides))]
}

const same: Fold = node => [constantAt(node, 0)]

const dropout: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const training = optionalAt(node, 2)
  node.disregard('ratio', 'seed')
  if (training !== undefined && scalarOf(training) !== 0)
    return refuse('unsupported-attribute', 'training_mode = true', 'false', 'export the network in evaluation mode')
  return node.outputCount < 2 ? [x] : [x, computed(`${node.output}.mask`, x.dims, 'bool', room, () => 1)]
}

const converted = (node: OnnxNode, x: Constant, to: Constant['type'], take: (values: number) => void): Constant => {
  if (x.type === to) return x
  take(x.values.length)
  const toWhole = isWhole(to) && !isWhole(x.type)
  const one = (v: number): number => (to === 'bool' ? Number(v !== 0) : toWhole ? Math.trunc(v) : v)
  const values = Array.from(x.values, v => (v === 'n' ? (to === 'bool' ? 1 : v) : one(v)))
  // Rounded to nothing else than it was, a weight keeps its name: several uses of it stay one parameter.
  return constant(node.output, x.dims, stored(to, values), to)
}

const cast: Fold = (node, { room }) => {
  const code = node.int('to', 0)
  node.disregard('saturate', 'round_mode')
  const to = elementOf(code) ?? refuse('unsupported-attribute', `a cast to ${elementName(code)}`, 'a number')
  return [converted(node, constantAt(node, 0), to, room.take)]
}

const castLike: Fold = (node, { room }) => {
  node.disregard('saturate', 'round_mode')
  return [converted(node, constantAt(node, 0), constantAt(node, 1).type, room.take)]
}

const range: Fold = (node, { room }) => {
  const [start, limit, step] = [0, 1, 2].map(at => scalarOf(constantAt(node, at)))
  if (step === 0) return refuse('malformed-file', 'a range by steps of 0', 'another step')
  const count = Math.max(0, Math.ceil((limit - start) / step))
  return [computed(node.output, [count], constantAt(node, 0).type, room, k => start + k * step)]
}

const identityMatrix: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const [rows, columns] = x.dims
  if (x.dims.length !== 2) return refuse('malformed-file', `a matrix of rank ${x.dims.length}`, '2')
  const code = node.int('dtype', 0)
  const diagonal = node.int('k', 0)
  const type = code === 0 ? x.type : (elementOf(code) ?? refuse('unsupported-type', elementName(code), 'a number'))
  return [
    computed(node.output, [rows, columns], type, room, k =>
      Number((k % columns) - Math.floor(k / columns) === diagonal),
    ),
  ]
}

const triangle: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const [rows, columns] = x.dims.slice(-2)
  const given = optionalAt(node, 1)
  const diagonal = given === undefined ? 0 : scalarOf(given)
  const upper = node.int('upper', 1) !== 0
  if (x.dims.length < 2) return refuse('malformed-file', `a matrix of rank ${x.dims.length}`, '2 or more')
  return [
    computed(node.output, x.dims, x.type, room, k => {
      const above = (k % columns) - (Math.floor(k / columns) % rows)
      return (upper ? above >= diagonal : above <= diagonal) ? x.values[k] : 0
    }),
  ]
}

const tile: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const repeats = numbersOf(constantAt(node, 1))
  if (repeats.length !== x.dims.length)
    return refuse('malformed-file', `${repeats.length} repeats of ${x.dims.length} axes`, 'one for each axis')
  // Each axis as two: the copies, which do not move, and the values.
  const dims = made(
    room,
    x.dims.map((d, k) => d * repeats[k]),
  )
  const strides = stridesOf(x.dims)
  const pairs = strided(
    node.output,
    x,
    room,
    x.dims.flatMap((d, k) => [repeats[k], d]),
    strides.flatMap(s => [0, s]),
  )
  return [constant(node.output, dims, pairs.values, x.type)]
}

/** Constants arranged anew. */
export const shapeFolds: Readonly<Record<string, Fold>> = {
  Constant: given,
  ConstantOfShape: ofShape,
  Shape: shape,
  Size: size,
  Slice: slice,
  Split: split,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Identity: same,
  Dropout: dropout,
  Cast: cast,
  CastLike: castLike,
  Range: range,
  EyeLike: identityMatrix,
  Trilu: triangle,
  Tile: tile,
}
