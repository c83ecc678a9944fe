import { gather as readStrided } from '../../../ir/dihedral.ts'
import { sizeOf, stridesOf } from '../../../ir/tensor.ts'
import { type Constant, constant, type Scalar } from './constant.ts'
import { checkedDims, type Fold, sizeAtMost } from './fold-size.ts'
import { constantAt, numbersOf } from './node.ts'
import { refuse } from './refuse.ts'

const broadcastTo = (x: Constant, dims: readonly number[]): readonly Scalar[] => {
  const own = stridesOf(x.dims)
  const lead = dims.length - x.dims.length
  const strides = dims.map((_, k) => (k < lead || x.dims[k - lead] === 1 ? 0 : own[k - lead]))
  const at = readStrided(
    { shape: [x.values.length], data: Float64Array.from({ length: x.values.length }, (_, k) => k) },
    dims,
    strides,
    0,
  ).data
  return Array.from(at, k => x.values[k])
}

const commonDims = (inputs: readonly Constant[]): readonly number[] => {
  const rank = Math.max(...inputs.map(x => x.dims.length))
  return checkedDims(
    Array.from({ length: rank }, (_, k) => {
      const extents = inputs.map(x => x.dims[k - rank + x.dims.length] ?? 1)
      const wide = extents.find(d => d !== 1) ?? 1
      return extents.every(d => d === 1 || d === wide)
        ? wide
        : refuse('malformed-file', `constants of extents ${extents.join(' and ')}`, 'shapes that broadcast')
    }),
    sizeAtMost,
  )
}

const batchSize = (): never =>
  refuse('unsupported-shape', 'arithmetic on the size of the batch', 'shapes that only pass it on')

const elementwise =
  (
    f: (whole: boolean, ...values: readonly number[]) => number,
    withBatch: (values: readonly Scalar[]) => Scalar = batchSize,
  ): Fold =>
  node => {
    const inputs = node.inputs.map((_, at) => constantAt(node, at))
    const dims = commonDims(inputs)
    const columns = inputs.map(x => broadcastTo(x, dims))
    const whole = inputs.every(x => x.whole)
    const values = Array.from({ length: sizeOf(dims) }, (_, k) => {
      const row = columns.map(column => column[k])
      return row.includes('n') ? withBatch(row) : f(whole, ...(row as readonly number[]))
    })
    return constant(node.output, dims, whole ? values : Float32Array.from(values, Number), whole)
  }

export const exceptBatch =
  (neutral: number) =>
  ([a, b]: readonly Scalar[]): Scalar =>
    b === neutral ? a : a === neutral ? b : batchSize()

const where: Fold = node => {
  const inputs = node.inputs.map((_, at) => constantAt(node, at))
  const dims = commonDims(inputs)
  const [condition, yes, no] = inputs.map(x => broadcastTo(x, dims))
  return constant(
    node.output,
    dims,
    condition.map((c, k) => (c === 0 ? no[k] : yes[k])),
    inputs[1].whole,
  )
}

const expand: Fold = node => {
  const x = constantAt(node, 0)
  const wanted = numbersOf(constantAt(node, 1))
  const dims = commonDims([x, constant('', wanted, [], true)])
  return constant(node.output, dims, broadcastTo(x, dims), x.whole)
}

/** Functions of constants value by value, shapes broadcast. */
export const elementwiseFolds: Readonly<Record<string, Fold>> = {
  Add: elementwise((_, a, b) => a + b, exceptBatch(0)),
  Sub: elementwise(
    (_, a, b) => a - b,
    ([a, b]) => (b === 0 ? a : batchSize()),
  ),
  Mul: elementwise((_, a, b) => a * b, exceptBatch(1)),
  Div: elementwise(
    (whole, a, b) => (whole ? Math.trunc(a / b) : a / b),
    ([a, b]) => (b === 1 ? a : batchSize()),
  ),
  Mod: elementwise((_, a, b) => a - Math.floor(a / b) * b),
  Min: elementwise((_, ...values) => Math.min(...values)),
  Max: elementwise((_, ...values) => Math.max(...values)),
  Equal: elementwise(
    (_, a, b) => Number(a === b),
    ([a, b]) => Number(a === b),
  ),
  Floor: elementwise(
    (_, a) => Math.floor(a),
    ([a]) => a,
  ),
  Ceil: elementwise(
    (_, a) => Math.ceil(a),
    ([a]) => a,
  ),
  Neg: elementwise((_, a) => -a),
  Sqrt: elementwise((_, a) => Math.sqrt(a)),
  Where: where,
  Expand: expand,
}
