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

const rounded = (mode: string, x: number): number => {
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

/** Whether positions are those of `Upsample`, or of `Resize` before it had a choice. */
const isPlain = (node: OnnxNode, opset: number): boolean => node.op === 'Upsample' || opset < 11

export const transformationOf = (node: OnnxNode, opset: number): string =>
  node.text('coordinate_transformation_mode', isPlain(node, opset) ? 'asymmetric' : 'half_pixel')

export const nearestModeOf = (node: OnnxNode, opset: number): string =>
  node.text('nearest_mode', isPlain(node, opset) ? 'floor' : 'round_prefer_floor')

/** How a position becomes that of one number. */
export const nearestOf = (node: OnnxNode, opset: number): ((x: number) => number) => {
  const mode = nearestModeOf(node, opset)
  return x => rounded(mode, x)
}

/** Keys' cubic convolution: the weight of a pixel so far from where it is sampled. */
export const cubic = (a: number, distance: number): number => {
  const x = Math.abs(distance)
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
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
