import { type Padding, type Pair, trailingPad, type Window } from '../../ir/index.ts'
import { node, type Template } from '../rule.ts'

/** Parts of right sides that several legal forms are made of. */

export const noPads: Padding = [
  [0, 0],
  [0, 0],
]
export const isZero = (pads: readonly Pair[]): boolean => pads.every(([before, after]) => before === 0 && after === 0)
export const cropOf = ([rows, columns]: Padding): Padding => [cropped(rows), cropped(columns)]
export const growthOf = ([rows, columns]: Padding): Padding => [grown(rows), grown(columns)]
const cropped = ([before, after]: Pair): Pair => [Math.min(0, before), Math.min(0, after)]
const grown = ([before, after]: Pair): Pair => [Math.max(0, before), Math.max(0, after)]

/** Whether negative pads leave no pixel, so that only what positive ones add is left. */
export const cropsAll = (extents: Pair, padding: Padding): boolean =>
  padding.some(([before, after], axis) => Math.max(0, -before) + Math.max(0, -after) >= extents[axis])

/** Along an axis of which nothing is left, all that is wanted beside it, and then without it. */
const beside = (pads: Pair, extent: number): Pair =>
  cropsAll([extent, 1], [pads, [0, 0]]) ? [Math.max(0, extent + pads[0] + pads[1]), -extent] : pads

/** A map under pads; where nothing would be left of it, what is added goes before what is cut off. */
export const underPads = (x: Template, extents: Pair, padding: Padding, value: number | 'lowest' = 0): Template => {
  const grows: Padding = [beside(padding[0], extents[0]), beside(padding[1], extents[1])]
  return (cropsAll(extents, padding) ? [growthOf(grows), cropOf(grows)] : [padding])
    .filter(pads => !isZero(pads))
    .reduce((map, pads) => node('Pad', { padding: pads, channels: [0, 0], value }, map), x)
}

/** The extents of a map under pads. */
export const canvasOf = ([h, w]: Pair, [rows, columns]: Padding): Pair => [
  h + rows[0] + rows[1],
  w + columns[0] + columns[1],
]

/** The pads that take these away again. */
export const undone = ([rows, columns]: Padding): Padding => [
  [0 - rows[0], 0 - rows[1]],
  [0 - columns[0], 0 - columns[1]],
]

/** How far the pixels reach that one tap of a window meets. */
const reach = (outputs: Pair, strides: Pair): Pair => [
  (outputs[0] - 1) * strides[0] + 1,
  (outputs[1] - 1) * strides[1] + 1,
]

const onePixel = (strides: Pair) =>
  ({ size: [1, 1], strides, dilations: [1, 1], padding: noPads, ceil: false, countPadding: false }) as const

/** The pixels of a map that one tap of a window meets, the first at `tap`, perhaps before the map: outside of it are what the value says. */
export const takeTap = (
  x: Template,
  extents: Pair,
  tap: Pair,
  strides: Pair,
  outputs: Pair,
  value: number | 'lowest' = 0,
): Template => {
  const reached = reach(outputs, strides)
  const pads = (axis: 0 | 1): Pair => [
    0 - tap[axis],
    trailingPad(tap[axis] + reached[axis] - extents[axis], strides[axis]),
  ]
  const met = underPads(x, extents, [pads(0), pads(1)], value)
  return Math.max(...strides) === 1 ? met : node('MeanPool', onePixel(strides), met)
}

/** A map of these extents, zeros but for the pixels that one tap of a window meets. */
export const placeTap = (x: Template, extents: Pair, tap: Pair, strides: Pair, outputs: Pair): Template => {
  const [h, w] = reach(outputs, strides)
  const apart = Math.max(...strides) === 1 ? x : node('MeanPoolGradient', { ...onePixel(strides), extents: [h, w] }, x)
  return underPads(
    apart,
    [h, w],
    [
      [tap[0], extents[0] - h - tap[0]],
      [tap[1], extents[1] - w - tap[1]],
    ],
  )
}

/** Where in a map the taps of the first window lie, row-major. */
export const tapsOf = ({ size, dilations, padding: [[top], [left]] }: Window): readonly Pair[] =>
  Array.from(
    { length: size[0] * size[1] },
    (_, k): Pair => [Math.floor(k / size[1]) * dilations[0] - top, (k % size[1]) * dilations[1] - left],
  )

export const binary =
  (fn: 'add' | 'subtract' | 'multiply' | 'maximum' | 'gate') =>
  (a: Template, b: Template): Template =>
    node('Binary', { fn }, a, b)

export const times = (x: Template, factor: number): Template =>
  node('Unary', { fn: 'affine', alpha: factor, beta: 0 }, x)
