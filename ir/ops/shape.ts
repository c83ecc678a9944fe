import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { actOnPair, gather, motionOf } from '../dihedral.ts'
import { type Action, Count, defineOp, mismatch, Real } from '../op.ts'
import { sizeOf, stridesOf, zeros } from '../tensor.ts'
import {
  Extent,
  isPerExample,
  mapType,
  printType,
  sameShape,
  shapeOf,
  sharedType,
  type Type,
  vectorType,
} from '../type.ts'
import { actOnPadding, Extents, Padding } from './window.ts'

/** Axes of the value itself; the batch axis of a per-example value comes before them. */
const withShape = (type: Type, shape: readonly number[]): Type => {
  switch (type.kind) {
    case 'Map':
      return mapType(shape[0], shape[1], shape[2])
    case 'Vector':
      return vectorType(shape[0])
    case 'Shared':
      return sharedType(shape)
  }
}

/** The one axis that values of a map may be cut and joined along; a vector has no other. */
const channelAxis = (type: Type): number | null => (type.kind === 'Map' ? 2 : null)

/** Where an act sinks through what is done along one axis. */
const keepsTheAxis = {
  text: 'g does not act on the axis',
  from: (g: Action, { axis }: { readonly axis: number }) => !g.axes.includes(axis),
} as const

/** A constant border of rows, columns and channels; negative pads crop: `[h, w, c] → [h + t + b, w + l + r, c + before + after]`. */
export const pad = defineOp({
  tag: 'Pad',
  operands: ['input'],
  attributes: {
    padding: Padding,
    channels: t.readonly(t.tuple([Count, Count])),
    value: t.union([Real, t.literal('lowest')]),
  },
  infer: ([input], { padding, channels }) => {
    if (input.kind !== 'Map') return mismatch(printType(input), 'a Map as input')
    const pads = [...padding, channels]
    const shape = shapeOf(input).map((n, axis) => n + pads[axis][0] + pads[axis][1])
    const cropped = shapeOf(input).findIndex((n, axis) => shape[axis] < 1 || -pads[axis][0] >= n || -pads[axis][1] >= n)
    if (cropped >= 0)
      return mismatch(`${printType(input)} under pads ${JSON.stringify(pads)}`, 'at least one pixel and channel left')
    return E.right(mapType(shape[0], shape[1], shape[2]))
  },
  evaluate: ([input], { padding: [[top], [left]], channels: [first], value }, { result }) => {
    const [n, h, w, c] = input.shape
    const [oh, ow, oc] = shapeOf(result)
    const out = zeros([n, oh, ow, oc])
    out.data.fill(value === 'lowest' ? Number.NEGATIVE_INFINITY : value)
    for (let b = 0; b < n; b++)
      for (let y = Math.max(0, -top); y < h && y + top < oh; y++)
        for (let x = Math.max(0, -left); x < w && x + left < ow; x++)
          for (let i = Math.max(0, -first); i < c && i + first < oc; i++)
            out.data[((b * oh + y + top) * ow + x + left) * oc + i + first] = input.data[((b * h + y) * w + x) * c + i]
    return out
  },
  equivariance: {
    law: 'sink-through-pad',
    precision: 'exact',
    symbol: 'p',
    result: 'moves',
    attributes: {
      text: 'g⁻¹·p',
      from: ({ element }, p) => ({ ...p, padding: actOnPadding(element, p.padding) }),
    },
  },
})

/** Values one after another: maps and vectors along channels, shared tensors along any axis. */
export const concat = defineOp({
  tag: 'Concat',
  operands: ['inputs', '…'],
  attributes: { axis: Count },
  infer: (inputs, { axis }) => {
    const [first] = inputs
    const wanted = channelAxis(first) ?? axis
    const shape = [...shapeOf(first)]
    if (axis !== wanted || axis < 0 || axis >= shape.length)
      return mismatch(`axis ${axis} of ${printType(first)}`, `axis ${channelAxis(first) ?? 'within the rank'}`)
    for (const other of inputs.slice(1)) {
      const extents = shapeOf(other)
      if (
        other.kind !== first.kind ||
        extents.length !== shape.length ||
        extents.some((n, k) => k !== axis && n !== shape[k])
      )
        return mismatch(`${printType(first)} and ${printType(other)}`, `the same extents but for axis ${axis}`)
      shape[axis] += extents[axis]
    }
    return E.right(withShape(first, shape))
  },
  evaluate: (inputs, { axis }, { operands }) => {
    const at = isPerExample(operands[0]) ? axis + 1 : axis
    const shape = [...inputs[0].shape]
    shape[at] = inputs.reduce((n, x) => n + x.shape[at], 0)
    const out = zeros(shape)
    const outer = sizeOf(shape.slice(0, at))
    let to = 0
    for (let o = 0; o < outer; o++)
      for (const { shape, data } of inputs) {
        const run = sizeOf(shape.slice(at))
        for (let i = 0; i < run; i++) out.data[to++] = data[o * run + i]
      }
    return out
  },
  equivariance: {
    law: 'sink-through-concat',
    precision: 'exact',
    symbol: 'axis',
    result: 'moves',
    when: keepsTheAxis,
  },
})

/** A run of channels (of a map or a vector), or a run along any axis of a shared tensor. */
export const slice = defineOp({
  tag: 'Slice',
  operands: ['input'],
  attributes: { axis: Count, begin: Count, size: Extent },
  infer: ([input], { axis, begin, size }) => {
    const shape = [...shapeOf(input)]
    const wanted = channelAxis(input) ?? axis
    if (axis !== wanted || axis < 0 || axis >= shape.length || begin < 0 || begin + size > shape[axis])
      return mismatch(
        `${begin} to ${begin + size} along axis ${axis} of ${printType(input)}`,
        `a run inside axis ${wanted}`,
      )
    shape[axis] = size
    return E.right(withShape(input, shape))
  },
  evaluate: ([input], { axis, begin, size }, { operands }) => {
    const at = isPerExample(operands[0]) ? axis + 1 : axis
    const strides = stridesOf(input.shape)
    return gather(
      input,
      input.shape.map((n, k) => (k === at ? size : n)),
      strides,
      begin * strides[at],
    )
  },
  equivariance: { law: 'sink-through-slice', precision: 'exact', symbol: 'run', result: 'moves', when: keepsTheAxis },
})

/** All pixels in one vector: row by row with channels last (`hwc`), or channel by channel (`chw`, as PyTorch flattens). */
export const flatten = defineOp({
  tag: 'Flatten',
  operands: ['input'],
  attributes: { order: t.keyof({ hwc: null, chw: null }) },
  infer: ([input]) =>
    input.kind === 'Map'
      ? E.right(vectorType(input.h * input.w * input.c))
      : mismatch(printType(input), 'a Map as input'),
  evaluate: ([input], { order }) => {
    const [n, h, w, c] = input.shape
    const shape = [n, h * w * c]
    return order === 'hwc'
      ? { shape, data: input.data }
      : { shape, data: gather(input, [n, c, h, w], [h * w * c, 1, w * c, c], 0).data }
  },
})

/** A vector as a map of one pixel: `[c] → [1, 1, c]`. */
export const unflatten = defineOp({
  tag: 'Unflatten',
  operands: ['input'],
  attributes: {},
  infer: ([input]) =>
    input.kind === 'Vector' ? E.right(mapType(1, 1, input.c)) : mismatch(printType(input), 'a Vector as input'),
  evaluate: ([input]) => ({ shape: [input.shape[0], 1, 1, input.shape[1]], data: input.data }),
})

/** The same numbers of a shared tensor, in the same order, under another shape. */
export const reshape = defineOp({
  tag: 'Reshape',
  operands: ['input'],
  attributes: { shape: t.readonlyArray(Extent) },
  infer: ([input], { shape }) => {
    if (input.kind !== 'Shared') return mismatch(printType(input), 'a shared tensor')
    return sizeOf(shape) === sizeOf(input.shape)
      ? E.right(sharedType(shape))
      : mismatch(printType(input), `${sizeOf(shape)} values`)
  },
  evaluate: ([input], { shape }) => ({ shape, data: input.data }),
})

/** Axes of a map (`h, w, c`) or of a shared tensor in another order: axis k of the result is axis `permutation[k]`. */
export const transpose = defineOp({
  tag: 'Transpose',
  operands: ['input'],
  attributes: { permutation: t.readonlyArray(Count) },
  infer: ([input], { permutation }) => {
    const shape = shapeOf(input)
    const sorted = [...permutation].sort((a, b) => a - b)
    if (
      input.kind === 'Vector' ||
      !sameShape(
        sorted,
        shape.map((_, k) => k),
      )
    )
      return mismatch(
        `axes ${permutation.join(', ')} of ${printType(input)}`,
        'each axis of a map or a shared tensor once',
      )
    return E.right(
      withShape(
        input,
        permutation.map(k => shape[k]),
      ),
    )
  },
  evaluate: ([input], { permutation }, { operands }) => {
    const axes = isPerExample(operands[0]) ? [0, ...permutation.map(k => k + 1)] : permutation
    const strides = stridesOf(input.shape)
    return gather(
      input,
      axes.map(k => input.shape[k]),
      axes.map(k => strides[k]),
      0,
    )
  },
})

/** Where output pixel i of m samples an axis of n pixels. */
const sampled = (
  i: number,
  n: number,
  m: number,
  coordinates: 'half-pixel' | 'align-corners' | 'asymmetric',
): number => {
  switch (coordinates) {
    case 'half-pixel':
      return ((i + 0.5) * n) / m - 0.5
    case 'align-corners':
      return m === 1 ? 0 : (i * (n - 1)) / (m - 1)
    case 'asymmetric':
      return (i * n) / m
  }
}

/** For each output along one axis, the two pixels it lies between and the weight of the second. */
export const resampled = (
  extent: number,
  outputs: number,
  method: 'linear' | 'nearest',
  coordinates: 'half-pixel' | 'align-corners' | 'asymmetric',
): readonly (readonly [number, number, number])[] =>
  Array.from({ length: outputs }, (_, i) => {
    const at = Math.min(Math.max(sampled(i, extent, outputs, coordinates), 0), extent - 1)
    const low = Math.floor(at)
    if (method === 'linear') return [low, Math.min(low + 1, extent - 1), at - low] as const
    const nearest = coordinates === 'asymmetric' ? low : Math.floor(at + 0.5)
    return [nearest, nearest, 0] as const
  })

/** Whether the mirrored axis, sampled so, gives the mirrored outputs. */
const samplesAlike = (
  extent: number,
  outputs: number,
  coordinates: 'half-pixel' | 'align-corners' | 'asymmetric',
): boolean => {
  const at = resampled(extent, outputs, 'nearest', coordinates)
  return at.every(([nearest], i) => nearest + at[outputs - 1 - i][0] === extent - 1)
}

export const sampling = {
  method: t.keyof({ linear: null, nearest: null }),
  coordinates: t.keyof({ 'half-pixel': null, 'align-corners': null, asymmetric: null }),
}

/** Interpolation to other extents: `linear` (bilinear, edges repeated) or `nearest` (rounded half up; `asymmetric` rounds down). */
export const resize = defineOp({
  tag: 'Resize',
  operands: ['input'],
  attributes: { size: Extents, ...sampling },
  infer: ([input], { size }) =>
    input.kind === 'Map' ? E.right(mapType(size[0], size[1], input.c)) : mismatch(printType(input), 'a Map as input'),
  evaluate: ([input], { size: [oh, ow], method, coordinates }) => {
    const [n, h, w, c] = input.shape
    const out = zeros([n, oh, ow, c])
    const rows = resampled(h, oh, method, coordinates)
    const columns = resampled(w, ow, method, coordinates)
    for (let b = 0; b < n; b++)
      for (let y = 0; y < oh; y++)
        for (let x = 0; x < ow; x++) {
          const [y0, y1, fy] = rows[y]
          const [x0, x1, fx] = columns[x]
          for (let i = 0; i < c; i++) {
            const at = (iy: number, ix: number): number => input.data[((b * h + iy) * w + ix) * c + i]
            const top = at(y0, x0) * (1 - fx) + at(y0, x1) * fx
            const bottom = at(y1, x0) * (1 - fx) + at(y1, x1) * fx
            out.data[((b * oh + y) * ow + x) * c + i] = top * (1 - fy) + bottom * fy
          }
        }
    return out
  },
  equivariance: {
    law: 'sink-through-resize',
    precision: 'rounding',
    symbol: 'r',
    result: 'moves',
    attributes: {
      text: 'g⁻¹·r',
      from: ({ element }, r) => ({ ...r, size: actOnPair(element, r.size) }),
    },
    when: {
      text: 'r is linear with half-pixel centres, linear with aligned corners to more than one pixel each way, or takes nearest pixels that g mirrors',
      from: ({ element }, { method, coordinates, size }, [x]) => {
        // One output pixel of aligned corners is the first input pixel, not the middle one.
        if (method === 'linear')
          return coordinates === 'half-pixel' || (coordinates === 'align-corners' && size.every(n => n > 1))
        const { flipY, flipX } = motionOf(element)
        const [h, w] = actOnPair(element, [shapeOf(x)[0], shapeOf(x)[1]])
        return (!flipY || samplesAlike(h, size[0], coordinates)) && (!flipX || samplesAlike(w, size[1], coordinates))
      },
    },
  },
})
