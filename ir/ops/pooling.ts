import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { actOnPair } from '../dihedral.ts'
import { type Action, defineOp, type Mismatch, mismatch, type Pair } from '../op.ts'
import { type Tensor, zeros } from '../tensor.ts'
import { limits, mapType, printType, shapeOf, type Type, vectorType } from '../type.ts'
import { actOnWindow, Extents, everyWindowCovers, outputExtents, Padding, type Window } from './window.ts'

export const windowAttributes = {
  size: Extents,
  strides: Extents,
  dilations: Extents,
  padding: Padding,
  ceil: t.boolean,
}

/** Indices of the input that window `at` covers along one axis. */
const taps = (at: number, axis: 0 | 1, extent: number, w: Window): readonly number[] => {
  const inside: number[] = []
  for (let k = 0; k < w.size[axis]; k++) {
    const i = at * w.strides[axis] - w.padding[axis][0] + k * w.dilations[axis]
    if (i >= 0 && i < extent) inside.push(i)
  }
  return inside
}

const tapsAlong = (axis: 0 | 1, extent: number, outputs: number, w: Window): readonly (readonly number[])[] =>
  Array.from({ length: Math.max(0, outputs) }, (_, at) => taps(at, axis, extent, w))

export const inferPooled = (input: Type, w: Window): E.Either<Mismatch, Type> => {
  if (input.kind !== 'Map') return mismatch(printType(input), 'a Map as input')
  const extents: Pair = [input.h, input.w]
  const outputs = outputExtents(extents, w)
  if (outputs[0] < 1 || outputs[1] < 1)
    return mismatch(`${printType(input)} under a window of ${w.size.join('×')}`, 'room for at least one window')
  if (Math.max(...outputs) > limits.mapExtent)
    return mismatch(`${outputs.join('×')} windows`, `at most ${limits.mapExtent} along an axis`)
  if (w.ceil && w.padding.some(([, after]) => after < 0))
    return mismatch('a negative trailing pad in ceil mode, where windows reach past it', 'a crop before the pooling')
  for (const axis of [0, 1] as const)
    if (
      !everyWindowCovers(
        extents[axis],
        w.size[axis],
        w.strides[axis],
        w.dilations[axis],
        w.padding[axis][0],
        outputs[axis],
      )
    )
      return mismatch(`a window of ${w.size.join('×')} that lies in the padding alone`, 'windows with a pixel in each')
  return E.right(mapType(outputs[0], outputs[1], input.c))
}

/** Runs `visit(to, from)` over every pixel of every window: offsets of channel 0 in the output and the input. */
export const slidePixels = (
  input: Tensor,
  result: Type,
  w: Window,
  visit: (to: number, from: number, first: boolean, count: number) => void,
): void => {
  const [n, h, width, c] = input.shape
  const [oh, ow] = shapeOf(result)
  const rows = tapsAlong(0, h, oh, w)
  const columns = tapsAlong(1, width, ow, w)
  for (let b = 0; b < n; b++)
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++) {
        const to = ((b * oh + y) * ow + x) * c
        const count = rows[y].length * columns[x].length
        let first = true
        for (const iy of rows[y])
          for (const ix of columns[x]) {
            visit(to, ((b * h + iy) * width + ix) * c, first, count)
            first = false
          }
      }
}

/** What a pooling of `g·x` becomes where it is done before g. */
const mirrored = <A extends Window>({ element }: Action, pool: A, [x]: readonly Type[]): A => {
  const [h, w] = shapeOf(x)
  return { ...pool, ...actOnWindow(element, pool, actOnPair(element, [h, w])) }
}

/** The largest pixel of each window, channel by channel: `[h, w, c] → [h′, w′, c]`; padding never wins, NaN always does. */
export const maxPool = defineOp({
  tag: 'MaxPool',
  operands: ['input'],
  attributes: windowAttributes,
  infer: ([input], a) => inferPooled(input, a),
  evaluate: ([input], a, { result }) => {
    const out = zeros([input.shape[0], ...shapeOf(result)])
    const channels = input.shape[3]
    slidePixels(input, result, a, (to, from, first) => {
      for (let i = 0; i < channels; i++)
        out.data[to + i] = first ? input.data[from + i] : Math.max(out.data[to + i], input.data[from + i])
    })
    return out
  },
  equivariance: {
    law: 'sink-through-max-pool',
    precision: 'exact',
    symbol: 'pool',
    result: 'moves',
    attributes: { text: 'g⁻¹·pool', from: mirrored },
  },
})

/** Pixels of the padded image that window `at` covers along one axis, those past the trailing pad left out. */
const paddedTaps = (at: number, axis: 0 | 1, extent: number, w: Window): number => {
  const [before, after] = w.padding[axis]
  let n = 0
  for (let k = 0; k < w.size[axis]; k++) {
    const i = at * w.strides[axis] - before + k * w.dilations[axis]
    if (i < extent + after) n++
  }
  return n
}

/** How many pixels of the padded image a window has, by the pixel of the output. */
export const windowSizes = (
  w: Window,
  [h, width]: readonly number[],
  [oh, ow]: readonly number[],
): ((output: number) => number) => {
  const rows = Array.from({ length: oh }, (_, y) => paddedTaps(y, 0, h, w))
  const columns = Array.from({ length: ow }, (_, x) => paddedTaps(x, 1, width, w))
  return output => rows[Math.floor(output / ow) % oh] * columns[output % ow]
}

/** The mean of each window: over its real pixels, or (`countPadding`) over the pixels of the padded image. */
export const meanPool = defineOp({
  tag: 'MeanPool',
  operands: ['input'],
  attributes: { ...windowAttributes, countPadding: t.boolean },
  infer: ([input], a) => inferPooled(input, a),
  evaluate: ([input], a, { result }) => {
    const [n, h, width, c] = input.shape
    const [oh, ow] = shapeOf(result)
    const out = zeros([n, oh, ow, c])
    const sizeOfWindow = windowSizes(a, [h, width], [oh, ow])
    slidePixels(input, result, a, (to, from, _, count) => {
      const over = a.countPadding ? sizeOfWindow(to / c) : count
      for (let i = 0; i < c; i++) out.data[to + i] += input.data[from + i] / over
    })
    return out
  },
  equivariance: {
    law: 'sink-through-mean-pool',
    precision: 'rounding',
    symbol: 'pool',
    result: 'moves',
    attributes: { text: 'g⁻¹·pool', from: mirrored },
    when: {
      text: 'pool counts real pixels alone, or rounds down',
      from: (_, { countPadding, ceil }) => !countPadding || !ceil,
    },
  },
})

const reduction = t.keyof({ mean: null, max: null })

/** One value a channel: `[h, w, c] → [c]`. */
export const globalPool = defineOp({
  tag: 'GlobalPool',
  operands: ['input'],
  attributes: { reduction },
  infer: ([input]) =>
    input.kind === 'Map' ? E.right(vectorType(input.c)) : mismatch(printType(input), 'a Map as input'),
  evaluate: ([input], { reduction }) => {
    const [n, h, w, c] = input.shape
    const out = zeros([n, c])
    if (reduction === 'max') out.data.fill(Number.NEGATIVE_INFINITY)
    for (let b = 0; b < n; b++)
      for (let p = 0; p < h * w; p++)
        for (let i = 0; i < c; i++) {
          const value = input.data[(b * h * w + p) * c + i]
          const to = b * c + i
          if (reduction === 'mean') out.data[to] += value
          else out.data[to] = Math.max(out.data[to], value)
        }
    if (reduction === 'mean') for (let i = 0; i < out.data.length; i++) out.data[i] /= h * w
    return out
  },
  equivariance: { law: 'drop-before-global-pool', precision: 'exact', symbol: 'pool', result: 'fixed' },
})

/** One value a pixel: `[h, w, c] → [h, w, 1]`; of a vector one value, `[c] → [1]`. */
export const channelPool = defineOp({
  tag: 'ChannelPool',
  operands: ['input'],
  attributes: { reduction },
  infer: ([input]) => {
    if (input.kind === 'Shared') return mismatch(printType(input), 'a Map or a Vector as input')
    return E.right(input.kind === 'Map' ? mapType(input.h, input.w, 1) : vectorType(1))
  },
  evaluate: ([{ shape, data }], { reduction }) => {
    const c = shape[shape.length - 1]
    const out = zeros([...shape.slice(0, -1), 1])
    for (let p = 0; p < out.data.length; p++) {
      let reduced = reduction === 'mean' ? 0 : Number.NEGATIVE_INFINITY
      for (let i = p * c; i < (p + 1) * c; i++)
        reduced = reduction === 'mean' ? reduced + data[i] : Math.max(reduced, data[i])
      out.data[p] = reduction === 'mean' ? reduced / c : reduced
    }
    return out
  },
  equivariance: { law: 'sink-through-channel-pool', precision: 'exact', symbol: 'pool', result: 'moves' },
})
