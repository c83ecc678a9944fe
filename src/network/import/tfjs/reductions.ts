import type { Pair } from '../../../../ir/index.ts'
import { binary, unary } from './arithmetic.ts'
import { asMap, asVector, type Canvas, type Constant, type Example, isVectorLike, like } from './canvas.ts'
import { refuse } from './refusal.ts'

type Reduced = 'mean' | 'max'

/** The value reduced over some axes of an example, counted from its first; they are kept with an extent of 1. */
export const reduced = (c: Canvas, name: string, kind: Reduced, x: Example, axes: readonly number[]): Example => {
  const b = c.builder
  const shape = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
  const last = x.shape.length - 1
  if (axes.length === 0 || axes.some(axis => axis < 0 || axis > last))
    return refuse('unsupported-attribute', `a reduction over axes ${axes} of [batch, ${x.shape}]`, 'axes of an example')
  if (isVectorLike(x.shape)) {
    const vector = asVector(c, x)
    return { kind: 'example', node: axes.includes(last) ? b.channelPool(vector, kind, name) : vector, shape }
  }
  const map = asMap(c, x)
  const [h, w] = x.shape
  const size: Pair = [axes.includes(0) ? h : 1, axes.includes(1) ? w : 1]
  const isWhole = size[0] === h && size[1] === w
  const pooled = isWhole
    ? b.globalPool(map, kind, name)
    : size[0] * size[1] === 1
      ? map
      : kind === 'mean'
        ? b.meanPool(map, size, { strides: size, name })
        : b.maxPool(map, size, { strides: size, name })
  return { kind: 'example', node: axes.includes(2) ? b.channelPool(pooled, kind, name) : pooled, shape }
}

/** `(x − mean) / √(variance + epsilon)` over some axes of an example. */
export const standardized = (
  c: Canvas,
  name: string,
  x: Example,
  axes: readonly number[],
  epsilon: number,
): Example => {
  const centred = binary(c, name, 'subtract', x, reduced(c, name, 'mean', x, axes)) as Example
  const squares = unary(c, name, 'square', centred) as Example
  const deviation = unary(c, name, 'rsqrt', reduced(c, name, 'mean', squares, axes), { alpha: epsilon })
  return binary(c, name, 'multiply', centred, deviation) as Example
}

/** A value scaled and shifted by weights along its last axes, where there are any. */
export const shifted = (
  c: Canvas,
  name: string,
  x: Example,
  scale: Constant | undefined,
  offset: Constant | undefined,
): Example => {
  const scaled = scale === undefined ? x : (binary(c, name, 'multiply', x, scale) as Example)
  return offset === undefined ? scaled : like(scaled, (binary(c, name, 'add', scaled, offset) as Example).node)
}
