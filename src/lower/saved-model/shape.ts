import { isPerExample, type Pair, shapeOf } from '../../../ir/index.ts'
import { resampled } from '../../../ir/ops/shape.ts'
import * as arrange from './arrange.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

export const constant: Lowering<'Constant'> = (emit, _, { shape, values }) => emit.constant(shape, values, 'float32')

/** Pads all add or all cut off. */
export const pad: Lowering<'Pad'> = (emit, [x], { padding, channels, value }, { result }) => {
  const pads = [[0, 0] as const, ...padding, channels]
  const below = value === 'lowest' ? Number.NEGATIVE_INFINITY : value
  if (pads.flat().every(n => n >= 0)) return arrange.pad(emit, x, pads, below)
  const begin = pads.map(([before]) => 0 - before)
  const size = [-1, ...shapeOf(result).map((n, k) => (k === 2 && Math.max(...channels.map(Math.abs)) === 0 ? -1 : n))]
  return arrange.slice(emit, x, begin, size)
}

export const concat: Lowering<'Concat'> = (emit, inputs, { axis }, { result }) =>
  arrange.concat(emit, inputs, isPerExample(result) ? axis + 1 : axis)

export const slice: Lowering<'Slice'> = (emit, [x], { axis, begin, size }, { result }) => {
  const batch = isPerExample(result) ? 1 : 0
  const along = (at: number, rest: number): readonly number[] =>
    Array.from({ length: shapeOf(result).length + batch }, (_, k) => (k === axis + batch ? at : rest))
  return arrange.slice(emit, x, along(begin, 0), along(size, -1))
}

export const flatten: Lowering<'Flatten'> = (emit, [x], { order }, { result }) =>
  arrange.reshape(emit, order === 'hwc' ? x : arrange.transpose(emit, x, [0, 3, 1, 2]), [-1, ...shapeOf(result)])

export const unflatten: Lowering<'Unflatten'> = (emit, [x], _, { result }) =>
  arrange.reshape(emit, x, [-1, ...shapeOf(result)])

export const reshape: Lowering<'Reshape'> = (emit, [x], { shape }) => arrange.reshape(emit, x, shape)

export const transpose: Lowering<'Transpose'> = (emit, [x], { permutation }, { result }) =>
  arrange.transpose(emit, x, isPerExample(result) ? [0, ...permutation.map(k => k + 1)] : permutation)

type Samples = ReturnType<typeof resampled>

/** One axis, sampled between neighbours. TensorFlow's own kernels round positions in float32, and XLA lacks some. */
const sampled = (emit: Emitter, x: Value, axis: 1 | 2, samples: Samples): Value => {
  const take = (of: (sample: Samples[number]) => number): Value => arrange.gather(emit, x, samples.map(of), axis)
  const low = take(([at]) => at)
  if (samples.every(([, , weight]) => weight === 0)) return low
  const shape = axis === 1 ? [samples.length, 1, 1] : [samples.length, 1]
  const weights = (of: (weight: number) => number): Value =>
    emit.constant(
      shape,
      samples.map(([, , weight]) => of(weight)),
      x.format,
    )
  return emit.node('AddV2', [
    emit.node('Mul', [low, weights(weight => 1 - weight)]),
    emit.node('Mul', [take(([, at]) => at), weights(weight => weight)]),
  ])
}

export const resize: Lowering<'Resize'> = (emit, [x], { size, method, coordinates }, { operands }) => {
  const [h, w] = shapeOf(operands[0])
  const [rows, columns] = ([h, w] as Pair).map((n, k) => resampled(n, size[k], method, coordinates))
  return sampled(emit, sampled(emit, x, 1, rows), 2, columns)
}
