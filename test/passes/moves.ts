import { actOnTensor, inverse } from '../../ir/dihedral.ts'
import type { Pair, Tensor, Transform } from '../../ir/index.ts'

/** What transforms do to maps, pixel by pixel, as docs/plans.md says it: by hand, to hold graphs against. */

/** Rows, columns and weights of the pixels that one samples. */
type Taps = readonly (readonly [y: number, x: number, weight: number])[]

const bilinear = (y: number, x: number): Taps => {
  const [top, left] = [Math.floor(y), Math.floor(x)]
  const [down, right] = [y - top, x - left]
  return (
    [
      [top, left, (1 - down) * (1 - right)],
      [top, left + 1, (1 - down) * right],
      [top + 1, left, down * (1 - right)],
      [top + 1, left + 1, down * right],
    ] as const
  ).filter(([, , weight]) => weight > 1e-9)
}

const isInside = ([h, w]: Pair, y: number, x: number): boolean => y >= 0 && y < h && x >= 0 && x < w

/** What a pixel of a transformed map samples. */
const tapsOf = (transform: Transform, [h, w]: Pair, y: number, x: number): Taps => {
  const [row, column] = [(h - 1) / 2, (w - 1) / 2]
  const [down, right] = [y - row, x - column]
  switch (transform.kind) {
    case 'd4': {
      const indices = { shape: [1, h, w, 1], data: Float64Array.from({ length: h * w }, (_, k) => k) }
      const from = actOnTensor(transform.element, indices, 1, 2).data[y * w + x]
      return [[Math.floor(from / w), from % w, 1]]
    }
    case 'shift':
      return [[y + transform.dy, x + transform.dx, 1]]
    case 'scale':
      return bilinear(row + down / transform.factor, column + right / transform.factor)
    case 'rotate': {
      const angle = (transform.degrees * Math.PI) / 180
      return bilinear(
        row + Math.sin(angle) * right + Math.cos(angle) * down,
        column + Math.cos(angle) * right - Math.sin(angle) * down,
      )
    }
  }
}

/** The transform that goes back. */
export const back = (transform: Transform): Transform => {
  switch (transform.kind) {
    case 'd4':
      return { kind: 'd4', element: inverse(transform.element) }
    case 'shift':
      return { kind: 'shift', dy: -transform.dy, dx: -transform.dx }
    case 'scale':
      return { kind: 'scale', factor: 1 / transform.factor }
    case 'rotate':
      return { kind: 'rotate', degrees: -transform.degrees }
  }
}

/** A batch of maps as a transform that keeps extents leaves it. */
export const moved = (transform: Transform, { shape, data }: Tensor): Tensor => {
  const [n, h, w, c] = shape
  const out = new Float64Array(data.length)
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (const [row, column, weight] of tapsOf(transform, [h, w], y, x)) {
        if (!isInside([h, w], row, column)) continue
        for (let b = 0; b < n; b++)
          for (let i = 0; i < c; i++)
            out[((b * h + y) * w + x) * c + i] += weight * data[((b * h + row) * w + column) * c + i]
      }
  return { shape, data: out }
}

/** Of each pixel whether all that it comes from lies inside, once a map was moved by some transforms and moved back. */
export const knownPixels = (transforms: readonly Transform[], [h, w]: Pair): readonly boolean[] => {
  const thereAndBack = [...transforms, ...transforms.toReversed().map(back)]
  const isKnown = (done: number, y: number, x: number): boolean =>
    isInside([h, w], y, x) &&
    (done === 0 ||
      tapsOf(thereAndBack[done - 1], [h, w], y, x).every(([row, column]) => isKnown(done - 1, row, column)))
  return Array.from({ length: h * w }, (_, k) => isKnown(thereAndBack.length, Math.floor(k / w), k % w))
}
