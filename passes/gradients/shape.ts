import { inverse, type NodeId, type Pair, shapeOf } from '../../ir/index.ts'
import { rotationMatrix, scalingMatrix } from '../../ir/ops/transforms.ts'
import { type GradientRule, type Place, refused, type Tools, term } from './tools.ts'

const taken = ([before, after]: Pair): Pair => [0 - before, 0 - after]

const pad: GradientRule<'Pad'> = at => {
  const { padding, channels } = at.attributes
  return [
    term(() =>
      at.draft.add('Pad', [at.wholeGradient()], {
        padding: [taken(padding[0]), taken(padding[1])],
        channels: taken(channels),
        value: 0,
      }),
    ),
  ]
}

const concat: GradientRule<'Concat'> = at => {
  const { axis } = at.attributes
  let end = 0
  return at.operands.map(operand => {
    const begin = end
    const size = shapeOf(at.typeOf(operand))[axis]
    end += size
    return term(() => at.draft.add('Slice', [at.wholeGradient()], { axis, begin, size }))
  })
}

/** Zeros beside the gradient, in the place of what was left out. */
const slice: GradientRule<'Slice'> = at => {
  const [x] = at.operands
  const { axis, begin, size } = at.attributes
  const zeros = (begin: number, size: number): readonly NodeId[] =>
    size === 0 ? [] : [at.whole(at.constant(0), at.draft.add('Slice', [x], { axis, begin, size }))]
  return [
    term(() => {
      const end = begin + size
      const parts = [...zeros(0, begin), at.wholeGradient(), ...zeros(end, shapeOf(at.typeOf(x))[axis] - end)]
      return parts.length === 1 ? parts[0] : at.draft.add('Concat', parts, { axis })
    }),
  ]
}

const flatten: GradientRule<'Flatten'> = at => {
  const [h, w, c] = shapeOf(at.typeOf(at.operands[0]))
  const { order } = at.attributes
  return [term(() => at.draft.add('FlattenGradient', [at.wholeGradient()], { shape: [h, w, c], order }))]
}

const flattenGradient: GradientRule<'FlattenGradient'> = at => [
  term(() => at.draft.add('Flatten', [at.wholeGradient()], { order: at.attributes.order })),
]

const unflatten: GradientRule<'Unflatten'> = at => [
  term(() => at.draft.add('Flatten', [at.wholeGradient()], { order: 'hwc' })),
]

const reshape: GradientRule<'Reshape'> = at => [
  term(() => at.draft.add('Reshape', [at.wholeGradient()], { shape: shapeOf(at.typeOf(at.operands[0])) })),
]

const transpose: GradientRule<'Transpose'> = at => {
  const { permutation } = at.attributes
  const back = permutation.map((_, axis) => permutation.indexOf(axis))
  return [term(() => at.draft.add('Transpose', [at.wholeGradient()], { permutation: back }))]
}

const resize: GradientRule<'Resize'> = at => {
  const [h, w] = shapeOf(at.typeOf(at.operands[0]))
  const { size: _, ...how } = at.attributes
  return [term(() => at.draft.add('ResizeGradient', [at.wholeGradient()], { extents: [h, w], ...how }))]
}

const resizeGradient: GradientRule<'ResizeGradient'> = at => {
  const [h, w] = shapeOf(at.typeOf(at.operands[0]))
  const { extents: _, ...how } = at.attributes
  return [term(() => at.draft.add('Resize', [at.wholeGradient()], { size: [h, w], ...how }))]
}

const act: GradientRule<'Act'> = at => {
  const { element, axes } = at.attributes
  return [term(() => at.draft.add('Act', [at.wholeGradient()], { element: inverse(element), axes }))]
}

const shift: GradientRule<'Shift'> = at => {
  const { dy, dx } = at.attributes
  return [term(() => at.draft.add('Shift', [at.wholeGradient()], { dy: 0 - dy, dx: 0 - dx }))]
}

/** A matrix known now, as `Warp` takes it. */
const matrixOf = (t: Tools, rows: readonly (readonly number[])[]): NodeId => {
  const entries = rows.flat().map(entry => t.draft.add('Reshape', [t.constant(entry)], { shape: [1] }))
  return t.draft.add('Reshape', [t.draft.add('Concat', entries, { axis: 0 })], { shape: [2, 2] })
}

const unwarped = (at: Place<'Rotate' | 'Scale' | 'Warp'>, matrix: () => NodeId) =>
  term(() => at.draft.add('WarpGradient', [at.wholeGradient(), matrix()], {}))

const rotate: GradientRule<'Rotate'> = at => [
  unwarped(at as never, () => matrixOf(at, rotationMatrix(at.attributes.degrees))),
]

const scale: GradientRule<'Scale'> = at => [
  unwarped(at as never, () => matrixOf(at, scalingMatrix(at.attributes.factor))),
]

/** Angles and scales are drawn, not trained. */
const warp: GradientRule<'Warp'> = at => [unwarped(at as never, () => at.operands[1]), refused]

const warpGradient: GradientRule<'WarpGradient'> = at => [
  term(() => at.draft.add('Warp', [at.wholeGradient(), at.operands[1]], {})),
  refused,
]

export const shape = {
  Pad: pad,
  Concat: concat,
  Slice: slice,
  Flatten: flatten,
  FlattenGradient: flattenGradient,
  Unflatten: unflatten,
  Reshape: reshape,
  Transpose: transpose,
  Resize: resize,
  ResizeGradient: resizeGradient,
  Act: act,
  Shift: shift,
  Rotate: rotate,
  Scale: scale,
  Warp: warp,
  WarpGradient: warpGradient,
}
