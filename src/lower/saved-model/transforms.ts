import { isPerExample, motionOf, shapeOf, type Typing } from '../../../ir/index.ts'
import { rotationMatrix, scalingMatrix } from '../../../ir/ops/transforms.ts'
import { gather, reshape, reverse, transpose } from './arrange.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

export const act: Lowering<'Act'> = (emit, [input], { element, axes }, { result }) => {
  const { swap, flipY, flipX } = motionOf(element)
  const batch = isPerExample(result) ? 1 : 0
  const [y, x] = axes.map(axis => axis + batch)
  const exchanged = shapeOf(result)
    .map((_, k) => k + batch)
    .map(k => (k === y ? x : k === x ? y : k))
  const turned = swap ? transpose(emit, input, batch === 1 ? [0, ...exchanged] : exchanged) : input
  return reverse(emit, turned, [...(flipY ? [y] : []), ...(flipX ? [x] : [])])
}

/** Where each output pixel samples, `c + M(p − c)`: its four neighbours, row-major, and the weight of each, 0 outside. */
const taps = (h: number, w: number, [[xx, xy], [yx, yy]]: readonly (readonly number[])[]) => {
  const [cx, cy] = [(w - 1) / 2, (h - 1) / 2]
  return Array.from({ length: h * w }, (_, p) => {
    const [x, y] = [(p % w) - cx, Math.floor(p / w) - cy]
    const [atX, atY] = [cx + xx * x + xy * y, cy + yx * x + yy * y]
    const [x0, y0] = [Math.floor(atX), Math.floor(atY)]
    return [0, 1, 2, 3].map(k => {
      const [ix, iy] = [x0 + (k & 1), y0 + (k >> 1)]
      const inside = ix >= 0 && ix < w && iy >= 0 && iy < h
      return inside
        ? { at: iy * w + ix, weight: (1 - Math.abs(atX - ix)) * (1 - Math.abs(atY - iy)) }
        : { at: 0, weight: 0 }
    })
  })
}

/** TensorFlow's own op for this has no XLA kernel and no bfloat16 one. */
const warp = (emit: Emitter, x: Value, matrix: readonly (readonly number[])[], { result }: Typing): Value => {
  const [h, w, c] = shapeOf(result)
  const pixels = reshape(emit, x, [-1, h * w, c])
  const sampled = taps(h, w, matrix)
  const weighed = [0, 1, 2, 3].map(k =>
    emit.node('Mul', [
      gather(
        emit,
        pixels,
        sampled.map(four => four[k].at),
        1,
      ),
      emit.constant(
        [h * w, 1],
        sampled.map(four => four[k].weight),
        x.format,
      ),
    ]),
  )
  return reshape(
    emit,
    weighed.reduce((a, b) => emit.node('AddV2', [a, b])),
    [-1, h, w, c],
  )
}

export const rotate: Lowering<'Rotate'> = (emit, [x], { degrees }, typing) =>
  warp(emit, x, rotationMatrix(degrees), typing)

export const scale: Lowering<'Scale'> = (emit, [x], { factor }, typing) => warp(emit, x, scalingMatrix(factor), typing)
