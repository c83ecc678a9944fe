import type { NodeId } from '../../../../../ir/graph.ts'
import { asMap, asVector } from '../arrange.ts'
import { broadcast } from '../broadcast.ts'
import { type Constant, constant } from '../constant.ts'
import { constantAt, numbersOf, type OnnxNode, optionalAt, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { arranged, arrangedParameter, exampleType, type Rule, type Translation } from '../translation.ts'
import {
  type Atom,
  type Axis,
  extentOf,
  type Of,
  printDims,
  sameAtoms,
  type View,
  whole,
  withAxes,
  withNode,
} from '../view.ts'
import { reduceView } from './reductions.ts'

const matrix = (weights: Constant): Constant =>
  weights.dims.length === 2 ? weights : refuse('unsupported-shape', `weights ${printDims(weights.dims)}`, 'a matrix')

/** The matrix of a product: turned first or not, its values scaled. */
interface Weights {
  readonly matrix: Constant
  readonly turned: boolean
  readonly scale: number
}

/** Weights as they are read under `lead` axes of one: `[…, i, o]`. */
const weightsOf = (t: Translation, { matrix: weights, turned, scale }: Weights, lead: readonly 1[] = []): NodeId => {
  const order = [...lead.keys(), ...(turned ? [1, 0] : [0, 1]).map(axis => axis + lead.length)]
  return t.parameter(matrix(weights), `io${order}·${scale}`, value => {
    const { shape, data } = arranged(value, [...lead, ...value.dims], order)
    return { shape, data: scale === 1 ? data : data.map(x => x * scale) }
  })
}

type Product = (t: Translation, x: View, weights: Weights, name: string) => View

/** The features of a row, the last axis. */
const featuresOf = ({ axes }: View): readonly Atom[] => {
  const features = axes[axes.length - 1]
  return axes.length < 2 || features === 'n'
    ? refuse('unsupported-shape', `a value of rank ${axes.length}`, '[n, …, features]')
    : features
}

/** Of one row an example. */
const denseProduct: Product = (t, x, weights, name) => {
  const y = t.build.dense(asVector(t, x.node, featuresOf(x)), weightsOf(t, weights), name)
  return withLast(t, x, y)
}

/** The same of values that are one row an example. */
const rowProduct: Product = (t, x, weights, name) =>
  x.axes.length === 2 && x.axes[0] === 'n'
    ? denseProduct(t, x, weights, name)
    : refuse('unsupported-shape', `a value of rank ${x.axes.length}`, 'rows of features, [n, features]')

/** The product as a 1×1 convolution, of one pixel too. */
const pixelProduct: Product = (t, x, weights, name) => {
  featuresOf(x)
  const rows = channelsLast(t, x, x.axes.length - 1)
  const map = exampleType(t, rows.node).kind === 'Map' ? rows.node : t.build.unflatten(rows.node)
  return withLast(t, rows, t.build.conv2d(map, weightsOf(t, weights, [1, 1]), { name }))
}

/** A node with the rows of a view and features of its own. */
const withLast = (t: Translation, { axes }: View, node: NodeId): View => ({
  kind: 'view',
  node,
  axes: [...axes.slice(0, -1), whole(exampleType(t, node), 'c')],
})

/** `alpha · rows × weights + beta · bias`. */
const gemmBy =
  (product: Product): Rule =>
  (node, t) => {
    const x = viewAt(node, 0)
    const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)]
    if (node.int('transA', 0) !== 0) return refuse('unsupported-attribute', 'transA = 1', '0: examples are rows')
    const weights = { matrix: constantAt(node, 1), turned: node.int('transB', 0) !== 0, scale: alpha }
    const rows = product(t, x, weights, node.name)
    const bias = optionalAt(node, 2)
    if (bias === undefined || beta === 0) return [rows]
    const scaled =
      beta === 1
        ? bias
        : constant(
            `${bias.name}`,
            bias.dims,
            Float32Array.from(numbersOf(bias), value => value * beta),
            'float',
          )
    return [broadcast(t, 'add', [rows, scaled], `${node.name}/bias`)]
  }

/** `[n, …, i, k] × [n, …, k, 1]`, both computed: a sum over k of products. */
const weightedSum = (t: Translation, node: OnnxNode, x: View, column: View): View => {
  const [rank, last] = [x.axes.length, x.axes.length - 1]
  const [k, one] = column.axes.slice(-2)
  if (column.axes.length !== rank || rank < 3 || one === 'n' || k === 'n' || one.length > 0)
    return refuse('unsupported-shape', 'a product of two computed values', 'a constant (an initializer), or one column')
  const row = withAxes(column, [...column.axes.slice(0, -2), [], k])
  const products = broadcast(t, 'multiply', [x, row], node.name)
  const mean = reduceView(t, node, products, [last], 'mean', true)
  return withNode(mean, t.build.unary('affine', mean.node, { alpha: extentOf(k) }, node.name))
}

const matMulBy =
  (product: Product): Rule =>
  (node, t) => [product(t, viewAt(node, 0), { matrix: constantAt(node, 1), turned: false, scale: 1 }, node.name)]

/** `[n, …, i] × [i, o]`: dense for a vector, a 1×1 convolution for a map. */
const matMul: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const other = node.inputs[1]
  if (other?.kind === 'view') return [weightedSum(t, node, x, other)]
  const isRow = x.axes.slice(0, -1).every(axis => axis === 'n' || axis.length === 0)
  return matMulBy(isRow ? denseProduct : pixelProduct)(node, t)
}

/** Products of rows that are pixels. */
export const pixelProducts: Readonly<Record<string, Rule>> = {
  MatMul: matMulBy(pixelProduct),
  Gemm: gemmBy(pixelProduct),
}

/** The view over a node in which this ONNX axis is the channels; the node itself where it is so already. */
export const channelsLast = (t: Translation, x: View, axis: number): View => {
  const type = exampleType(t, x.node)
  const channels = x.axes[axis] as readonly Atom[]
  const isAlready = sameAtoms(channels, whole(type, 'c'))
  if (isAlready) return x
  const outer = x.axes.flatMap((atoms, k) => (k === axis || atoms === 'n' ? [] : atoms))
  const places: readonly Of[] = ['h', 'w']
  if (outer.length > 2)
    return refuse('unsupported-shape', `a value of ${outer.length + 1} axes beside the batch`, 'at most three')
  const node = asMap(t, x.node, { h: outer.slice(0, 1), w: outer.slice(1), c: channels })
  const moved = exampleType(t, node)
  let at = 0
  const axes = x.axes.map((atoms, k): Axis => {
    if (atoms === 'n') return atoms
    return k === axis ? whole(moved, 'c') : atoms.flatMap(() => whole(moved, places[at++]))
  })
  return { kind: 'view', node, axes }
}

const batchNorm: Rule = (node, t) => {
  const x = channelsLast(t, viewAt(node, 0), 1)
  const epsilon = node.float('epsilon', 1e-5)
  node.disregard('momentum', 'spatial')
  const training = node.int('training_mode', 0) !== 0
  if (training || node.namedOutputs > 1)
    return refuse(
      'unsupported-attribute',
      training ? 'training_mode = 1' : `${node.namedOutputs} outputs: batch normalization in training mode`,
      training ? '0' : 'one output',
      'export the network in evaluation mode',
    )
  const { c } = exampleType(t, x.node)
  const statistic = (at: number): number => {
    const value = constantAt(node, at)
    return value.values.length === c
      ? arrangedParameter(t, value, [c])
      : refuse('wrong-weights', `${value.name} of shape ${printDims(value.dims)}`, `${c} values, one a channel`)
  }
  const y = t.build.batchNorm(x.node, [statistic(1), statistic(2), statistic(3), statistic(4)], epsilon, node.name)
  return [withNode(x, y)]
}

export const products: Readonly<Record<string, Rule>> = {
  Gemm: gemmBy(rowProduct),
  MatMul: matMul,
  BatchNormalization: batchNorm,
}
