import { sizeOf, stridesOf } from '../../../../../ir/tensor.ts'
import { type Constant, constant, type Scalar, stored } from '../constant.ts'
import { axisOf, constantAt, numbersOf, optionalAt, scalarOf } from '../node.ts'
import { refuse } from '../refuse.ts'
import { printDims } from '../view.ts'
import { computed, type Fold, taken } from './fold.ts'
import { made } from './room.ts'

const gather: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const axis = axisOf(node.int('axis', 0), x.dims.length)
  const at = constantAt(node, 1)
  const extent = x.dims[axis]
  const indices = numbersOf(at).map(i => axisOf(i, extent))
  const inner = sizeOf(x.dims.slice(axis + 1))
  const dims = made(room, [...x.dims.slice(0, axis), ...at.dims, ...x.dims.slice(axis + 1)])
  const found = new Int32Array(sizeOf(dims))
  for (let k = 0; k < found.length; k++) {
    const rest = Math.floor(k / inner)
    const outer = Math.floor(rest / indices.length)
    found[k] = (outer * extent + indices[rest % indices.length]) * inner + (k % inner)
  }
  return [taken(node.output, x, dims, found)]
}

/** Where each position of `dims` stands along the axis at `inner` values apart. */
const along = (k: number, inner: number, extent: number): number => Math.floor(k / inner) % extent

const gatherElements: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const at = constantAt(node, 1)
  const axis = axisOf(node.int('axis', 0), x.dims.length)
  if (at.dims.some((d, k) => k !== axis && d > x.dims[k]) || at.dims.length !== x.dims.length)
    return refuse('malformed-file', `indices ${printDims(at.dims)} of ${printDims(x.dims)}`, 'extents within it')
  const indices = numbersOf(at)
  const dims = made(room, at.dims)
  const [own, strides] = [stridesOf(dims), stridesOf(x.dims)]
  const found = Int32Array.from(indices, (index, k) =>
    dims.reduce((sum, d, j) => sum + (j === axis ? axisOf(index, x.dims[axis]) : along(k, own[j], d)) * strides[j], 0),
  )
  return [taken(node.output, x, dims, found)]
}

const concat: Fold = (node, { room }) => {
  const inputs = node.inputs.map((_, at) => constantAt(node, at))
  const [first] = inputs
  const axis = axisOf(node.int('axis', 0), first.dims.length)
  const fits = inputs.every(
    x => x.dims.length === first.dims.length && x.dims.every((d, k) => k === axis || d === first.dims[k]),
  )
  if (!fits || inputs.some(x => x.type !== first.type))
    return refuse(
      'malformed-file',
      `constants of shapes ${inputs.map(x => `${x.type} ${printDims(x.dims)}`).join(', ')}`,
      'one type and shape, the axis aside',
    )
  const extent = inputs.reduce((n, x) => n + x.dims[axis], 0)
  const dims = made(
    room,
    first.dims.map((d, k) => (k === axis ? extent : d)),
  )
  const outer = sizeOf(first.dims.slice(0, axis))
  const runs = inputs.map(x => sizeOf(x.dims.slice(axis)))
  room.take(outer * inputs.length)
  const listed = inputs.some(x => Array.isArray(x.values))
  const values: Scalar[] | Float64Array = listed ? [] : new Float64Array(sizeOf(dims))
  let to = 0
  for (let o = 0; o < outer; o++)
    inputs.forEach((x, at) => {
      for (let k = o * runs[at]; k < (o + 1) * runs[at]; k++) (values as Scalar[])[to++] = x.values[k]
    })
  return [constant(node.output, dims, stored(first.type, values), first.type)]
}

/** Where padding by a mode reads each position along an axis: null outside. */
const padded = (mode: string, at: number, extent: number): number | null => {
  if (at >= 0 && at < extent) return at
  switch (mode) {
    case 'constant':
      return null
    case 'edge':
      return at < 0 ? 0 : extent - 1
    case 'wrap':
      return ((at % extent) + extent) % extent
    case 'reflect': {
      const period = 2 * (extent - 1)
      const inside = period === 0 ? 0 : ((at % period) + period) % period
      return Math.min(inside, period - inside)
    }
    default:
      return refuse('unsupported-attribute', `mode = ${mode}`, 'constant, edge, reflect or wrap')
  }
}

const pad: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const mode = node.text('mode', 'constant')
  const pads = node.ints('pads') ?? numbersOf(constantAt(node, 1))
  const given = optionalAt(node, 2)
  const value = given === undefined ? node.float('value', 0) : scalarOf(given)
  const listed = optionalAt(node, 3)
  const axes = (listed === undefined ? x.dims.map((_, k) => k) : numbersOf(listed)).map(a => axisOf(a, x.dims.length))
  if (pads.length !== 2 * axes.length)
    return refuse('malformed-file', `pads ${printDims(pads)}`, `two for each of ${axes.length} axes`)
  const before = x.dims.map((_, k) => (axes.includes(k) ? pads[axes.indexOf(k)] : 0))
  const after = x.dims.map((_, k) => (axes.includes(k) ? pads[axes.indexOf(k) + axes.length] : 0))
  const dims = x.dims.map((d, k) => d + before[k] + after[k])
  if (x.dims.includes(0) && mode !== 'constant') return refuse('malformed-file', `${mode} of no values`, 'some')
  const [own, strides] = [stridesOf(dims), stridesOf(x.dims)]
  return [
    computed(node.output, dims, x.type, room, k => {
      let from = 0
      for (let axis = 0; axis < dims.length; axis++) {
        const at = padded(mode, along(k, own[axis], dims[axis]) - before[axis], x.dims[axis])
        if (at === null) return value
        from += at * strides[axis]
      }
      return x.values[from]
    }),
  ]
}

const oneHot: Fold = (node, { room }) => {
  const at = constantAt(node, 0)
  const depth = scalarOf(constantAt(node, 1))
  const choices = constantAt(node, 2)
  const [off, on] = numbersOf(choices)
  const axis = axisOf(node.int('axis', -1), at.dims.length + 1)
  const dims = [...at.dims.slice(0, axis), depth, ...at.dims.slice(axis)]
  const inner = sizeOf(at.dims.slice(axis))
  const indices = numbersOf(at)
  return [
    computed(node.output, dims, choices.type, room, k => {
      const outer = Math.floor(k / (inner * depth))
      const index = indices[outer * inner + (k % inner)]
      return (index < 0 ? index + depth : index) === along(k, inner, depth) ? on : off
    }),
  ]
}

const nonZero: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  room.take(x.values.length * (x.dims.length + 1))
  const at = Array.from(x.values, (v, k) => (v === 0 ? -1 : k)).filter(k => k >= 0)
  const strides = stridesOf(x.dims)
  const values = x.dims.flatMap((d, axis) => at.map(k => along(k, strides[axis], d)))
  return [constant(node.output, [x.dims.length, at.length], values, 'int64')]
}

const scatterElements: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const at = constantAt(node, 1)
  const updates = constantAt(node, 2)
  const axis = axisOf(node.int('axis', 0), x.dims.length)
  const reduction = node.text('reduction', 'none')
  if (reduction !== 'none') return refuse('unsupported-attribute', `reduction = ${reduction}`, 'none')
  if (at.dims.join() !== updates.dims.join() || at.dims.length !== x.dims.length)
    return refuse('malformed-file', `updates ${printDims(updates.dims)} at ${printDims(at.dims)}`, 'one shape')
  made(room, at.dims)
  const [own, strides] = [stridesOf(at.dims), stridesOf(x.dims)]
  const values = Array.from(x.values, value => value)
  numbersOf(at).forEach((index, k) => {
    const to = at.dims.reduce((sum, d, j) => {
      const place = j === axis ? index : along(k, own[j], d)
      return sum + axisOf(place, x.dims[j]) * strides[j]
    }, 0)
    values[to] = updates.values[k]
  })
  return [computed(node.output, x.dims, x.type, room, k => values[k])]
}

/** Runs of values, wherever the rows of `at` say. */
const rowsAt = (x: Constant, at: Constant): { readonly starts: readonly number[]; readonly run: number } => {
  const width = at.dims.at(-1) ?? 0
  const strides = stridesOf(x.dims)
  const indices = numbersOf(at)
  if (at.dims.length === 0 || width < 1 || width > x.dims.length)
    return refuse('malformed-file', `indices ${printDims(at.dims)} of ${printDims(x.dims)}`, 'rows of at most its rank')
  const starts = Array.from({ length: indices.length / width }, (_, row) => {
    let from = 0
    for (let j = 0; j < width; j++) from += axisOf(indices[row * width + j], x.dims[j]) * strides[j]
    return from
  })
  return { starts, run: sizeOf(x.dims.slice(width)) }
}

const gatherRows: Fold = (node, { room }) => {
  const [x, at] = [constantAt(node, 0), constantAt(node, 1)]
  if (node.int('batch_dims', 0) !== 0) return refuse('unsupported-attribute', 'batch_dims', '0')
  const { starts, run } = rowsAt(x, at)
  const dims = [...at.dims.slice(0, -1), ...x.dims.slice(at.dims.at(-1))]
  return [computed(node.output, dims, x.type, room, k => x.values[starts[Math.floor(k / run)] + (k % run)])]
}

const scatterRows: Fold = (node, { room }) => {
  const [x, at, updates] = [constantAt(node, 0), constantAt(node, 1), constantAt(node, 2)]
  const reduction = node.text('reduction', 'none')
  if (reduction !== 'none') return refuse('unsupported-attribute', `reduction = ${reduction}`, 'none')
  const { starts, run } = rowsAt(x, at)
  if (updates.values.length !== starts.length * run)
    return refuse('malformed-file', `${updates.values.length} updates`, `${starts.length * run}`)
  made(room, updates.dims)
  const values = Array.from(x.values, value => value)
  starts.forEach((from, row) => {
    for (let k = 0; k < run; k++) values[from + k] = updates.values[row * run + k]
  })
  return [computed(node.output, x.dims, x.type, room, k => values[k])]
}

/** Constants read, placed or joined by position. */
export const indexingFolds: Readonly<Record<string, Fold>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherRows,
  ScatterElements: scatterElements,
  ScatterND: scatterRows,
  Concat: concat,
  Pad: pad,
  OneHot: oneHot,
  NonZero: nonZero,
}
