import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { defineOp, type Mismatch, mismatch } from '../op.ts'
import { zeros } from '../tensor.ts'
import { mapType, printType, sameType, shapeOf, type Type } from '../type.ts'
import { inferPooled, slidePixels, windowAttributes, windowSizes } from './pooling.ts'
import { Extents, type Window } from './window.ts'

/** The type of a pool's input, where the gradient is that of its output. */
const inferUnpooled = (input: Type, gradient: Type, w: Window): E.Either<Mismatch, Type> => {
  const pooled = inferPooled(input, w)
  if (E.isLeft(pooled)) return pooled
  return sameType(gradient, pooled.right) ? E.right(input) : mismatch(printType(gradient), printType(pooled.right))
}

/** Gives a gradient of each window's largest pixel to that pixel, to the first of equal ones in row-major order: `[h, w, c] × [h′, w′, c] → [h, w, c]`. */
export const maxPoolGradient = defineOp({
  tag: 'MaxPoolGradient',
  stage: 'training',
  operands: ['input', 'gradient'],
  attributes: windowAttributes,
  infer: ([input, gradient], w) => inferUnpooled(input, gradient, w),
  evaluate: ([input, gradient], w, { operands }) => {
    const out = zeros(input.shape)
    const channels = input.shape[3]
    const largest = new Int32Array(gradient.data.length)
    slidePixels(input, operands[1], w, (to, from, first) => {
      for (let i = 0; i < channels; i++)
        if (first || input.data[from + i] > input.data[largest[to + i]]) largest[to + i] = from + i
    })
    largest.forEach((pixel, at) => {
      out.data[pixel] += gradient.data[at]
    })
    return out
  },
})

/** Gives every pixel that a window counts its part of a gradient of the window's mean: `[h′, w′, c] → [h, w, c]`. */
export const meanPoolGradient = defineOp({
  tag: 'MeanPoolGradient',
  stage: 'training',
  operands: ['gradient'],
  attributes: { ...windowAttributes, countPadding: t.boolean, extents: Extents },
  infer: ([gradient], { extents: [h, w], ...window }) =>
    gradient.kind === 'Map'
      ? inferUnpooled(mapType(h, w, gradient.c), gradient, window)
      : mismatch(printType(gradient), 'the gradient of a Map'),
  evaluate: ([gradient], w, { operands, result }) => {
    const out = zeros([gradient.shape[0], ...shapeOf(result)])
    const c = gradient.shape[3]
    const sizeOfWindow = windowSizes(w, shapeOf(result), shapeOf(operands[0]))
    slidePixels(out, operands[0], w, (to, from, _, count) => {
      const over = w.countPadding ? sizeOfWindow(to / c) : count
      for (let i = 0; i < c; i++) out.data[from + i] += gradient.data[to + i] / over
    })
    return out
  },
})
