import type { Pair } from '../../../../../ir/op.ts'
import { type Aligned, align, alignTo } from '../arrange.ts'
import { axisOf, integersOf, type OnnxNode, optionalAt, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { dimsOf, extentAlong, nchw, type Of, printDims, viewOf } from '../view.ts'
import { resizeCubic, type Sampling } from './cubic.ts'

const coordinates = ['half-pixel', 'align-corners', 'asymmetric'] as const

const extentAtMost = 1 << 16

interface Along {
  readonly extent: number
  readonly outputs: number
  readonly scale: number
}

/** Where an output pixel samples, by ONNX's `coordinate_transformation_mode`. */
const positionOf = (mode: string, { extent, outputs, scale }: Along, i: number): number => {
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

const clamp = (x: number, extent: number): number => Math.min(Math.max(x, 0), extent - 1)

/** Where the IR's `Resize` samples: see its declaration. */
const ownPosition = (mode: (typeof coordinates)[number], { extent, outputs }: Along, i: number): number => {
  switch (mode) {
    case 'half-pixel':
      return ((i + 0.5) * extent) / outputs - 0.5
    case 'align-corners':
      return outputs === 1 ? 0 : (i * (extent - 1)) / (outputs - 1)
    case 'asymmetric':
      return (i * extent) / outputs
  }
}

const ownNearest = (mode: (typeof coordinates)[number], along: Along, i: number): number => {
  const at = clamp(ownPosition(mode, along, i), along.extent)
  return mode === 'asymmetric' ? Math.floor(at) : Math.min(Math.floor(at + 0.5), along.extent - 1)
}

const samplesAt = (axes: readonly Along[], position: (along: Along, i: number) => number): readonly number[] =>
  axes.flatMap(along => Array.from({ length: along.outputs }, (_, i) => clamp(position(along, i), along.extent)))

/** Extents and scales along every axis, from an input of either; undefined where there is neither. */
const targetsOf = (
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

/** The value with its channels where the op leaves an axis alone: as they are, or as images have them. */
const resizable = (node: OnnxNode, t: Translation): Aligned => {
  const view = align(t, viewAt(node, 0))
  const c = view.layout.indexOf('c')
  const kept = c < 0 || targetsOf(node, dimsOf(view, 1) as readonly number[])[c].scale === 1
  return kept || view.layout.length !== 4 ? view : alignTo(t, view, nchw)
}

const resize: Rule = (node, t) => {
  const view = resizable(node, t)
  const upsample = node.op === 'Upsample'
  const mode = node.text('mode', 'nearest')
  const transformation = node.text(
    'coordinate_transformation_mode',
    upsample || t.opset < 11 ? 'asymmetric' : 'half_pixel',
  )
  const nearest = node.text('nearest_mode', upsample || t.opset < 11 ? 'floor' : 'round_prefer_floor')
  const antialias = node.int('antialias', 0)
  const policy = node.text('keep_aspect_ratio_policy', 'stretch')
  const coefficient = node.float('cubic_coeff_a', -0.75)
  const outside = node.int('exclude_outside', 0)
  node.disregard('extrapolation_value')
  if (mode !== 'nearest' && mode !== 'linear' && mode !== 'cubic')
    return refuse('unsupported-attribute', `mode = ${mode}`, 'nearest, linear or cubic')
  if (policy !== 'stretch') return refuse('unsupported-attribute', `keep_aspect_ratio_policy = ${policy}`, 'stretch')
  const targets = targetsOf(node, dimsOf(view, 1) as readonly number[])
  const along = (of: Of): Along => {
    const at = view.layout.indexOf(of)
    const extent = extentAlong(exampleType(t, view.node), of)
    return { extent, ...(targets[at] ?? { outputs: extent, scale: 1 }) }
  }
  const batch = targets[view.layout.indexOf('n')]
  const fixed = [along('c'), { extent: 1, ...batch }]
  const batchKept = batch.scale === 1 || batch.outputs === t.batch
  if (fixed[0].outputs !== fixed[0].extent || !batchKept)
    return refuse('unsupported-shape', 'channels or examples resized', 'heights and widths only')
  const axes = [along('h'), along('w')] as const
  const [wrong] = axes.filter(({ outputs }) => !(outputs >= 1 && outputs <= extentAtMost))
  if (wrong !== undefined)
    return refuse('unsupported-shape', `a height or width of ${wrong.outputs}`, `1 to ${extentAtMost}`)
  if (axes.every(({ extent, outputs }) => extent === outputs)) return [view]
  if (outside !== 0 && mode === 'cubic')
    return refuse(
      'unsupported-attribute',
      `exclude_outside = ${outside}`,
      '0: pixels beyond the edges are those at them',
    )
  if (antialias !== 0 && mode !== 'nearest' && axes.some(({ extent, outputs }) => outputs < extent))
    return refuse('unsupported-attribute', 'antialias = 1', '0')
  t.room.take(4 * (axes[0].outputs + axes[1].outputs))
  if (mode === 'cubic') {
    const sampling = (of: Along): Sampling => ({ ...of, position: i => positionOf(transformation, of, i) })
    return [resizeCubic(t, view, [sampling(axes[0]), sampling(axes[1])], coefficient, node.name)]
  }
  const wanted = samplesAt(axes, (a, i) => {
    const at = positionOf(transformation, a, i)
    return mode === 'linear' ? at : rounded(nearest, at)
  })
  const same = coordinates.find(candidate =>
    samplesAt(axes, (a, i) => (mode === 'linear' ? ownPosition(candidate, a, i) : ownNearest(candidate, a, i))).every(
      (x, k) => Math.abs(x - wanted[k]) < 1e-5,
    ),
  )
  if (same === undefined)
    return refuse(
      'unsupported-attribute',
      `${mode} resizing by ${transformation}${mode === 'nearest' ? ` and ${nearest}` : ''} to ${axes.map(a => a.outputs).join('×')}`,
      'one that samples as half_pixel, align_corners or asymmetric (rounded down) do',
    )
  const size: Pair = [axes[0].outputs, axes[1].outputs]
  const y = t.build.resize(view.node, size, { method: mode, coordinates: same, name: node.name })
  return [viewOf(y, exampleType(t, y), view.layout)]
}

export const resizing: Readonly<Record<string, Rule>> = { Resize: resize, Upsample: resize }
