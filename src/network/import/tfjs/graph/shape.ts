import { sizeOf } from '../../../../../ir/index.ts'
import { fold } from '../arithmetic.ts'
import { concat, cut, transposed } from '../arrangement.ts'
import { type Constant, type Example, reshaped, type Value } from '../canvas.ts'
import { refuse } from '../refusal.ts'
import {
  constantAt,
  exampleAt,
  type GraphRule,
  integer,
  integers,
  numberAt,
  numbersAt,
  type Site,
  valueAt,
} from './node.ts'

/** The value's shape with the batch first, of unknown extent. */
const fullShape = (x: Value): readonly number[] => (x.kind === 'constant' ? x.value.shape : [Number.NaN, ...x.shape])

export const numbers = (name: string, data: readonly number[], shape: readonly number[] = [data.length]): Constant => ({
  kind: 'constant',
  name,
  value: { shape, data: Float64Array.from(data) },
  fixed: true,
})

const withShape = (site: Site, x: Value, shape: readonly number[]): Value => {
  if (x.kind === 'example') return reshaped(x, shape)
  const known = sizeOf(shape.filter(n => n !== -1))
  const extents = shape.map(n => (n === -1 ? sizeOf(x.value.shape) / known : n))
  return fold(site.canvas, site.name, 'Reshape', [x], { shape: extents })
}

/** Axes counted from the front. */
export const fromFront = (axes: readonly number[], rank: number): readonly number[] =>
  axes.map(axis => (axis < 0 ? axis + rank : axis))

const squeeze: GraphRule = site => {
  const x = valueAt(site, 0)
  const shape = fullShape(x)
  const named = fromFront(
    integers(site, 'squeeze_dims').length > 0 ? integers(site, 'squeeze_dims') : integers(site, 'axis'),
    shape.length,
  )
  const gone = (axis: number): boolean => (named.length > 0 ? named.includes(axis) : shape[axis] === 1)
  if (named.some(axis => shape[axis] !== 1))
    return refuse(
      'unsupported-shape',
      `axes ${named} of [${shape}] squeezed`,
      'axes of extent 1, the batch not among them',
    )
  return withShape(
    site,
    x,
    shape.filter((_, axis) => !gone(axis)),
  )
}

const expandDims: GraphRule = site => {
  const x = valueAt(site, 0)
  const shape = fullShape(x)
  const [axis] = fromFront([numberAt(site, 1)], shape.length + 1)
  return withShape(site, x, [...shape.slice(0, axis), 1, ...shape.slice(axis)])
}

const concatenation =
  (axisFirst: boolean): GraphRule =>
  site => {
    const last = site.inputs.length - 1
    const axis = numberAt(site, axisFirst ? 0 : last)
    return concat(site.canvas, site.name, axisFirst ? site.inputs.slice(1) : site.inputs.slice(0, last), axis)
  }

const pieces = (site: Site, x: Example, axis: number, sizes: readonly number[]): readonly Example[] => {
  const [at] = fromFront([axis], x.shape.length + 1).map(k => k - 1)
  if (!(at >= 0 && at < x.shape.length))
    return refuse('unsupported-attribute', `a split along axis ${axis}`, 'an axis other than the batch')
  let begin = 0
  return sizes.map(size => {
    const start = begin
    begin += size
    return cut(
      site.canvas,
      site.name,
      x,
      x.shape.map((extent, k) =>
        k === at ? { begin: start, end: start + size, step: 1 } : { begin: 0, end: extent, step: 1 },
      ),
    )
  })
}

const split: GraphRule = site => {
  const x = exampleAt(site, 1)
  const axis = numberAt(site, 0)
  const count = integer(site, 'num_split', 1)
  const extent = x.shape[fromFront([axis], x.shape.length + 1)[0] - 1]
  site.canvas.charge(count)
  return count > 0 && extent % count === 0
    ? pieces(site, x, axis, new Array<number>(count).fill(extent / count))
    : refuse('unsupported-shape', `extent ${extent} split in ${count}`, 'equal parts')
}

const splitSizes: GraphRule = site => {
  const x = exampleAt(site, 0)
  const axis = numberAt(site, 2)
  const sizes = numbersAt(site, 1)
  site.canvas.charge(sizes.length)
  const rest =
    x.shape[fromFront([axis], x.shape.length + 1)[0] - 1] - sizes.filter(n => n >= 0).reduce((a, b) => a + b, 0)
  return pieces(
    site,
    x,
    axis,
    sizes.map(n => (n < 0 ? rest : n)),
  )
}

export const shapeOps: { readonly [op: string]: GraphRule } = {
  Reshape: site => withShape(site, valueAt(site, 0), numbersAt(site, 1)),
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Concat: concatenation(true),
  ConcatV2: concatenation(false),
  Split: split,
  SplitV: splitSizes,
  Transpose: site => transposed(site.canvas, site.name, valueAt(site, 0), numbersAt(site, 1)),
  Shape: site => numbers(site.name, fullShape(valueAt(site, 0))),
  Pack: site => {
    const parts = site.inputs.map((_, at) => constantAt(site, at))
    return integer(site, 'axis', 0) === 0 && parts.every(part => part.value.shape.length === 0)
      ? numbers(
          site.name,
          parts.map(part => part.value.data[0]),
        )
      : refuse('unsupported-shape', 'a stack of tensors', 'a stack of single numbers, as shapes are made')
  },
  Prod: site => numbers(site.name, [sizeOf(numbersAt(site, 0))], []),
  GatherV2: site => {
    const table = numbersAt(site, 0)
    const { value: indices } = constantAt(site, 1)
    site.canvas.charge(indices.data.length)
    return numbers(
      site.name,
      [...indices.data].map(
        at => table[at] ?? refuse('unsupported-shape', `index ${at} of ${table.length}`, 'an index inside'),
      ),
      indices.shape,
    )
  },
}
