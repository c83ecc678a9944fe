import { variantsOf } from '../../../../ir/draft.ts'
import { sizeOf } from '../../../../ir/tensor.ts'
import type { Scalar } from './constant.ts'
import { dimsOfJoined, total } from './joined.ts'
import type { Lifted } from './node.ts'
import { refuse } from './refuse.ts'
import type { Translation } from './translation.ts'
import { type Axis, dimsOf, type Folded, type Joined, printDims, type View, withAxes } from './view.ts'

/** Items in runs of so many. */
export const inGroups = <A>(items: readonly A[], counts: readonly number[]): readonly (readonly A[])[] =>
  counts.map((count, k) => {
    const begin = total(counts.slice(0, k))
    return items.slice(begin, begin + count)
  })

const axesOf = (value: View | Joined): readonly Axis[] => (value.kind === 'view' ? value : value.parts[0]).axes

/** A value with its axes in another order. */
export const permuted = (value: View | Joined, order: readonly number[]): View | Joined => {
  const turned = (view: View): View =>
    withAxes(
      view,
      order.map(axis => view.axes[axis]),
    )
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

/** A value whose axes are so many of those apart; a batch of one example, which may stand anywhere, is put in front. */
export const folded = (t: Translation, apart: View | Joined, groups: readonly number[]): Lifted => {
  if (groups.every(count => count === 1)) return apart
  const at = axesOf(apart).indexOf('n')
  if (batchOf(t, apart) !== 1 || at === 0) return { kind: 'folded', apart, groups }
  const order = [at, ...axesOf(apart).flatMap((_, axis) => (axis === at ? [] : [axis]))]
  const own = inGroups(axesOf(apart), groups).findIndex(axes => axes.includes('n'))
  const moved = groups.map((count, group) => count + Number(group === 0) - Number(group === own))
  return { kind: 'folded', apart: permuted(apart, order), groups: moved }
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
