import { axisOf, integersOf, type OnnxNode, optionalAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { printDims } from '../view.ts'

/** What ONNX's `Resize` and `Upsample` say: to which extents, and where a number of the result is taken from. */

/** An axis that is resized: how many numbers it has, how many it comes to, and by which factor. */
export interface Along {
  readonly extent: number
  readonly outputs: number
  readonly scale: number
}

/** Where an output pixel samples, by ONNX's `coordinate_transformation_mode`. */
export const positionOf = (mode: string, { extent, outputs, scale }: Along, i: number): number => {
  switch (mode) {
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5
    case 'pytorch_half_pixel':
      return outputs > 1 ? (i + 0.5) / scale - 0.5 : 0
    case 'half_pixel_symmetric': {
      const adjustment = outputs / (scale * extent)
      return (extent / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5
    }
    case 'align_corners':
      return outputs === 1 ? 0 : (i * (extent - 1)) / (outputs - 1)
    case 'asymmetric':
      return i / scale
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale
    default:
      return refuse(
        'unsupported-attribute',
        `coordinate_transformation_mode = ${mode}`,
        'half_pixel, pytorch_half_pixel, align_corners or asymmetric',
      )
  }
}

/** A position as that of one number, by ONNX's `nearest_mode`. */
export const rounded = (mode: string, x: number): number => {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5)
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5)
    case 'floor':
      return Math.floor(x)
    case 'ceil':
      return Math.ceil(x)
    default:
      return refuse('unsupported-attribute', `nearest_mode = ${mode}`, 'floor, ceil or a rounding')
  }
}

/** How numbers of the result are made, as the attributes say. */
export interface Resampling {
  readonly mode: 'nearest' | 'linear' | 'cubic'
  readonly transformation: string
  /** How a position becomes that of one number. */
  readonly nearest: string
  readonly coefficient: number
  readonly excludeOutside: number
  readonly antialias: number
}

/** @throws Refusal where there is another way of it */
export const resamplingOf = (node: OnnxNode, opset: number): Resampling => {
  const mode = node.text('mode', 'nearest')
  const policy = node.text('keep_aspect_ratio_policy', 'stretch')
  node.disregard('extrapolation_value')
  if (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic')
    return refuse('unsupported-attribute', `mode = ${mode}`, 'nearest, linear or cubic')
  if (policy !== 'stretch') return refuse('unsupported-attribute', `keep_aspect_ratio_policy = ${policy}`, 'stretch')
  // `Upsample`, and `Resize` before it had a choice.
  const plain = node.op === 'Upsample' || opset < 11
  return {
    mode,
    transformation: node.text('coordinate_transformation_mode', plain ? 'asymmetric' : 'half_pixel'),
    nearest: node.text('nearest_mode', plain ? 'floor' : 'round_prefer_floor'),
    coefficient: node.float('cubic_coeff_a', -0.75),
    excludeOutside: node.int('exclude_outside', 0),
    antialias: node.int('antialias', 0),
  }
}

/** Extents and scales along every axis, from an input of either; undefined where there is neither. */
export const targetsOf = (
  node: OnnxNode,
  dims: readonly number[],
): readonly { readonly outputs: number; readonly scale: number }[] => {
  const upsample = node.op === 'Upsample'
  const [scalesAt, sizesAt] = upsample || node.inputs.length === 2 ? [1, -1] : [2, 3]
  const list = (at: number): readonly number[] | undefined => {
    const value = at < 0 ? undefined : optionalAt(node, at)
    // A batch of open size stands for itself, as 1.
    return value === undefined || value.values.length === 0
      ? undefined
      : integersOf(value).map(d => (d === 'n' ? 1 : d))
  }
  const listed = node.ints('axes')?.map(axis => axisOf(axis, dims.length))
  const spread = (values: readonly number[], otherwise: (axis: number) => number): readonly number[] => {
    if (values.length !== (listed?.length ?? dims.length))
      return refuse('malformed-file', `scales or sizes ${printDims(values)}`, 'one for each axis')
    return dims.map((_, axis) =>
      listed === undefined ? values[axis] : (values[listed.indexOf(axis)] ?? otherwise(axis)),
    )
  }
  const sizes = list(sizesAt)
  const scales = list(scalesAt) ?? node.floats('scales')
  if (sizes !== undefined)
    return spread(sizes, axis => dims[axis]).map((outputs, axis) => ({ outputs, scale: outputs / dims[axis] }))
  if (scales === undefined) return refuse('malformed-file', 'neither scales nor sizes', 'one of them')
  return spread(scales, () => 1).map((scale, axis) => ({ outputs: Math.floor(dims[axis] * scale + 1e-6), scale }))
}
