import type fc from 'fast-check'
import { either as E } from 'fp-ts'
import {
  type AttributesOf,
  builder,
  certaintyMeasures,
  declarationOf,
  elements,
  type Graph,
  inferNode,
  isPerExample,
  type MapType,
  mapType,
  type OpTag,
  reductions,
  shapeOf,
  sharedType,
  sizeOf,
  type Type,
  type VariantAxis,
  type VectorType,
  valueReductions,
  vectorType,
} from '../../ir/index.ts'
import type { BinaryFunction } from '../../ir/ops/pointwise.ts'
import { type Arithmetic, arbitraryChoices, type Choose, chooser } from './choose.ts'
import { drawGiven, drawMap, drawShared } from './operands.ts'
import { bounded, drawPool } from './pool.ts'
import { drawDegrees, drawFactor, drawShift, drawTransform, drawTransforms } from './transforms.ts'
import { drawUnary } from './unary.ts'
import { drawWindow, largestExtent } from './window.ts'

export type { Arithmetic } from './choose.ts'
export { drawCompanion, drawGiven, drawMap } from './operands.ts'

/** Attributes that fit the given operands, and the types of the operands that come after them. */
export interface Drawn<T extends OpTag> {
  readonly attributes: AttributesOf<T>
  readonly shared: readonly Type[]
}

type Draw<T extends OpTag> = (choose: Choose, given: readonly Type[], arithmetic: Arithmetic) => Drawn<T>

const only = <T extends OpTag>(attributes: AttributesOf<T>): Drawn<T> => ({ attributes, shared: [] })

/** The groups of a convolution over c channels: one, all (depthwise), or a proper divisor where there is one. */
export const drawGroups = (choose: Choose, c: number): number => {
  const proper = [2, 3, 4].filter(g => g < c && c % g === 0)
  return choose.weighted([[3, 1], [2, c], ...proper.map(g => [3, g] as const)])
}

/** Output channels for a number of groups, at most six; depthwise with multipliers. */
export const drawOutputs = (choose: Choose, groups: number): number =>
  choose.pick([4, 2, 6, 3, 1, 5, groups].filter(outputs => outputs % groups === 0))

const pointwise: readonly BinaryFunction[] = ['add', 'multiply', 'subtract', 'maximum', 'minimum']

/** Shapes that broadcast to a type of this shape, trailing ones first. */
const broadcastable = (choose: Choose, type: Type): readonly number[] => {
  const shape = shapeOf(type)
  const stretched = shape.map(n => (choose.oneIn(2) ? 1 : n))
  return choose.pick([shape.slice(-1), shape, shape.slice(1), stretched])
}

const wholePads = (choose: Choose, extent: number): readonly [number, number] => {
  const crop = extent > 1 ? -1 : 0
  return choose.pick([
    [1, 0],
    [0, 1],
    [crop, 0],
    [0, crop],
    [crop, 1],
    [2, crop],
  ] as const)
}

/** Extents of which some are taken together: leading ones left out, others 1. */
const drawReducedShape = (choose: Choose, shape: readonly number[]): readonly number[] =>
  choose.pick([shape.slice(-1), [], shape.map(n => (choose.oneIn(2) ? 1 : n)), shape.slice(1), shape])

const drawReduced = (choose: Choose, input: Type): Type => {
  const shape = shapeOf(input)
  if (input.kind === 'Shared' || choose.oneIn(2)) return sharedType(drawReducedShape(choose, shape))
  const stays = shape.map(n => (choose.oneIn(2) ? n : 1))
  return input.kind === 'Map' ? mapType(stays[0], stays[1], stays[2]) : vectorType(stays[0])
}

const resultOf = <T extends OpTag>(tag: T, operands: readonly Type[], attributes: AttributesOf<T>): Type => {
  const inferred = inferNode(
    tag,
    attributes as never,
    operands.map(type => ({ type, variants: variantsUnder(tag, attributes) })),
  )
  if (E.isLeft(inferred)) throw new Error(`${tag}: saw ${inferred.left.seen}; expected ${inferred.left.expected}`)
  return inferred.right.type
}

const drawConvolution = (choose: Choose, arithmetic: Arithmetic) => {
  const input = drawMap(choose)
  const { attributes, shared } = drawAttributes.Conv2d(choose, [input], arithmetic)
  return { input, attributes, filter: shared[0], output: resultOf('Conv2d', [input, ...shared], attributes) }
}

/** Every op's valid attributes beside operands of given types, inclined to what breaks padding and broadcasting laws. */
export const drawAttributes: { readonly [T in OpTag]: Draw<T> } = {
  Input: choose => only({ name: 'image', type: drawMap(choose) }),
  Parameter: choose => only({ name: 'weights', shape: shapeOf(drawShared(choose)) }),
  Constant: choose => {
    const shape = shapeOf(drawShared(choose))
    return only({ shape, values: Array.from({ length: sizeOf(shape) }, () => choose.pick([1, 0.5, -2, 0])) })
  },
  Conv2d: (choose, [input]) => {
    const { h, w, c } = input as MapType
    const groups = drawGroups(choose, c)
    const { size, ...window } = drawWindow(choose, [h, w], [3, 1, 2, 3, 1, 4], (a, n) => bounded(a, n, false))
    return {
      attributes: { ...window, groups },
      shared: [sharedType([...size, c / groups, drawOutputs(choose, groups)])],
    }
  },
  Dense: (choose, [input]) => ({
    attributes: {},
    shared: [sharedType([(input as VectorType).c, choose.pick([3, 4, 2, 1])])],
  }),
  BatchNorm: (choose, [input], arithmetic) => {
    const { c } = input as MapType | VectorType
    return {
      attributes: { epsilon: arithmetic === 'exact' ? 0.5 : choose.pick([1e-3, 1e-5, 0.5]) },
      shared: Array.from({ length: 4 }, () => sharedType([c])),
    }
  },
  Unary: (choose, _, arithmetic) => only(drawUnary(choose, 'anything', arithmetic)),
  Binary: (choose, given) =>
    given.length === 1
      ? {
          attributes: { fn: choose.pick([...pointwise, 'divide']) },
          shared: [sharedType(broadcastable(choose, given[0]))],
        }
      : only({ fn: choose.pick(pointwise) }),
  MaxPool: (choose, [input]) => only(drawPool(choose, input, 'any')),
  MeanPool: (choose, [input], arithmetic) =>
    only({ ...drawPool(choose, input, arithmetic), countPadding: choose.oneIn(2) }),
  GlobalPool: choose => only({ reduction: choose.pick(['mean', 'max']) }),
  ChannelPool: choose => only({ reduction: choose.pick(['mean', 'max']) }),
  Pad: (choose, [input]) => {
    const { h, w, c } = input as MapType
    const grown = (extent: number) => {
      const pads = wholePads(choose, extent)
      return extent + pads[0] + pads[1] <= largestExtent ? pads : ([0, -1] as const)
    }
    return only({
      padding: [grown(h), grown(w)],
      channels: c < 5 ? choose.pick([[0, 0], [1, 1], [0, 2], c > 1 ? [-1, 1] : [1, 0]] as const) : [0, 0],
      value: choose.pick([0, 1, -0.5]),
    })
  },
  Concat: (choose, [first, ...rest]) => {
    const shape = shapeOf(first)
    if (first.kind !== 'Shared') return only({ axis: shape.length - 1 })
    const agrees = (axis: number): boolean =>
      rest.every(other => shapeOf(other).every((n, k) => k === axis || n === shape[k]))
    return only({ axis: choose.pick(shape.map((_, axis) => axis).filter(agrees)) })
  },
  Slice: (choose, [input]) => {
    const shape = shapeOf(input)
    const axis = input.kind === 'Shared' ? choose.below(shape.length) : shape.length - 1
    const begin = choose.below(shape[axis])
    return only({ axis, begin, size: shape[axis] - begin - choose.below(shape[axis] - begin) })
  },
  Flatten: choose => only({ order: choose.pick(['hwc', 'chw']) }),
  Unflatten: () => only({}),
  Reshape: (choose, [input]) => {
    const shape = shapeOf(input)
    return only({
      shape: choose.pick([[sizeOf(shape)], [1, ...shape], [...shape.slice(0, -2), sizeOf(shape.slice(-2))], shape]),
    })
  },
  Transpose: (choose, [input]) => {
    const rest = shapeOf(input).map((_, axis) => axis)
    const permutation: number[] = []
    while (rest.length > 0) permutation.push(...rest.splice(rest.length - 1 - choose.below(rest.length), 1))
    return only({ permutation })
  },
  Resize: (choose, [input], arithmetic) => {
    const { h, w } = input as MapType
    const doubled = (n: number): number => (2 * n <= largestExtent ? choose.pick([2 * n, n]) : n)
    const any = (n: number): number => choose.pick([Math.min(2 * n, largestExtent), n, Math.max(1, n - 1), 3, 7, 1])
    return arithmetic === 'exact'
      ? only({ size: [doubled(h), doubled(w)], method: choose.pick(['linear', 'nearest']), coordinates: 'half-pixel' })
      : only({
          size: [any(h), any(w)],
          method: choose.pick(['linear', 'linear', 'nearest']),
          coordinates: choose.pick(['half-pixel', 'align-corners', 'asymmetric']),
        })
  },
  Softmax: choose => only({ log: choose.oneIn(2) }),
  Attention: (choose, [queries, , values]) => {
    const { c } = queries as MapType
    const outputs = values === undefined ? choose.pick([c, 2 * c]) : (values as MapType).c
    const heads = choose.pick([1, 2, 3].filter(n => c % n === 0 && outputs % n === 0))
    const pair = (): readonly Type[] => {
      const { h, w } = drawMap(choose)
      return [mapType(h, w, c), mapType(h, w, outputs)]
    }
    const attributes = { heads, scale: choose.pick([0.5, 1, 0.25]) }
    return { attributes, shared: values === undefined ? [...pair(), ...pair()] : [] }
  },
  WindowAttention: (choose, [queries, , values]) => {
    const { h, w, c } = queries as MapType
    const outputs = values === undefined ? choose.pick([c, 2 * c]) : (values as MapType).c
    const heads = choose.pick([1, 2, 3].filter(n => c % n === 0 && outputs % n === 0))
    const [r, s] = [h, w].map(extent => choose.pick([1, 2, 3, extent].filter(n => extent % n === 0)))
    const bias = sharedType([2 * r - 1, 2 * s - 1, heads])
    const memory = values === undefined ? [mapType(h, w, c), mapType(h, w, outputs)] : []
    const partition = choose.pick(['blocks', 'grid'] as const)
    return { attributes: { scale: choose.pick([0.5, 1, 0.25]), partition }, shared: [...memory, bias] }
  },
  Act: (choose, [input]) => {
    const rank = shapeOf(input).length
    const y = input.kind === 'Map' ? 0 : choose.below(rank)
    return only({
      element: choose.pick(elements.slice(1)),
      axes: [y, input.kind === 'Map' ? 1 : (y + 1 + choose.below(rank - 1)) % rank],
    })
  },
  Rotate: choose => only({ degrees: drawDegrees(choose) }),
  Scale: (choose, _, arithmetic) => only({ factor: drawFactor(choose, arithmetic === 'exact') }),
  Shift: choose => only(drawShift(choose)),
  Branch: (choose, [input], arithmetic) => {
    const { h, w } = input as MapType
    return only({ axis: 'b', transforms: drawTransforms(choose, [h, w], 4, arithmetic === 'exact') })
  },
  Undo: (choose, [input], arithmetic) => {
    const { h, w, c } = input as MapType
    const pairs: readonly (readonly [number, number])[] = c > 1 && choose.oneIn(2) ? [[c - 1, 0]] : []
    const transforms = Array.from({ length: choose.pick([2, 3]) }, () =>
      drawTransform(choose, h === w ? 'allowed' : 'none', arithmetic === 'exact'),
    )
    return only({ axis: 'b', transforms, pairs })
  },
  Reduce: choose => only({ reduction: choose.pick([...reductions, ...valueReductions]) }),
  Certainty: choose => only({ measure: choose.pick(certaintyMeasures) }),
  Select: choose => only({ below: choose.pick([0.5, 0, -1, 2]) }),
  Combine: (choose, variants) =>
    only({ reduction: choose.pick(reductions), multiplicity: variants.map(() => choose.pick([1, 2, 3])) }),
  Stack: () => only({}),
  Unstack: () => only({ index: 0, count: 1 }),
  ReduceTo: (choose, [input]) =>
    only({ to: drawReduced(choose, input), reduction: choose.pick(['sum', 'mean', 'variance']) }),
  InverseCount: (choose, [input]) => only({ to: sharedType(drawReducedShape(choose, shapeOf(input))) }),
  Stretch: () => only({}),
  Conv2dTranspose: (choose, _, arithmetic) => {
    const { input, attributes, output, filter } = drawConvolution(choose, arithmetic)
    return { attributes: { ...attributes, extents: [input.h, input.w] }, shared: [output, filter] }
  },
  Conv2dFilterGradient: (choose, _, arithmetic) => {
    const { input, attributes, output, filter } = drawConvolution(choose, arithmetic)
    const [r, s] = shapeOf(filter)
    return { attributes: { ...attributes, extents: [r, s] }, shared: [input, output] }
  },
  DenseWeightsGradient: () => only({}),
  BatchNormInputGradient: (choose, [input]) => {
    const { c } = input as MapType | VectorType
    return {
      attributes: { epsilon: choose.pick([1e-3, 0.5]) },
      shared: [input, ...Array.from({ length: 5 }, () => sharedType([c]))],
    }
  },
  MaxPoolGradient: (choose, [input]) => {
    const attributes = drawPool(choose, input, 'any')
    return { attributes, shared: [resultOf('MaxPool', [input], attributes)] }
  },
  MeanPoolGradient: (choose, _, arithmetic) => {
    const input = drawMap(choose)
    const attributes = { ...drawPool(choose, input, arithmetic), countPadding: choose.oneIn(2) }
    return {
      attributes: { ...attributes, extents: [input.h, input.w] },
      shared: [resultOf('MeanPool', [input], attributes)],
    }
  },
  ResizeGradient: (choose, _, arithmetic) => {
    const input = drawMap(choose)
    const { size, ...how } = drawAttributes.Resize(choose, [input], arithmetic).attributes
    return { attributes: { ...how, extents: [input.h, input.w] }, shared: [mapType(size[0], size[1], input.c)] }
  },
  FlattenGradient: choose => {
    const { h, w, c } = drawMap(choose)
    return { attributes: { shape: [h, w, c], order: choose.pick(['hwc', 'chw']) }, shared: [vectorType(h * w * c)] }
  },
  Warp: () => ({ attributes: {}, shared: [sharedType([2, 2])] }),
  WarpGradient: () => ({ attributes: {}, shared: [sharedType([2, 2])] }),
  AttentionGradient: choose => {
    const { operands, attributes, type } = drawOp(choose, 'Attention', drawGiven.Attention(choose))
    return { attributes: { ...attributes, operand: choose.below(operands.length) }, shared: [type, ...operands] }
  },
  WindowAttentionGradient: choose => {
    const { operands, attributes, type } = drawOp(choose, 'WindowAttention', drawGiven.WindowAttention(choose))
    return { attributes: { ...attributes, operand: choose.below(operands.length) }, shared: [type, ...operands] }
  },
}

/** One op with the types of all its operands and of its result. */
export interface OpCase<T extends OpTag = OpTag> {
  readonly tag: T
  readonly operands: readonly Type[]
  readonly attributes: AttributesOf<T>
  readonly type: Type
}

/** The variants that an op's operands have: only of those of a branch something can be undone. */
const variantsUnder = (tag: OpTag, attributes: unknown): readonly VariantAxis[] =>
  tag === 'Undo' ? [{ name: 'b', extent: (attributes as AttributesOf<'Undo'>).transforms.length }] : []

/** Completes given operands; @throws Error where what was drawn is not valid, a bug in the table. */
export const drawOp = <T extends OpTag>(
  choose: Choose,
  tag: T,
  given: readonly Type[],
  arithmetic: Arithmetic = 'any',
): OpCase<T> => {
  const { attributes, shared } = (drawAttributes[tag] as unknown as Draw<T>)(choose, given, arithmetic)
  const operands = [...given, ...shared]
  const inferred = inferNode(
    tag,
    attributes as never,
    operands.map(type => ({ type, variants: variantsUnder(tag, attributes) })),
  )
  if (E.isLeft(inferred))
    throw new Error(
      `${tag} ${JSON.stringify(attributes)}: saw ${inferred.left.seen}; expected ${inferred.left.expected}`,
    )
  return { tag, operands, attributes, type: inferred.right.type }
}

/** A valid use of one op: its operands drawn too, or the given ones completed. */
export const arbitraryOp = <T extends OpTag>(
  tag: T,
  { given, arithmetic = 'any' }: { readonly given?: readonly Type[]; readonly arithmetic?: Arithmetic } = {},
): fc.Arbitrary<OpCase<T>> =>
  arbitraryChoices(32).map(choices => {
    const choose = chooser(choices)
    return drawOp(choose, tag, given ?? drawGiven[tag](choose), arithmetic)
  })

/** The op alone in a graph: inputs `x0`, `x1` … and parameters `w0`, `w1` … by operand, one output `y`; the variants of a `Branch` are reduced. */
export const opGraph = ({ tag, operands, attributes }: OpCase): Graph => {
  const { dialect } = declarationOf(tag)
  const b = builder(dialect === 'any' ? 'flat' : dialect)
  const ids = operands.map((type, k) =>
    isPerExample(type) ? b.input(`x${k}`, type) : b.parameter(`w${k}`, type.shape),
  )
  if (tag === 'Undo') {
    const { axis, transforms, pairs } = attributes as AttributesOf<'Undo'>
    return b.finish({ y: b.reduce(b.undo(b.branch(ids[0], axis, transforms), axis, transforms, pairs), 'geo') })
  }
  const y = b.draft.add(tag, ids, attributes)
  if (tag === 'Branch') return b.finish({ y: b.reduce(b.flatten(y), 'geo') })
  return b.finish({ y: tag === 'Stack' ? b.draft.add('Unstack', [y], { index: 0, count: ids.length }) : y })
}
