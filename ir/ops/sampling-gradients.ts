import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { gather } from '../dihedral.ts'
import { defineOp, type Mismatch, mismatch } from '../op.ts'
import { sizeOf, type Tensor, zeros } from '../tensor.ts'
import { Extent, mapType, printType, sameShape, shapeOf, type Type } from '../type.ts'
import { resampled, sampling } from './shape.ts'
import { eachTap } from './transforms.ts'
import { Extents } from './window.ts'

/** The gradient of a resize's input, of these extents, from the gradient of its output: `[h′, w′, c] → [h, w, c]`. */
export const resizeGradient = defineOp({
  tag: 'ResizeGradient',
  stage: 'training',
  operands: ['gradient'],
  attributes: { extents: Extents, ...sampling },
  infer: ([gradient], { extents: [h, w] }) =>
    gradient.kind === 'Map'
      ? E.right(mapType(h, w, gradient.c))
      : mismatch(printType(gradient), 'the gradient of a Map'),
  evaluate: ([gradient], { extents: [h, w], method, coordinates }) => {
    const [n, oh, ow, c] = gradient.shape
    const out = zeros([n, h, w, c])
    const rows = resampled(h, oh, method, coordinates)
    const columns = resampled(w, ow, method, coordinates)
    for (let b = 0; b < n; b++)
      for (let y = 0; y < oh; y++)
        for (let x = 0; x < ow; x++) {
          const [y0, y1, fy] = rows[y]
          const [x0, x1, fx] = columns[x]
          for (let i = 0; i < c; i++) {
            const value = gradient.data[((b * oh + y) * ow + x) * c + i]
            const give = (iy: number, ix: number, weight: number): void => {
              out.data[((b * h + iy) * w + ix) * c + i] += weight * value
            }
            give(y0, x0, (1 - fy) * (1 - fx))
            give(y0, x1, (1 - fy) * fx)
            give(y1, x0, fy * (1 - fx))
            give(y1, x1, fy * fx)
          }
        }
    return out
  },
})

/** A vector as the map `[h, w, c]` that it was flattened from: `[h·w·c] → [h, w, c]`. */
export const flattenGradient = defineOp({
  tag: 'FlattenGradient',
  stage: 'training',
  operands: ['gradient'],
  attributes: { shape: t.readonly(t.tuple([Extent, Extent, Extent])), order: t.keyof({ hwc: null, chw: null }) },
  infer: ([gradient], { shape }) =>
    gradient.kind === 'Vector' && gradient.c === sizeOf(shape)
      ? E.right(mapType(...shape))
      : mismatch(printType(gradient), `a Vector of ${sizeOf(shape)}`),
  evaluate: ([gradient], { shape: [h, w, c], order }) => {
    const shape = [gradient.shape[0], h, w, c]
    return order === 'hwc'
      ? { shape, data: gradient.data }
      : { shape, data: gather(gradient, shape, [h * w * c, w, 1, h * w], 0).data }
  },
})

const inferWarp = ([map, matrix]: readonly Type[]): E.Either<Mismatch, Type> => {
  if (map.kind !== 'Map') return mismatch(printType(map), 'a Map')
  return sameShape(shapeOf(matrix), [2, 2]) ? E.right(map) : mismatch(`a matrix ${printType(matrix)}`, 'Shared[2,2]')
}

const rowsOf = ({ data }: Tensor) =>
  [
    [data[0], data[1]],
    [data[2], data[3]],
  ] as const

const alongTaps = (
  map: Tensor,
  matrix: Tensor,
  move: (out: Float64Array, output: number, input: number, weight: number) => void,
): Tensor => {
  const [n, h, w, c] = map.shape
  const out = zeros(map.shape)
  eachTap(h, w, rowsOf(matrix), (to, from, weight) => {
    for (let b = 0; b < n; b++)
      for (let i = 0; i < c; i++) move(out.data, (b * h * w + to) * c + i, (b * h * w + from) * c + i, weight)
  })
  return out
}

/** `Rotate` and `Scale` by a matrix given as a value: output pixel p samples the input bilinearly at `c + M(p − c)`, taps outside count 0; M as rows, in (x right, y down). */
export const warp = defineOp({
  tag: 'Warp',
  stage: 'training',
  operands: ['input', 'matrix'],
  attributes: {},
  infer: inferWarp,
  evaluate: ([input, matrix]) =>
    alongTaps(input, matrix, (out, to, from, weight) => {
      out[to] += weight * input.data[from]
    }),
})

/** The gradient of a warp's input from the gradient of its output: each number is added where it was sampled. */
export const warpGradient = defineOp({
  tag: 'WarpGradient',
  stage: 'training',
  operands: ['gradient', 'matrix'],
  attributes: {},
  infer: inferWarp,
  evaluate: ([gradient, matrix]) =>
    alongTaps(gradient, matrix, (out, to, from, weight) => {
      out[from] += weight * gradient.data[to]
    }),
})
