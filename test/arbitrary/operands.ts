import {
  type MapType,
  mapType,
  type OpTag,
  shapeOf,
  sharedType,
  type Type,
  type VectorType,
  vectorType,
} from '../../ir/index.ts'
import type { Choose } from './choose.ts'

const extents = [4, 6, 5, 2, 7, 3, 1] as const
const channels = [4, 2, 6, 3, 1] as const

/** A small map: even, odd, of extent 1, more often oblong than square. */
export const drawMap = (choose: Choose): MapType => {
  const h = choose.pick(extents)
  return mapType(h, choose.oneIn(2) ? h : choose.pick(extents), choose.pick(channels))
}

export const drawVector = (choose: Choose): VectorType => vectorType(choose.pick(channels))

/** `[r, s, i, o]`, `[i, o]` or `[c]`. */
export const drawShared = (choose: Choose, least = 1): Type => {
  const rank = choose.pick([4, 2, 1].filter(n => n >= least))
  return sharedType(Array.from({ length: rank }, () => choose.pick([3, 2, 4, 1])))
}

const none = (): readonly Type[] => []
const map = (choose: Choose): readonly Type[] => [drawMap(choose)]
const vector = (choose: Choose): readonly Type[] => [drawVector(choose)]
const example = (choose: Choose): readonly Type[] => [choose.oneIn(4) ? drawVector(choose) : drawMap(choose)]

/** A type that may stand beside the first operand of a `Binary`, `Concat` or `Combine`: not always the same. */
export const drawCompanion = (choose: Choose, tag: OpTag, first: Type): Type => {
  const shape = shapeOf(first)
  const like = (extents: readonly number[]): Type =>
    first.kind === 'Map'
      ? mapType(extents[0], extents[1], extents[2])
      : first.kind === 'Vector'
        ? vectorType(extents[0])
        : sharedType(extents)
  switch (tag) {
    case 'Concat':
      return like([...shape.slice(0, -1), choose.pick([shape[shape.length - 1], 1, 2, 3])])
    case 'Binary':
      return like(
        choose.pick([
          shape,
          shape,
          shape.map((n, k) => (k < shape.length - 1 ? 1 : n)),
          shape.map(n => (choose.oneIn(2) ? 1 : n)),
        ]),
      )
    default:
      return first
  }
}

const several = (choose: Choose, tag: OpTag, first: Type, most: number): readonly Type[] => [
  first,
  ...Array.from({ length: 1 + choose.below(most - 1) }, () => drawCompanion(choose, tag, first)),
]

/** Operands to begin with, for an op on its own: what `drawAttributes` then completes. */
export const drawGiven: { readonly [T in OpTag]: (choose: Choose) => readonly Type[] } = {
  Input: () => [],
  Parameter: () => [],
  Constant: () => [],
  Conv2d: map,
  Dense: vector,
  BatchNorm: example,
  Unary: choose => [choose.oneIn(6) ? drawShared(choose) : example(choose)[0]],
  Binary: choose => {
    const [first] = choose.oneIn(6) ? [drawShared(choose)] : example(choose)
    return choose.oneIn(2) ? [first] : several(choose, 'Binary', first, 2)
  },
  MaxPool: map,
  MeanPool: map,
  GlobalPool: map,
  ChannelPool: example,
  Pad: map,
  Concat: choose => several(choose, 'Concat', choose.oneIn(6) ? drawShared(choose) : example(choose)[0], 3),
  Slice: choose => [choose.oneIn(4) ? drawShared(choose) : example(choose)[0]],
  Flatten: map,
  Unflatten: vector,
  Reshape: choose => [drawShared(choose, 2)],
  Transpose: choose => [choose.oneIn(2) ? drawShared(choose) : drawMap(choose)],
  Resize: map,
  Softmax: example,
  Attention: choose => {
    const queries = drawMap(choose)
    const [{ h, w }, outputs] = [drawMap(choose), choose.pick(channels)]
    return choose.oneIn(2) ? [queries] : [queries, mapType(h, w, queries.c), mapType(h, w, outputs)]
  },
  WindowAttention: choose => {
    const [queries, outputs] = [drawMap(choose), choose.pick(channels)]
    return choose.oneIn(2) ? [queries] : [queries, queries, mapType(queries.h, queries.w, outputs)]
  },
  Act: choose => [choose.oneIn(3) ? drawShared(choose, 2) : drawMap(choose)],
  Rotate: map,
  Scale: map,
  Shift: map,
  Branch: map,
  Undo: map,
  Reduce: example,
  Combine: choose => several(choose, 'Combine', example(choose)[0], 4),
  Certainty: vector,
  Select: choose => {
    const [kept] = example(choose)
    return [vectorType(1), kept, kept]
  },
  Stack: choose => several(choose, 'Stack', choose.oneIn(3) ? drawVector(choose) : drawMap(choose), 3),
  Unstack: example,
  ReduceTo: choose => [choose.oneIn(6) ? drawShared(choose) : example(choose)[0]],
  InverseCount: choose => [choose.oneIn(6) ? drawShared(choose) : example(choose)[0]],
  Stretch: choose => {
    const [like] = choose.oneIn(6) ? [drawShared(choose)] : example(choose)
    const shape = shapeOf(like).map(n => (choose.oneIn(2) ? n : 1))
    const own = like.kind === 'Map' ? mapType(shape[0], shape[1], shape[2]) : vectorType(shape[0])
    return [
      like.kind === 'Shared' || choose.oneIn(2) ? sharedType(shape.slice(choose.below(shape.length + 1))) : own,
      like,
    ]
  },
  Conv2dTranspose: none,
  Conv2dFilterGradient: none,
  DenseWeightsGradient: choose => [drawVector(choose), drawVector(choose)],
  BatchNormInputGradient: example,
  MaxPoolGradient: map,
  MeanPoolGradient: none,
  ResizeGradient: none,
  FlattenGradient: none,
  Warp: map,
  WarpGradient: map,
  AttentionGradient: none,
  WindowAttentionGradient: none,
}
