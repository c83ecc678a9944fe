import type { NodeId } from '../../../../ir/graph.ts'
import { shapeOf } from '../../../../ir/type.ts'
import type { Constant } from './constant.ts'
import { refuse } from './refuse.ts'
import { arrangedParameter, exampleType, type Translation } from './translation.ts'
import { type Layout, printDims } from './view.ts'

/** A parameter `[h, w, c]` or `[c]` as a value of each image: `like` says how many there are, and nothing of its numbers is left. */
export const ofEachImage = (t: Translation, parameter: NodeId, like: NodeId, name: string): NodeId => {
  const { build } = t
  const vector = exampleType(t, like).kind === 'Map' ? build.globalPool(like, 'mean') : like
  const zero = build.unary('clip', build.slice(vector, 0, 1), { alpha: 0, beta: 0 })
  const rank = shapeOf(build.typeOf(parameter)).length
  return build.binary('add', rank === 3 ? build.unflatten(zero) : zero, parameter, name)
}

/** A constant of one example as a value of each image, laid out as `like` is under a layout. */
export const knownValue = (t: Translation, value: Constant, like: NodeId, layout: Layout, name: string): NodeId => {
  const { dims } = value
  const isOfOne = dims.length === layout.length && layout.every((of, k) => dims[k] === 1 || (of !== 'n' && of !== null))
  if (!isOfOne)
    return refuse('unsupported-shape', `a constant ${printDims(dims)} beside values of the image`, 'one example')
  // An axis that the layout does not have is one of extent 1.
  const axisOf = (of: 'h' | 'w' | 'c'): number => (layout.includes(of) ? layout.indexOf(of) : dims.length)
  const axes = exampleType(t, like).kind === 'Map' ? (['h', 'w', 'c'] as const).map(axisOf) : [axisOf('c')]
  return ofEachImage(t, arrangedParameter(t, value, [...dims, 1], axes), like, name)
}
