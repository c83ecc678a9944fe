import type { Pair } from '../../../ir/index.ts'
import { flag, format, text, whole, wholes } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'

/** Numbers moved about, none computed: TensorFlow's ops with their int32 operands made constants. */

const int32s = (emit: Emitter, values: readonly number[]): Value => emit.constant([values.length], values, 'int32')
const int32 = (emit: Emitter, value: number): Value => emit.constant([], [value], 'int32')

const indexed = (attribute: string) => ({ [attribute]: format('int32') })

/** An extent of −1 is what is left. */
export const reshape = (emit: Emitter, x: Value, shape: readonly number[]): Value =>
  emit.node('Reshape', [x, int32s(emit, shape)], indexed('Tshape'))

export const transpose = (emit: Emitter, x: Value, permutation: readonly number[]): Value =>
  emit.node('Transpose', [x, int32s(emit, permutation)], indexed('Tperm'))

export const reverse = (emit: Emitter, x: Value, axes: readonly number[]): Value =>
  axes.length === 0 ? x : emit.node('ReverseV2', [x, int32s(emit, axes)], indexed('Tidx'))

/** A run of each axis; a size of −1 is all that is left of it. */
export const slice = (emit: Emitter, x: Value, begin: readonly number[], size: readonly number[]): Value =>
  emit.node('Slice', [x, int32s(emit, begin), int32s(emit, size)], indexed('Index'))

export const pad = (emit: Emitter, x: Value, pads: readonly (readonly [number, number])[], value: number): Value =>
  emit.node(
    'PadV2',
    [x, emit.constant([pads.length, 2], pads.flat(), 'int32'), emit.constant([], [value], x.format)],
    indexed('Tpaddings'),
  )

export const concat = (emit: Emitter, xs: readonly Value[], axis: number): Value =>
  xs.length === 1
    ? xs[0]
    : emit.node('ConcatV2', [...xs, int32(emit, axis)], { N: whole(xs.length), ...indexed('Tidx') })

/** As many parts of the same extent along an axis. */
export const split = (emit: Emitter, x: Value, axis: number, parts: number): readonly Value[] => {
  const first = emit.node('Split', [int32(emit, axis), x], { T: format(x.format), num_split: whole(parts) }, x.format)
  return Array.from({ length: parts }, (_, index) => ({ ...first, index }))
}

/** The slices of one axis at positions, in their order. */
export const gatherAt = (emit: Emitter, x: Value, positions: Value, axis: number): Value =>
  emit.node('GatherV2', [x, positions, int32(emit, axis)], {
    Tparams: format(x.format),
    Tindices: format(positions.format),
    ...indexed('Taxis'),
    batch_dims: whole(0),
  })

/** The slices of one axis that a list of positions names, in its order. */
export const gather = (emit: Emitter, x: Value, positions: readonly number[], axis: number): Value =>
  gatherAt(emit, x, int32s(emit, positions), axis)

/** Of a map `[n, h, w, c]`, some rows or columns: `count` of them, every `step`-th from `begin`. */
export const stride = (emit: Emitter, x: Value, axis: 1 | 2, begin: number, step: number, count: number): Value => {
  const along = (value: number, rest: number): Value =>
    int32s(
      emit,
      [0, 1, 2, 3].map(k => (k === axis ? value : rest)),
    )
  const others = 0b1111 ^ (1 << axis)
  return emit.node('StridedSlice', [x, along(begin, 0), along(begin + (count - 1) * step + 1, 0), along(step, 1)], {
    ...indexed('Index'),
    begin_mask: whole(others),
    end_mask: whole(others),
  })
}

/** Of a map, every `stride`-th pixel: a pool of one pixel, since strided slices take fifteen times as long. */
export const everyNth = (emit: Emitter, x: Value, strides: Pair): Value =>
  Math.max(...strides) === 1
    ? x
    : emit.node('AvgPool', [x], {
        ksize: wholes([1, 1, 1, 1]),
        strides: wholes([1, ...strides, 1]),
        padding: text('VALID'),
        data_format: text('NHWC'),
      })

/** A map and pads after it in shares on the batch axis, each of pixels so far apart. */
export const spaceToBatch = (emit: Emitter, x: Value, apart: Pair, rest: readonly Pair[]): Value =>
  emit.node('SpaceToBatchND', [x, int32s(emit, apart), emit.constant([2, 2], rest.flat(), 'int32')], {
    ...indexed('Tblock_shape'),
    ...indexed('Tpaddings'),
  })

/** The map of such shares, less what the pads after it became. */
export const batchToSpace = (emit: Emitter, x: Value, apart: Pair, rest: readonly Pair[]): Value =>
  emit.node('BatchToSpaceND', [x, int32s(emit, apart), emit.constant([2, 2], rest.flat(), 'int32')], {
    ...indexed('Tblock_shape'),
    ...indexed('Tcrops'),
  })

/** Means, maxima or sums over some axes, which go. */
export const reduce = (
  emit: Emitter,
  op: 'Mean' | 'Max' | 'Sum',
  x: Value,
  axes: readonly number[],
  keep = false,
): Value => emit.node(op, [x, int32s(emit, axes)], { ...indexed('Tidx'), keep_dims: flag(keep) })

export const cast = (emit: Emitter, x: Value, to: Value['format']): Value =>
  x.format === to ? x : emit.node('Cast', [x], { SrcT: format(x.format), DstT: format(to), Truncate: flag(false) }, to)

/** One number in the format of a value. */
export const scalarLike = (emit: Emitter, x: Value, value: number): Value => emit.constant([], [value], x.format)
