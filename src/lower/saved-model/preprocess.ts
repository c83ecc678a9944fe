import type { Preprocess } from '../../data/index.ts'
import { reshape, slice } from './arrange.ts'
import { flag, format, text } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'

const cast = (emit: Emitter, x: Value, to: 'float32' | 'int32'): Value =>
  emit.node('Cast', [x], { SrcT: format(x.format), DstT: format(to) }, to)

const int32s = (emit: Emitter, values: readonly number[]): Value => emit.constant([values.length], values, 'int32')

const over = (axis: number, emit: Emitter) =>
  [int32s(emit, [axis]), { Tidx: format('int32'), keep_dims: flag(true) }] as const

/** ITU-R 601-2's luma in 16 bits, as Pillow's `convert('L')` rounds it. */
const emitLuma = (emit: Emitter, pixels: Value): Value => {
  const weighted = emit.node('Mul', [cast(emit, pixels, 'int32'), int32s(emit, [19595, 38470, 7471])])
  const [axis, attributes] = over(3, emit)
  const sum = emit.node('Sum', [weighted, axis], attributes)
  return emit.node('FloorDiv', [emit.node('AddV2', [sum, int32s(emit, [0x8000])]), int32s(emit, [0x10000])])
}

/** Height and width that sides are resized to, `[2]`: the shorter to a length, the longer cut to whole pixels or rounded; or both to a size. */
const emitExtents = (emit: Emitter, sides: Value, { size, resize, resize_to, longer_side }: Preprocess): Value => {
  if (resize !== 'shorter-side' || resize_to === undefined) return int32s(emit, size)
  const [axis, attributes] = over(0, emit)
  const shorter = emit.node('Min', [sides, axis], attributes)
  const times = (x: Value, factor: number): Value => emit.node('Mul', [x, int32s(emit, [factor])])
  return longer_side === 'rounded'
    ? emit.node('FloorDiv', [emit.node('AddV2', [times(sides, 2 * resize_to), shorter]), times(shorter, 2)])
    : emit.node('FloorDiv', [times(sides, resize_to), shorter])
}

/** Where the centre of a size begins, half of an odd margin rounded to the even side. */
const emitMargin = (emit: Emitter, extents: Value, size: readonly number[]): Value => {
  const margin = emit.node('Sub', [extents, int32s(emit, size)])
  const two = int32s(emit, [2])
  const half = emit.node('FloorDiv', [margin, two])
  const odd = emit.node('Mul', [emit.node('FloorMod', [margin, two]), emit.node('FloorMod', [half, two])])
  return emit.node('AddV2', [half, odd])
}

/** `pixel · scale / std − mean / std`, channel by channel. */
const emitNormalization = (emit: Emitter, pixels: Value, { scale = 1, mean = [0], std = [1] }: Preprocess): Value => {
  const count = Math.max(mean.length, std.length)
  const at = (list: readonly number[], k: number): number => (list.length === 1 ? list[0] : list[k])
  const each = (of: (mean: number, std: number) => number): Value =>
    emit.constant(
      [count],
      Array.from({ length: count }, (_, k) => of(at(mean, k), at(std, k))),
      'float32',
    )
  const scaled = emit.node('Mul', [pixels, each((_, s) => scale / s)])
  return emit.node('AddV2', [scaled, each((m, s) => -m / s)])
}

/**
 * Emits how pixels `[n, h, w, 3]`, bytes of red, green and blue of any height and width, become a network's input: grey where it has one channel, resized
 * bilinearly with antialiasing of which the centre alone is computed, rounded once where Pillow rounds after each axis, normalized.
 */
export const emitPreprocess = (emit: Emitter, pixels: Value, preprocess: Preprocess): Value => {
  const coloured = preprocess.channels === 1 ? emitLuma(emit, pixels) : pixels
  const shape = emit.node('Shape', [pixels], { out_type: format('int32') }, 'int32')
  const sides = slice(emit, shape, [1], [2])
  const extents = emitExtents(emit, sides, preprocess)
  const scale = emit.node('RealDiv', [cast(emit, extents, 'float32'), cast(emit, sides, 'float32')])
  const from = emit.node('Neg', [cast(emit, emitMargin(emit, extents, preprocess.size), 'float32')])
  const fitted = emit.node(
    'ScaleAndTranslate',
    [cast(emit, coloured, 'float32'), int32s(emit, preprocess.size), scale, from],
    { kernel_type: text('triangle'), antialias: flag(true) },
  )
  const known = reshape(emit, emit.node('Round', [fitted]), [-1, ...preprocess.size, preprocess.channels ?? 3])
  return emitNormalization(emit, known, preprocess)
}
