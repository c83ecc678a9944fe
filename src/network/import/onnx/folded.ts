import { variantsOf } from '../../../../ir/draft.ts'
import { sizeOf } from '../../../../ir/tensor.ts'
import type { Scalar } from './constant.ts'
import { dimsOfJoined, total } from './joined.ts'
import type { Lifted } from './node.ts'
import { refuse } from './refuse.ts'
import type { Translation } from './translation.ts'
import { type Axis, dimsOf, type Folded, type Joined, printDims, type View, withAxes, withOrder } from './view.ts'

/** Items in runs of so many. */
export const inGroups = <A>(items: readonly A[], counts: readonly number[]): readonly (readonly A[])[] =>
  counts.map((count, k) => {
    const begin = total(counts.slice(0, k))
    return items.slice(begin, begin + count)
  })

const axesOf = (value: View | Joined): readonly Axis[] => (value.kind === 'view' ? value : value.parts[0]).axes

/** Whether a value's first axis is the batch, or begins with it. */
export const isBatchFirst = (value: View | Joined | Folded): boolean =>
  axesOf(value.kind === 'folded' ? value.apart : value)[0] === 'n'

/** A value with its axes in another order. */
export const permuted = (value: View | Joined, order: readonly number[]): View | Joined => {
  const turned = (view: View): View => withOrder(view, order)
  return value.kind === 'view'
    ? turned(value)
    : { kind: 'joined', axis: order.indexOf(value.axis), parts: value.parts.map(turned) }
}

/** The size of a value's batch, which is not known where it is stacked. */
export const batchOf = (t: Translation, value: View | Joined | Folded): Scalar => {
  const apart = value.kind === 'folded' ? value.apart : value
  const { node } = apart.kind === 'view' ? apart : apart.parts[0]
  return variantsOf(t.build.draft.nodes[node]) > 1 ? 'n' : t.batch
}

/** A value with an axis of extent 1 more. */
const unsqueezed = (value: View | Joined, at: number): View | Joined => {
  const wider = (view: View): View => withAxes(view, view.axes.toSpliced(at, 0, []))
  return value.kind === 'view'
    ? wider(value)
    : { kind: 'joined', axis: value.axis + Number(value.axis >= at), parts: value.parts.map(wider) }
}

/** A value whose batch of one example, which may stand anywhere, is put in front of one of its axes. */
export const withBatchAt = (value: View | Joined | Folded, group: number): Folded => {
  const whole = value.kind === 'folded' ? value.apart : value
  const groups = value.kind === 'folded' ? value.groups : axesOf(whole).map(() => 1)
  const from = axesOf(whole).indexOf('n')
  const own = inGroups(axesOf(whole), groups).findIndex(axes => axes.includes('n'))
  if (groups[own] === 1 && own !== group) {
    const counts = groups.map((count, k) => count + Number(k === own))
    return withBatchAt({ kind: 'folded', apart: unsqueezed(whole, from), groups: counts }, group)
  }
  const to = total(groups.slice(0, group)) - Number(own < group)
  const order = axesOf(whole).flatMap((_, axis) => (axis === from ? [] : [axis]))
  const counts = groups.map((count, k) => count + Number(k === group) - Number(k === own))
  return { kind: 'folded', apart: permuted(whole, order.toSpliced(to, 0, from)), groups: counts }
}

/** A value whose axes are so many of those apart; a batch of one example is put in front. */
export const folded = (t: Translation, apart: View | Joined, groups: readonly number[]): Lifted => {
  if (groups.every(count => count === 1)) return apart
  const value: Folded = { kind: 'folded', apart, groups }
  return batchOf(t, apart) === 1 ? withBatchAt(value, 0) : value
}

/** How many axes a value has in the file. */
export const rankOfLifted = (value: View | Joined | Folded): number =>
  value.kind === 'folded' ? value.groups.length : axesOf(value).length

/** For each axis of a value the extents that it is made of. */
export const extentsByAxis = (value: View | Joined | Folded, batch: Scalar): readonly (readonly Scalar[])[] => {
  const apart = value.kind === 'folded' ? value.apart : value
  const dims = apart.kind === 'view' ? dimsOf(apart, batch) : dimsOfJoined(apart, batch)
  const groups = value.kind === 'folded' ? value.groups : dims.map(() => 1)
  return inGroups(dims, groups)
}

/** The extents of a value, `n` where one is the open size of the batch. */
export const dimsOfLifted = (value: View | Joined | Folded, batch: Scalar): readonly Scalar[] =>
  extentsByAxis(value, batch).map(extents => {
    if (extents.length === 1) return extents[0]
    return extents.includes('n')
      ? refuse('unsupported-shape', 'a multiple of the size of the batch', 'numbers known at import')
      : sizeOf(extents as readonly number[])
  })

/** As `[n·2,4,8]`. */
export const printLifted = (value: View | Joined | Folded, batch: Scalar): string =>
  printDims(extentsByAxis(value, batch).map(extents => extents.join('·')))
