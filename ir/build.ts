import type { Element } from './dihedral.ts'
import { type Draft, draft } from './draft.ts'
import type { Graph, NodeId } from './graph.ts'
import type { Dialect, Pair } from './op.ts'
import type { CertaintyMeasure } from './ops/certainty.ts'
import type { AttributesOf } from './ops/index.ts'
import type { BinaryFunction, UnaryFunction } from './ops/pointwise.ts'
import { dilated, type Padding } from './ops/window.ts'
import { shapeOf, type Type } from './type.ts'
import type { Reduction, Transform, VariantReduction } from './variant.ts'

/** A number for both axes, or `[y, x]`. */
export type PerAxis = number | Pair
/** `SAME` as TensorFlow counts it, a pad for all sides, or `[[top, bottom], [left, right]]`. */
export type Pads = 'same' | number | Padding

/** How a window slides over a map. */
export interface SlideOptions {
  readonly strides?: PerAxis
  readonly dilations?: PerAxis
  readonly padding?: Pads
}

const pair = (value: PerAxis): Pair => (typeof value === 'number' ? [value, value] : value)

/** The pads with which TensorFlow's `SAME` gives `⌈n/s⌉` outputs: the odd one goes to the end. */
export const samePads = (extent: number, size: number, stride: number, dilation: number): Pair => {
  const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + dilated(size, dilation) - extent)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/** Builds graphs node by node; every method types what it adds and throws EspalierError on a mismatch. */
export interface Builder {
  readonly draft: Draft
  /** The type of a value. */
  readonly typeOf: (x: NodeId) => Type
  /** An input of the graph. */
  readonly input: (name: string, type: Type) => NodeId
  /** A parameter, whose value is given to who runs the graph. */
  readonly parameter: (name: string, shape: readonly number[]) => NodeId
  /** Cross-correlation: `[h,w,i] × [r,s,i/groups,o] → [h′,w′,o]`. */
  readonly conv2d: (
    x: NodeId,
    filter: NodeId,
    options?: SlideOptions & { readonly groups?: number; readonly name?: string },
  ) => NodeId
  /** `[i] × [i,o] → [o]`. */
  readonly dense: (x: NodeId, weights: NodeId, name?: string) => NodeId
  /** Normalization by given statistics, channel by channel. */
  readonly batchNorm: (
    x: NodeId,
    statistics: readonly [scale: NodeId, offset: NodeId, mean: NodeId, variance: NodeId],
    epsilon: number,
    name?: string,
  ) => NodeId
  /** A function of each value. */
  readonly unary: (
    fn: UnaryFunction,
    x: NodeId,
    constants?: { readonly alpha?: number; readonly beta?: number },
    name?: string,
  ) => NodeId
  /** The larger of each value and 0. */
  readonly relu: (x: NodeId, name?: string) => NodeId
  /** A function of two values, place by place; the smaller is spread over the larger. */
  readonly binary: (fn: BinaryFunction, a: NodeId, b: NodeId, name?: string) => NodeId
  /** The sum. */
  readonly add: (a: NodeId, b: NodeId, name?: string) => NodeId
  /** The product. */
  readonly multiply: (a: NodeId, b: NodeId, name?: string) => NodeId
  /** The largest value of each window. */
  readonly maxPool: (
    x: NodeId,
    size: PerAxis,
    options?: SlideOptions & { readonly ceil?: boolean; readonly name?: string },
  ) => NodeId
  /** The mean of each window. */
  readonly meanPool: (
    x: NodeId,
    size: PerAxis,
    options?: SlideOptions & { readonly ceil?: boolean; readonly countPadding?: boolean; readonly name?: string },
  ) => NodeId
  /** The mean, or the largest, of each channel of a map. */
  readonly globalPool: (x: NodeId, reduction?: 'mean' | 'max', name?: string) => NodeId
  /** The mean, or the largest, of the channels of each pixel of a map, or of a vector. */
  readonly channelPool: (x: NodeId, reduction?: 'mean' | 'max', name?: string) => NodeId
  /** A map with rows, columns and channels of one value around it. */
  readonly pad: (
    x: NodeId,
    padding: Padding,
    options?: { readonly channels?: Pair; readonly value?: number; readonly name?: string },
  ) => NodeId
  /** A map without some of its edges. */
  readonly crop: (x: NodeId, edges: Padding, name?: string) => NodeId
  /** Maps and vectors along channels, shared tensors along `axis`. */
  readonly concat: (inputs: readonly NodeId[], axis?: number, name?: string) => NodeId
  /** Channels of a map or a vector, or a run along `axis` of a shared tensor. */
  readonly slice: (x: NodeId, begin: number, size: number, axis?: number, name?: string) => NodeId
  /** A map as a vector, in this order of its axes. */
  readonly flatten: (x: NodeId, order?: 'hwc' | 'chw', name?: string) => NodeId
  /** A vector as a map of one row and column. */
  readonly unflatten: (x: NodeId, name?: string) => NodeId
  /** A shared tensor in another shape. */
  readonly reshape: (x: NodeId, shape: readonly number[], name?: string) => NodeId
  /** A shared tensor with its axes in another order. */
  readonly transpose: (x: NodeId, permutation: readonly number[], name?: string) => NodeId
  /** A map at another size. */
  readonly resize: (
    x: NodeId,
    size: Pair,
    options?: {
      readonly method?: 'linear' | 'nearest'
      readonly coordinates?: 'half-pixel' | 'align-corners' | 'asymmetric'
      readonly name?: string
    },
  ) => NodeId
  /** Probabilities of a vector of scores, or their logarithms. */
  readonly softmax: (x: NodeId, options?: { readonly log?: boolean; readonly name?: string }) => NodeId
  /** An element of the dihedral group, acting on two axes. */
  readonly act: (element: Element, x: NodeId, axes?: Pair) => NodeId
  /** A transform of a map. */
  readonly transform: (transform: Transform, x: NodeId) => NodeId
  /** Variants of a map, one for each transform, on an axis of that name. */
  readonly branch: (x: NodeId, axis: string, transforms: readonly Transform[]) => NodeId
  /** The scores of all variants as one, of each those where its mask is not 0. */
  readonly reduce: (x: NodeId, reduction: VariantReduction, masks?: readonly NodeId[]) => NodeId
  /** Undoes on each variant of an axis the transform that made it; where it is a mirror, the channels of each pair change places, too. */
  readonly undo: (
    x: NodeId,
    axis: string,
    transforms: readonly Transform[],
    pairs?: readonly (readonly [number, number])[],
  ) => NodeId
  /** How certain the answer of some logits is; by default the margin. */
  readonly certainty: (logits: NodeId, measure?: CertaintyMeasure) => NodeId
  /** `deeper` where the certainty is below the threshold, else `kept`. */
  readonly select: (certainty: NodeId, below: number, kept: NodeId, deeper: NodeId) => NodeId
  /** The scores of some vectors as one; each counts as often as `multiplicity` says. */
  readonly combine: (variants: readonly NodeId[], reduction: Reduction, multiplicity?: readonly number[]) => NodeId
  /** The graph, with these outputs. */
  readonly finish: (outputs: Readonly<Record<string, NodeId>>) => Graph
}

/** The node or nodes that apply one transform to a map. */
export const applyTransform = (d: Draft, transform: Transform, x: NodeId): NodeId => {
  switch (transform.kind) {
    case 'd4':
      return transform.element === 'id' ? x : d.add('Act', [x], { element: transform.element, axes: [0, 1] })
    case 'shift':
      return transform.dy === 0 && transform.dx === 0 ? x : d.add('Shift', [x], { dy: transform.dy, dx: transform.dx })
    case 'rotate':
      return transform.degrees === 0 ? x : d.add('Rotate', [x], { degrees: transform.degrees })
    case 'scale':
      return transform.factor === 1 ? x : d.add('Scale', [x], { factor: transform.factor })
  }
}

/** A builder of a graph in one dialect. Its methods throw an EspalierError where operands do not fit. */
export const builder = (dialect: Dialect = 'flat'): Builder => {
  const d = draft(dialect)
  const typeOf = (x: NodeId): Type => d.nodes[x].type
  const channelAxis = (x: NodeId): number => (typeOf(x).kind === 'Map' ? 2 : 0)
  const paddingOf = (x: NodeId, size: Pair, strides: Pair, dilations: Pair, padding: Pads): Padding => {
    if (padding === 'same') {
      const [h, w] = shapeOf(typeOf(x))
      return [samePads(h, size[0], strides[0], dilations[0]), samePads(w, size[1], strides[1], dilations[1])]
    }
    return typeof padding === 'number'
      ? [
          [padding, padding],
          [padding, padding],
        ]
      : padding
  }
  const slide = (
    x: NodeId,
    size: Pair,
    options: SlideOptions,
  ): Pick<AttributesOf<'Conv2d'>, 'strides' | 'dilations' | 'padding'> => {
    const strides = pair(options.strides ?? 1)
    const dilations = pair(options.dilations ?? 1)
    return { strides, dilations, padding: paddingOf(x, size, strides, dilations, options.padding ?? 0) }
  }
  const binary: Builder['binary'] = (fn, a, b, name) => d.add('Binary', [a, b], { fn }, name)
  const unary: Builder['unary'] = (fn, x, { alpha = 0, beta = 0 } = {}, name) =>
    d.add('Unary', [x], { fn, alpha, beta }, name)
  const pad: Builder['pad'] = (x, padding, { channels = [0, 0] as Pair, value = 0, name } = {}) =>
    d.add('Pad', [x], { padding, channels, value }, name)
  return {
    draft: d,
    typeOf,
    input: (name, type) => d.add('Input', [], { name, type }, name),
    parameter: (name, shape) => d.add('Parameter', [], { name, shape }, name),
    conv2d: (x, filter, options = {}) => {
      const [r, s] = shapeOf(typeOf(filter))
      return d.add('Conv2d', [x, filter], { ...slide(x, [r, s], options), groups: options.groups ?? 1 }, options.name)
    },
    dense: (x, weights, name) => d.add('Dense', [x, weights], {}, name),
    batchNorm: (x, statistics, epsilon, name) => d.add('BatchNorm', [x, ...statistics], { epsilon }, name),
    unary,
    relu: (x, name) => unary('relu', x, {}, name),
    binary,
    add: (a, b, name) => binary('add', a, b, name),
    multiply: (a, b, name) => binary('multiply', a, b, name),
    maxPool: (x, size, options = {}) =>
      d.add(
        'MaxPool',
        [x],
        { size: pair(size), ...slide(x, pair(size), options), ceil: options.ceil ?? false },
        options.name,
      ),
    meanPool: (x, size, options = {}) =>
      d.add(
        'MeanPool',
        [x],
        {
          size: pair(size),
          ...slide(x, pair(size), options),
          ceil: options.ceil ?? false,
          countPadding: options.countPadding ?? false,
        },
        options.name,
      ),
    globalPool: (x, reduction = 'mean', name) => d.add('GlobalPool', [x], { reduction }, name),
    channelPool: (x, reduction = 'mean', name) => d.add('ChannelPool', [x], { reduction }, name),
    pad,
    crop: (x, [[t, b], [l, r]], name) =>
      pad(
        x,
        [
          [0 - t, 0 - b],
          [0 - l, 0 - r],
        ],
        { name },
      ),
    concat: (inputs, axis, name) => d.add('Concat', inputs, { axis: axis ?? channelAxis(inputs[0]) }, name),
    slice: (x, begin, size, axis, name) => d.add('Slice', [x], { axis: axis ?? channelAxis(x), begin, size }, name),
    flatten: (x, order = 'hwc', name) => d.add('Flatten', [x], { order }, name),
    unflatten: (x, name) => d.add('Unflatten', [x], {}, name),
    reshape: (x, shape, name) => d.add('Reshape', [x], { shape }, name),
    transpose: (x, permutation, name) => d.add('Transpose', [x], { permutation }, name),
    resize: (x, size, { method = 'linear', coordinates = 'half-pixel', name } = {}) =>
      d.add('Resize', [x], { size, method, coordinates }, name),
    softmax: (x, { log = false, name } = {}) => d.add('Softmax', [x], { log }, name),
    act: (element, x, axes = [0, 1]) => d.add('Act', [x], { element, axes }),
    transform: (transform, x) => applyTransform(d, transform, x),
    branch: (x, axis, transforms) => d.add('Branch', [x], { axis, transforms }),
    reduce: (x, reduction, masks = []) => d.add('Reduce', [x, ...masks], { reduction }),
    undo: (x, axis, transforms, pairs = []) => d.add('Undo', [x], { axis, transforms, pairs }),
    certainty: (logits, measure = 'margin') => d.add('Certainty', [logits], { measure }),
    select: (certainty, below, kept, deeper) => d.add('Select', [certainty, kept, deeper], { below }),
    combine: (variants, reduction, multiplicity = variants.map(() => 1)) =>
      d.add('Combine', variants, { reduction, multiplicity }),
    finish: outputs => d.finish(Object.entries(outputs).map(([name, node]) => ({ name, node }))),
  }
}
