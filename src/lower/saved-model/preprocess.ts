import type { Preprocess } from '../../data/index.ts'
import { concat, reshape, slice } from './arrange.ts'
import { flag, format, text } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'

const cast = (emit: Emitter, x: Value, to: 'float32' | 'int32'): Value =>
  emit.node('Cast', [x], { SrcT: format(x.format), DstT: format(to) }, to)

const int32s = (emit: Emitter, values: readonly number[]): Value => emit.constant([values.length], values, 'int32')

const float = (emit: Emitter, shape: readonly number[], value: number): Value =>
  emit.constant(shape, [value], 'float32')

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

/** Where the centre of a size begins, half of an odd margin rounded to the even side, or cut down. */
const emitMargin = (emit: Emitter, extents: Value, { size, crop }: Preprocess): Value => {
  const margin = emit.node('Sub', [extents, int32s(emit, size)])
  const two = int32s(emit, [2])
  const half = emit.node('FloorDiv', [margin, two])
  if (crop === 'center-floor') return half
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

/** How an image is resized, of which a part is computed: to how many pixels a side, by which factors, and from where on, all `[2]`. */
interface Fit {
  readonly size: Value
  readonly scale: Value
  readonly from: Value
}

const resampled = (emit: Emitter, x: Value, { size, scale, from }: Fit, kernel: 'triangle' | 'keyscubic'): Value => {
  const attributes = { kernel_type: text(kernel), antialias: flag(true) }
  const levels = emit.node('Round', [emit.node('ScaleAndTranslate', [x, size, scale, from], attributes)])
  // A cubic kernel reaches beyond what it is between.
  return kernel === 'triangle' ? levels : emit.node('Minimum', [emit.node('Relu', [levels]), float(emit, [], 255)])
}

/** A fit along columns alone, and along rows. */
const byAxes = (emit: Emitter, { size, scale, from }: Fit, height: Value): readonly Fit[] => {
  const rows = (of: Value): Value => slice(emit, of, [0], [1])
  const columns = (of: Value): Value => slice(emit, of, [1], [1])
  const [one, none] = [float(emit, [1], 1), float(emit, [1], 0)]
  const pair = (first: Value, second: Value): Value => concat(emit, [first, second], 0)
  return [
    { size: pair(height, columns(size)), scale: pair(one, columns(scale)), from: pair(none, columns(from)) },
    { size, scale: pair(rows(scale), one), from: pair(rows(from), none) },
  ]
}

/**
 * Emits how pixels `[n, h, w, 3]`, bytes of red, green and blue of any height and width, become a network's input: grey where it has one channel, resized
 * with antialiasing of which the centre alone is computed, normalized. Bilinearly it is rounded once where Pillow rounds after each axis; bicubically columns come before
 * rows here, too, for what is cut off in between shows.
 */
export const emitPreprocess = (emit: Emitter, pixels: Value, preprocess: Preprocess): Value => {
  const coloured = preprocess.channels === 1 ? emitLuma(emit, pixels) : pixels
  const shape = emit.node('Shape', [pixels], { out_type: format('int32') }, 'int32')
  const sides = slice(emit, shape, [1], [2])
  const extents = emitExtents(emit, sides, preprocess)
  const fit: Fit = {
    size: int32s(emit, preprocess.size),
    scale: emit.node('RealDiv', [cast(emit, extents, 'float32'), cast(emit, sides, 'float32')]),
    from: emit.node('Neg', [cast(emit, emitMargin(emit, extents, preprocess), 'float32')]),
  }
  const levels = cast(emit, coloured, 'float32')
  const fitted =
    preprocess.interpolation === 'bicubic'
      ? byAxes(emit, fit, slice(emit, sides, [0], [1])).reduce(
          (x, axis) => resampled(emit, x, axis, 'keyscubic'),
          levels,
        )
      : resampled(emit, levels, fit, 'triangle')
  return emitNormalization(emit, reshape(emit, fitted, [-1, ...preprocess.size, preprocess.channels ?? 3]), preprocess)
}
