import { sizeOf } from '../../../../../ir/tensor.ts'
import { keysCubic } from '../../../../base/keys-cubic.ts'
import { constant, isWhole, stored } from '../constant.ts'
import { constantAt, numbersOf } from '../node.ts'
import { type Along, positionOf, type Resampling, resamplingOf, rounded, targetsOf } from '../ops/sampling-positions.ts'
import { refuse } from '../refuse.ts'
import type { Fold } from './fold.ts'
import { made } from './room.ts'

/** A number of an axis as a mean of others: where these are, and what each counts. */
interface Sample {
  readonly at: readonly number[]
  readonly shares: readonly number[]
}

const sampleAt = (
  position: number,
  extent: number,
  { mode, nearest, coefficient, excludeOutside }: Resampling,
): Sample => {
  const inside = (k: number): number => Math.min(Math.max(k, 0), extent - 1)
  if (mode === 'nearest') return { at: [inside(rounded(nearest, position))], shares: [1] }
  if (mode === 'linear') {
    const x = inside(position)
    const [low, high] = [Math.floor(x), Math.min(Math.floor(x) + 1, extent - 1)]
    return { at: [low, high], shares: [1 - (x - low), x - low] }
  }
  const first = Math.floor(position) - 1
  const taps = [0, 1, 2, 3].map(k => first + k)
  const isLeftOut = (k: number): boolean => excludeOutside !== 0 && k !== inside(k)
  const shares = taps.map(k => (isLeftOut(k) ? 0 : keysCubic(coefficient, k - position)))
  const total = shares.reduce((a, b) => a + b)
  return { at: taps.map(inside), shares: excludeOutside !== 0 ? shares.map(share => share / total) : shares }
}

/** Values `[before, extent, after]` with each number along the middle axis a mean of those that it samples. */
const sampled = (
  values: ArrayLike<number>,
  extent: number,
  after: number,
  samples: readonly Sample[],
): Float64Array => {
  const before = values.length / (extent * after)
  const out = new Float64Array(before * samples.length * after)
  for (let b = 0; b < before; b++)
    samples.forEach(({ at, shares }, i) => {
      const to = (b * samples.length + i) * after
      at.forEach((k, tap) => {
        const from = (b * extent + k) * after
        for (let c = 0; c < after; c++) out[to + c] += shares[tap] * values[from + c]
      })
    })
  return out
}

/** A table that is known at import under another size: positions of a transformer for other images than it was trained on. */
const resize: Fold = (node, { opset, room }) => {
  const x = constantAt(node, 0)
  const resampling = resamplingOf(node, opset)
  const axes = targetsOf(node, x.dims).map((target, axis): Along => ({ extent: x.dims[axis], ...target }))
  // Other axes stay what they are: rounding to one number of them is no resizing.
  const changed = axes.flatMap((along, axis) => (along.scale === 1 ? [] : [{ axis, along }]))
  if (changed.length === 0) return [x]
  if (isWhole(x.type)) return refuse('unsupported-type', `a constant of ${x.type} resized`, 'real numbers')
  if (resampling.antialias !== 0 && resampling.mode !== 'nearest')
    return refuse('unsupported-attribute', 'antialias = 1', '0')
  const dims = [...x.dims]
  let values: ArrayLike<number> = numbersOf(x)
  for (const { axis, along } of changed) {
    dims[axis] = along.outputs
    made(room, dims, resampling.mode === 'cubic' ? 4 : 2)
    const after = sizeOf(dims.slice(axis + 1))
    const samples = Array.from({ length: along.outputs }, (_, i) =>
      sampleAt(positionOf(resampling.transformation, along, i), along.extent, resampling),
    )
    values = sampled(values, along.extent, after, samples)
  }
  return [constant(node.output, dims, stored(x.type, values as Float64Array), x.type)]
}

export const resizeFolds: Readonly<Record<string, Fold>> = { Resize: resize, Upsample: resize }
