import { either as E } from 'fp-ts'
import { actOnPair } from '../dihedral.ts'
import { defineOp, mismatch, type Pair } from '../op.ts'
import { sizeOf, type Tensor, zeros } from '../tensor.ts'
import { Extent, mapType, printType, shapeOf, vectorType } from '../type.ts'
import { actOnWindow, Extents, outputExtents, Padding, type Window } from './window.ts'

export interface ConvolutionAttributes {
  readonly strides: Pair
  readonly dilations: Pair
  readonly padding: Padding
  readonly groups: number
}

/** The window that a convolution's filter `[r, s, i/groups, o]` slides. */
export const convolutionWindow = (filter: readonly number[], a: ConvolutionAttributes): Window => ({
  size: [filter[0], filter[1]],
  strides: a.strides,
  dilations: a.dilations,
  padding: a.padding,
  ceil: false,
})

/** Cross-correlation: `[h, w, i] × [r, s, i/groups, o] → [h′, w′, o]`; group j maps the j-th part of the inputs to the j-th part of the outputs. */
export const conv2d = defineOp({
  tag: 'Conv2d',
  operands: ['input', 'filter'],
  attributes: { strides: Extents, dilations: Extents, padding: Padding, groups: Extent },
  infer: ([input, filter], a) => {
    if (input.kind !== 'Map') return mismatch(printType(input), 'a Map as input')
    if (filter.kind !== 'Shared' || filter.shape.length !== 4)
      return mismatch(printType(filter), 'a filter Shared[rows, columns, inputs/groups, outputs]')
    const [, , i, o] = filter.shape
    if (i * a.groups !== input.c)
      return mismatch(`a filter for ${i} × ${a.groups} input channels`, `${input.c} input channels`)
    if (o % a.groups !== 0) return mismatch(`${o} output channels`, `a multiple of the ${a.groups} groups`)
    const [h, w] = outputExtents([input.h, input.w], convolutionWindow(filter.shape, a))
    if (h < 1 || w < 1)
      return mismatch(`${printType(input)} under a filter ${printType(filter)}`, 'room for at least one window')
    return E.right(mapType(h, w, o))
  },
  evaluate: ([input, filter], a, { result }) => {
    const out = zeros([input.shape[0], ...shapeOf(result)])
    convolve(input, filter, a, out)
    return out
  },
  equivariance: {
    law: 'fuse-into-convolution',
    precision: 'exact',
    symbol: 'conv',
    result: 'moves',
    turned: ['filter'],
    attributes: {
      text: 'g⁻¹·conv',
      from: ({ element }, conv, [x, filter]) => {
        const [h, w] = shapeOf(x)
        const window = actOnWindow(element, convolutionWindow(shapeOf(filter), conv), actOnPair(element, [h, w]))
        const { strides, dilations, padding } = window
        return { strides, dilations, padding, groups: conv.groups }
      },
    },
  },
  multiplyAdds: ([, filter], result) => sizeOf(shapeOf(result)) * sizeOf(shapeOf(filter).slice(0, 3)),
})

/** Adds `values[k] · filter[taps[k] + o]` to `out[to + o]` for each k in turn: four at a time, which reads and writes `out` once. */
const accumulate = (
  out: Float64Array,
  to: number,
  outputs: number,
  filter: Float64Array,
  taps: Int32Array,
  values: Float64Array,
  count: number,
): void => {
  let k = 0
  for (; k + 3 < count; k += 4) {
    const [a, b, c, d] = [values[k], values[k + 1], values[k + 2], values[k + 3]]
    const [p, q, r, s] = [taps[k], taps[k + 1], taps[k + 2], taps[k + 3]]
    for (let o = 0; o < outputs; o++)
      out[to + o] = out[to + o] + a * filter[p + o] + b * filter[q + o] + c * filter[r + o] + d * filter[s + o]
  }
  for (; k < count; k++) {
    const [value, tap] = [values[k], taps[k]]
    for (let o = 0; o < outputs; o++) out[to + o] += value * filter[tap + o]
  }
}

const convolve = (
  input: Tensor,
  filter: Tensor,
  a: ConvolutionAttributes,
  out: { shape: readonly number[]; data: Float64Array },
): void => {
  const [n, h, w, c] = input.shape
  const [rows, columns, depth, outputs] = filter.shape
  const [, oh, ow] = out.shape
  const [[top], [left]] = a.padding
  const perGroup = outputs / a.groups
  // Times a number that is not finite, 0 is NaN.
  const finite = filter.data.every(Number.isFinite)
  const weights = new Float64Array(filter.data)
  // What a window sees, without zeros: half of what follows a ReLU.
  const values = new Float64Array(rows * columns * depth)
  const taps = new Int32Array(values.length)
  for (let b = 0; b < n; b++)
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++) {
        const to = ((b * oh + y) * ow + x) * outputs
        let count = 0
        for (let r = 0; r < rows; r++) {
          const iy = y * a.strides[0] - top + r * a.dilations[0]
          if (iy < 0 || iy >= h) continue
          for (let s = 0; s < columns; s++) {
            const ix = x * a.strides[1] - left + s * a.dilations[1]
            if (ix < 0 || ix >= w) continue
            const from = ((b * h + iy) * w + ix) * c
            for (let g = 0; g < a.groups; g++)
              for (let i = 0; i < depth; i++) {
                const value = input.data[from + g * depth + i]
                if (value === 0 && finite) continue
                const tap = ((r * columns + s) * depth + i) * outputs
                if (a.groups === 1) {
                  values[count] = value
                  taps[count++] = tap
                } else
                  for (let o = g * perGroup; o < (g + 1) * perGroup; o++) out.data[to + o] += value * weights[tap + o]
              }
          }
        }
        accumulate(out.data, to, outputs, weights, taps, values, count)
      }
}

/** A matrix product: `[i] × [i, o] → [o]`. */
export const dense = defineOp({
  tag: 'Dense',
  operands: ['input', 'weights'],
  attributes: {},
  infer: ([input, weights]) => {
    if (input.kind !== 'Vector') return mismatch(printType(input), 'a Vector as input')
    if (weights.kind !== 'Shared' || weights.shape.length !== 2 || weights.shape[0] !== input.c)
      return mismatch(`weights ${printType(weights)}`, `Shared[${input.c}, outputs]`)
    return E.right(vectorType(weights.shape[1]))
  },
  evaluate: ([input, weights]) => {
    const [n, depth] = input.shape
    const outputs = weights.shape[1]
    const out = zeros([n, outputs])
    for (let b = 0; b < n; b++)
      for (let i = 0; i < depth; i++) {
        const value = input.data[b * depth + i]
        for (let o = 0; o < outputs; o++) out.data[b * outputs + o] += value * weights.data[i * outputs + o]
      }
    return out
  },
  multiplyAdds: ([, weights]) => sizeOf(shapeOf(weights)),
})
