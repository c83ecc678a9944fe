import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { actOnPair, actOnTensor, Element, samplingMatrix } from '../dihedral.ts'
import { Count, defineOp, mismatch, Real } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { mapType, printType, sharedType, type Type } from '../type.ts'
import type { Transform } from '../variant.ts'

/** An element of the dihedral group D4 on the pixels of a map (axes 0, 1), or on two axes of a shared tensor (a filter's taps). */
export const act = defineOp({
  tag: 'Act',
  operands: ['input'],
  attributes: { element: Element, axes: t.readonly(t.tuple([Count, Count])) },
  infer: ([input], { element, axes: [y, x] }) => {
    if (input.kind === 'Map') {
      if (y !== 0 || x !== 1) return mismatch(`axes ${y}, ${x} of a map`, 'axes 0, 1')
      const [h, w] = actOnPair(element, [input.h, input.w])
      return E.right(mapType(h, w, input.c))
    }
    if (input.kind === 'Vector' || y === x || input.shape[y] === undefined || input.shape[x] === undefined)
      return mismatch(`axes ${y}, ${x} of ${printType(input)}`, 'two different axes of a map or a shared tensor')
    const [h, w] = actOnPair(element, [input.shape[y], input.shape[x]])
    return E.right(sharedType(input.shape.map((n, k) => (k === y ? h : k === x ? w : n))))
  },
  evaluate: ([input], { element, axes: [y, x] }, { result }) => {
    const batch = result.kind === 'Shared' ? 0 : 1
    return actOnTensor(element, input, y + batch, x + batch)
  },
})

const inferSameMap = ([input]: readonly Type[]) =>
  input.kind === 'Map' ? E.right(input) : mismatch(printType(input), 'a Map as input')

/** Visits where output pixels sample an image bilinearly, at `c + M(p − c)`, taps outside left out; M as rows, in (x right, y down). */
export const eachTap = (
  h: number,
  w: number,
  [[xx, xy], [yx, yy]]: readonly (readonly [number, number])[],
  visit: (to: number, from: number, weight: number) => void,
): void => {
  const cx = (w - 1) / 2
  const cy = (h - 1) / 2
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const atX = cx + xx * (x - cx) + xy * (y - cy)
      const atY = cy + yx * (x - cx) + yy * (y - cy)
      const x0 = Math.floor(atX)
      const y0 = Math.floor(atY)
      for (const [iy, ix, weight] of [
        [y0, x0, (1 - (atY - y0)) * (1 - (atX - x0))],
        [y0, x0 + 1, (1 - (atY - y0)) * (atX - x0)],
        [y0 + 1, x0, (atY - y0) * (1 - (atX - x0))],
        [y0 + 1, x0 + 1, (atY - y0) * (atX - x0)],
      ] as const)
        if (weight !== 0 && iy >= 0 && iy < h && ix >= 0 && ix < w) visit(y * w + x, iy * w + ix, weight)
    }
}

/** Output pixel p samples the input bilinearly at `c + M(p − c)`, taps outside count 0. */
const warp = (input: Tensor, matrix: readonly (readonly [number, number])[]): Tensor => {
  const [n, h, w, c] = input.shape
  const out = zeros(input.shape)
  eachTap(h, w, matrix, (to, from, weight) => {
    for (let b = 0; b < n; b++)
      for (let i = 0; i < c; i++) out.data[(b * h * w + to) * c + i] += weight * input.data[(b * h * w + from) * c + i]
  })
  return out
}

/** The matrix by which `Rotate` samples: a positive angle turns the content counter-clockwise as seen. */
export const rotationMatrix = (degrees: number): readonly (readonly [number, number])[] => {
  const angle = (degrees * Math.PI) / 180
  return [
    [Math.cos(angle), -Math.sin(angle)],
    [Math.sin(angle), Math.cos(angle)],
  ]
}

/** The matrix by which `Scale` samples: a factor over 1 zooms in. */
export const scalingMatrix = (factor: number): readonly (readonly [number, number])[] => [
  [1 / factor, 0],
  [0, 1 / factor],
]

/** Turns the content about the centre, counter-clockwise as seen, extents kept. */
export const rotate = defineOp({
  tag: 'Rotate',
  operands: ['input'],
  attributes: { degrees: Real },
  infer: inferSameMap,
  evaluate: ([input], { degrees }) => warp(input, rotationMatrix(degrees)),
  equivariance: {
    law: 'sink-through-rotate',
    precision: 'rounding',
    symbol: 'θ',
    result: 'moves',
    attributes: {
      text: 'det(g)·θ',
      from: ({ element }, { degrees }) => {
        const [[a, b], [c, d]] = samplingMatrix(element)
        return { degrees: (a * d - b * c) * degrees }
      },
    },
  },
})

/** Beyond it a map is one pixel or nothing, and samples lie where kernels count no further. */
const scaleAtMost = 1000
export const scales = `a scale from ${1 / scaleAtMost} to ${scaleAtMost}`
export const isScale = (factor: number): boolean => factor >= 1 / scaleAtMost && factor <= scaleAtMost

/** Zooms about the centre, in for a factor over 1, extents kept. */
export const scale = defineOp({
  tag: 'Scale',
  operands: ['input'],
  attributes: { factor: Real },
  infer: ([input], { factor }) => (isScale(factor) ? inferSameMap([input]) : mismatch(`a scale of ${factor}`, scales)),
  evaluate: ([input], { factor }) => warp(input, scalingMatrix(factor)),
  equivariance: { law: 'sink-through-scale', precision: 'rounding', symbol: 's', result: 'moves' },
})

const shifted = (input: Tensor, dy: number, dx: number): Tensor => {
  const [n, h, w, c] = input.shape
  const out = zeros(input.shape)
  for (let b = 0; b < n; b++)
    for (let y = Math.max(0, -dy); y < h && y + dy < h; y++)
      for (let x = Math.max(0, -dx); x < w && x + dx < w; x++)
        for (let i = 0; i < c; i++)
          out.data[((b * h + y) * w + x) * c + i] = input.data[((b * h + y + dy) * w + x + dx) * c + i]
  return out
}

/** `out(y, x) = in(y + dy, x + dx)`, zeros from outside. */
export const shift = defineOp({
  tag: 'Shift',
  operands: ['input'],
  attributes: { dy: Count, dx: Count },
  infer: inferSameMap,
  evaluate: ([input], { dy, dx }) => shifted(input, dy, dx),
  equivariance: {
    law: 'sink-through-shift',
    precision: 'exact',
    symbol: 'd',
    result: 'moves',
    attributes: {
      text: 'g·d',
      from: ({ element }, { dy, dx }) => {
        const [[a, b], [c, d]] = samplingMatrix(element)
        // 0 + x is never −0, which JSON does not keep.
        return { dy: 0 + c * dx + d * dy, dx: 0 + a * dx + b * dy }
      },
    },
  },
})

/** A batch of maps, `[n, h, w, c]`, as a transform leaves it. */
export const transformTensor = (transform: Transform, value: Tensor): Tensor => {
  switch (transform.kind) {
    case 'd4':
      return actOnTensor(transform.element, value, 1, 2)
    case 'shift':
      return shifted(value, transform.dy, transform.dx)
    case 'rotate':
      return warp(value, rotationMatrix(transform.degrees))
    case 'scale':
      return warp(value, scalingMatrix(transform.factor))
  }
}
