import { axesAtMost, elementName, isFloating } from '../constant.ts'
import { axesOf, axisOf, constantAt, integersOf, optionalAt, scalarOf, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import type { Rule, Translation } from '../translation.ts'
import { dimsOf, extentOf, printDims, reshapeView, type View, withAxes } from '../view.ts'

const fewAxes = (count: number): number =>
  count <= axesAtMost ? count : refuse('unsupported-shape', `a value of ${count} axes`, `at most ${axesAtMost}`)

const reshaped = (t: Translation, view: View, dims: readonly (number | 'n')[]): View => {
  fewAxes(dims.length)
  const result = reshapeView(view, dims, t.batch)
  return typeof result === 'string'
    ? refuse(
        'unsupported-shape',
        `${printDims(dimsOf(view, t.batch))} under shape ${printDims(dims)}: ${result}`,
        'a shape that keeps the examples of a batch apart',
      )
    : result
}

const reshape: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const shape = node.ints('shape') ?? integersOf(constantAt(node, 1))
  if (node.int('allowzero', 0) !== 0 && shape.includes(0)) return refuse('unsupported-attribute', 'allowzero = 1', '0')
  return [reshaped(t, view, shape)]
}

const flatten: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const axis = node.int('axis', 1)
  const at = axis < 0 ? axis + view.axes.length : axis
  if (at !== 1) return refuse('unsupported-attribute', `axis = ${axis}`, '1: an example a row')
  return [reshaped(t, view, ['n', -1])]
}

const squeeze: Rule = node => {
  const view = viewAt(node, 0)
  const axes = axesOf(node, 1)?.map(axis => axisOf(axis, view.axes.length))
  const gone = (axis: (typeof view.axes)[number], k: number): boolean =>
    axes === undefined ? axis !== 'n' && axis.length === 0 : axes.includes(k)
  const full = view.axes.find((axis, k) => gone(axis, k) && (axis === 'n' || extentOf(axis) !== 1))
  if (full !== undefined)
    return refuse(
      'unsupported-shape',
      full === 'n' ? 'the batch axis squeezed' : 'an axis of extent over 1 squeezed',
      'axes of extent 1',
    )
  return [
    withAxes(
      view,
      view.axes.filter((axis, k) => !gone(axis, k)),
    ),
  ]
}

const unsqueeze: Rule = node => {
  const view = viewAt(node, 0)
  const wanted = axesOf(node, 1) ?? []
  const rank = fewAxes(view.axes.length + wanted.length)
  const axes = wanted.map(axis => axisOf(axis, rank))
  let next = 0
  return [
    withAxes(
      view,
      Array.from({ length: rank }, (_, k) => (axes.includes(k) ? [] : view.axes[next++])),
    ),
  ]
}

const transpose: Rule = node => {
  const view = viewAt(node, 0)
  const permutation = node.ints('perm') ?? view.axes.map((_, k) => view.axes.length - 1 - k)
  if ([...permutation].sort((a, b) => a - b).some((axis, k) => axis !== k) || permutation.length !== view.axes.length)
    return refuse('malformed-file', `perm = ${printDims(permutation)}`, `each of ${view.axes.length} axes once`)
  return [
    withAxes(
      view,
      permutation.map(axis => view.axes[axis]),
    ),
  ]
}

const identity: Rule = node => [viewAt(node, 0)]

const cast: Rule = node => {
  const view = viewAt(node, 0)
  const to = node.int('to', 0)
  node.disregard('saturate')
  return isFloating(to)
    ? [view]
    : refuse('unsupported-attribute', `a cast to ${elementName(to)}`, 'a floating-point type')
}

const dropout: Rule = node => {
  const view = viewAt(node, 0)
  const training = optionalAt(node, 2)
  node.disregard('ratio', 'seed')
  return training !== undefined && scalarOf(training) !== 0
    ? refuse('unsupported-attribute', 'training_mode = true', 'false', 'export the network in evaluation mode')
    : [view]
}

/** Only to the shape that the value has. */
const expand: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const shape = integersOf(constantAt(node, 1))
  const dims = dimsOf(view, t.batch)
  const same =
    shape.length <= dims.length && shape.every((d, k) => d === 1 || d === dims[dims.length - shape.length + k])
  return same
    ? [view]
    : refuse('unsupported-shape', `${printDims(dims)} expanded to ${printDims(shape)}`, 'the same shape')
}

export const shapes: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Identity: identity,
  Cast: cast,
  Dropout: dropout,
  Expand: expand,
}
