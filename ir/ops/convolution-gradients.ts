import { either as E } from 'fp-ts'
import { actOnPair } from '../dihedral.ts'
import { defineOp, mismatch } from '../op.ts'
import { sizeOf, type Tensor, zeros } from '../tensor.ts'
import { Extent, mapType, printType, sameType, shapeOf, sharedType, type Type } from '../type.ts'
import { type ConvolutionAttributes, conv2d, convolutionWindow } from './convolution.ts'
import { actOnWindow, Extents, Padding } from './window.ts'

const windowAttributes = { strides: Extents, dilations: Extents, padding: Padding, groups: Extent }

/** What a convolution of these types would give, or why there is none. */
const convolved = (input: Type, filter: Type, a: ConvolutionAttributes) => conv2d.infer([input, filter], a)

/** Visits every product of a convolution: positions in its input, its filter and its output. */
const eachProduct = (
  [n, h, w, c]: readonly number[],
  [rows, columns, depth, outputs]: readonly number[],
  [, oh, ow]: readonly number[],
  a: ConvolutionAttributes,
  visit: (input: number, tap: number, output: number) => void,
): void => {
  const [[top], [left]] = a.padding
  const perGroup = outputs / a.groups
  for (let b = 0; b < n; b++)
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++)
        for (let r = 0; r < rows; r++) {
          const iy = y * a.strides[0] - top + r * a.dilations[0]
          if (iy < 0 || iy >= h) continue
          for (let s = 0; s < columns; s++) {
            const ix = x * a.strides[1] - left + s * a.dilations[1]
            if (ix < 0 || ix >= w) continue
            for (let g = 0; g < a.groups; g++)
              for (let i = 0; i < depth; i++)
                for (let o = g * perGroup; o < (g + 1) * perGroup; o++)
                  visit(
                    ((b * h + iy) * w + ix) * c + g * depth + i,
                    ((r * columns + s) * depth + i) * outputs + o,
                    ((b * oh + y) * ow + x) * outputs + o,
                  )
          }
        }
}

/** The transposed convolution, which is also the gradient of a convolution's input: `[h′, w′, o] × [r, s, i/groups, o] → [h, w, i]`, the window sliding over a result of these extents. */
export const conv2dTranspose = defineOp({
  tag: 'Conv2dTranspose',
  operands: ['input', 'filter'],
  attributes: { ...windowAttributes, extents: Extents },
  infer: ([input, filter], { extents: [h, w], ...a }) => {
    const result = mapType(h, w, shapeOf(filter)[2] * a.groups)
    const output = convolved(result, filter, a)
    if (E.isLeft(output)) return output
    return sameType(input, output.right) ? E.right(result) : mismatch(printType(input), printType(output.right))
  },
  evaluate: ([input, filter], a, { result }) => {
    const out = zeros([input.shape[0], ...shapeOf(result)])
    eachProduct(out.shape, filter.shape, input.shape, a, (to, tap, from) => {
      out.data[to] += filter.data[tap] * input.data[from]
    })
    return out
  },
  equivariance: {
    law: 'fuse-into-transposed-convolution',
    precision: 'exact',
    symbol: 'conv',
    result: 'moves',
    turned: ['filter'],
    attributes: {
      text: 'g⁻¹·conv',
      from: ({ element }, conv, [, filter]) => {
        const window = actOnWindow(element, convolutionWindow(shapeOf(filter), conv), conv.extents)
        const { strides, dilations, padding } = window
        return { strides, dilations, padding, groups: conv.groups, extents: actOnPair(element, conv.extents) }
      },
    },
  },
  multiplyAdds: ([input, filter]) => sizeOf(shapeOf(input)) * sizeOf(shapeOf(filter).slice(0, 3)),
})

/** The gradient of a convolution's filter of these extents, summed over the batch and all variants: `[h, w, i] × [h′, w′, o] → [r, s, i/groups, o]`. */
export const conv2dFilterGradient = defineOp({
  tag: 'Conv2dFilterGradient',
  stage: 'training',
  operands: ['input', 'gradient'],
  attributes: { ...windowAttributes, extents: Extents },
  infer: ([input, gradient], { extents: [r, s], ...a }) => {
    if (input.kind !== 'Map' || gradient.kind !== 'Map')
      return mismatch(`${printType(input)} and ${printType(gradient)}`, 'a Map and the gradient of a Map')
    if (input.c % a.groups !== 0) return mismatch(`${input.c} input channels`, `a multiple of the ${a.groups} groups`)
    const filter = sharedType([r, s, input.c / a.groups, gradient.c])
    const output = convolved(input, filter, a)
    if (E.isLeft(output)) return output
    return sameType(gradient, output.right) ? E.right(filter) : mismatch(printType(gradient), printType(output.right))
  },
  evaluate: ([input, gradient], a, { result }) => {
    const out = zeros(shapeOf(result))
    eachProduct(input.shape, out.shape, gradient.shape, a, (from, tap, output) => {
      out.data[tap] += input.data[from] * gradient.data[output]
    })
    return out
  },
  multiplyAdds: ([, gradient], result) => sizeOf(shapeOf(gradient)) * sizeOf(shapeOf(result).slice(0, 3)),
})

/** The outer products of two vectors, summed over the batch and all variants: `[i] × [o] → [i, o]`. */
export const denseWeightsGradient = defineOp({
  tag: 'DenseWeightsGradient',
  stage: 'training',
  operands: ['input', 'gradient'],
  attributes: {},
  infer: ([input, gradient]) =>
    input.kind === 'Vector' && gradient.kind === 'Vector'
      ? E.right(sharedType([input.c, gradient.c]))
      : mismatch(`${printType(input)} and ${printType(gradient)}`, 'a Vector and the gradient of a Vector'),
  evaluate: ([input, gradient]: readonly Tensor[]) => {
    const [n, inputs] = input.shape
    const outputs = gradient.shape[1]
    const out = zeros([inputs, outputs])
    for (let b = 0; b < n; b++)
      for (let i = 0; i < inputs; i++)
        for (let o = 0; o < outputs; o++)
          out.data[i * outputs + o] += input.data[b * inputs + i] * gradient.data[b * outputs + o]
    return out
  },
  multiplyAdds: (_, result) => sizeOf(shapeOf(result)),
})
