import { constant, elementName, isFloating, isWhole, stored } from '../constant.ts'
import { axesOf, axisOf, inputAt, optionalAt, permutationOf, scalarOf, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { fewAxes, reshaped, reshapeView } from '../reshape.ts'
import type { Rule, Translation } from '../translation.ts'
import { type Atom, dimsOf, extentOf, printDims, type View, withAxes, withOrder } from '../view.ts'

const under = (t: Translation, view: View, dims: readonly (number | 'n')[]): View => {
  const result = reshapeView(view, dims, t)
  return typeof result === 'string'
    ? refuse(
        'unsupported-shape',
        `${printDims(dimsOf(view, t.batch))} under shape ${printDims(dims)}: ${result}`,
        'a shape that keeps the examples of a batch apart',
      )
    : result
}

const reshape: Rule = (node, t) => [reshaped(node, viewAt(node, 0), t)]

const flatten: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const axis = node.int('axis', 1)
  const at = axis < 0 ? axis + view.axes.length : axis
  if (at !== 1) return refuse('unsupported-attribute', `axis = ${axis}`, '1: an example a row')
  return [under(t, view, ['n', -1])]
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
  return [withOrder(view, permutationOf(node, view.axes.length))]
}

/** The axes of a view, each cut where a number says so, in another order, and joined again. */
const rearranged = (
  t: Translation,
  view: View,
  cut: readonly (readonly number[])[],
  permutation: readonly number[],
  joined: readonly number[],
): View => {
  const inner = under(t, view, ['n', ...cut.flat()])
  return under(t, withOrder(inner, permutation), ['n', ...joined])
}

const imageDims = (view: View): readonly [number, number, number] =>
  view.axes.length === 4 && view.axes[0] === 'n'
    ? (view.axes.slice(1).map(axis => extentOf(axis as readonly Atom[])) as unknown as readonly [
        number,
        number,
        number,
      ])
    : refuse('unsupported-shape', `a value of rank ${view.axes.length}`, 'an image [n, c, h, w]')

/** Channels as blocks of pixels: `DCR` has the block's pixels slowest, `CRD` fastest. */
const depthToSpace: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const b = node.int('blocksize', 1)
  const mode = node.text('mode', 'DCR')
  const [c, h, w] = imageDims(view)
  if (b < 1 || c % (b * b) !== 0)
    return refuse('unsupported-attribute', `blocksize = ${b} of ${c} channels`, 'whole blocks')
  if (mode !== 'DCR' && mode !== 'CRD') return refuse('unsupported-attribute', `mode = ${mode}`, 'DCR or CRD')
  const depth = c / (b * b)
  const channels = mode === 'DCR' ? [b, b, depth] : [depth, b, b]
  const permutation = mode === 'DCR' ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
  return [rearranged(t, view, [channels, [h, w]], permutation, [depth, h * b, w * b])]
}

const spaceToDepth: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const b = node.int('blocksize', 1)
  const [c, h, w] = imageDims(view)
  if (b < 1 || h % b !== 0 || w % b !== 0)
    return refuse('unsupported-attribute', `blocksize = ${b} of ${h}×${w}`, 'whole blocks')
  return [rearranged(t, view, [[c], [h / b, b], [w / b, b]], [0, 3, 5, 1, 2, 4], [c * b * b, h / b, w / b])]
}

const identity: Rule = node => [viewAt(node, 0)]

const cast: Rule = node => {
  const view = viewAt(node, 0)
  const to = node.int('to', 0)
  node.disregard('saturate', 'round_mode')
  return isFloating(to)
    ? [view]
    : refuse('unsupported-attribute', `a cast to ${elementName(to)}`, 'a floating-point type')
}

/** What is cast to the type of a value of the image stays as it is, or becomes real numbers. */
const castLike: Rule = node => {
  const value = inputAt(node, 0)
  node.disregard('saturate', 'round_mode')
  if (value.kind === 'constant') return [constant(node.output, value.dims, stored('float', value.values), 'float')]
  const like = inputAt(node, 1)
  return like.kind === 'constant' && isWhole(like.type)
    ? refuse('unsupported-attribute', `a cast to ${like.type}`, 'a floating-point type')
    : [value]
}

const dropout: Rule = node => {
  const view = viewAt(node, 0)
  const training = optionalAt(node, 2)
  node.disregard('ratio', 'seed')
  return training !== undefined && scalarOf(training) !== 0
    ? refuse('unsupported-attribute', 'training_mode = true', 'false', 'export the network in evaluation mode')
    : [view]
}

export const shapes: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Identity: identity,
  Cast: cast,
  CastLike: castLike,
  Dropout: dropout,
}
