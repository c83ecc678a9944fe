import { variantsOf } from '../../../../ir/draft.ts'
import type { NodeId } from '../../../../ir/graph.ts'
import { asMap, asVector } from './arrange.ts'
import { refuse } from './refuse.ts'
import type { NodeProto } from './schema.ts'
import type { Translation } from './translation.ts'
import type { Atom, Of, View } from './view.ts'

/** Whether a value is turned to channels last on its way out. */
export const turnsLast = (writer: NodeProto | undefined): boolean =>
  writer?.op_type === 'Transpose' && writer.attribute.find(a => a.name === 'perm')?.ints.join() === '0,2,3,1'

const isAll = (of: Of, axis: readonly Atom[]): boolean => axis.every(atom => atom.of === of)

/** A value as an output: a vector, or a map, of whose channels one has no axis where it is the only one. */
export const outputNode = (t: Translation, view: View, turned: boolean): NodeId => {
  const [batch, ...axes] = view.axes
  if (batch !== 'n') return refuse('unsupported-shape', 'an output without a batch axis in front', '[n, classes]')
  const parts = axes as readonly (readonly Atom[])[]
  const used = parts.filter(axis => axis.length > 0)
  if (variantsOf(t.build.draft.nodes[view.node]) > 1)
    return refuse('unsupported-shape', 'an output that is stacked along the batch', 'one answer for each image')
  if (used.length < 2) return asVector(t, view.node, used[0] ?? [])
  const [h, w] = parts
  if (parts.length === 2 && isAll('h', h) && isAll('w', w)) return asMap(t, view.node, { h, w, c: [] })
  if (parts.length !== 3)
    return refuse(
      'unsupported-shape',
      `an output of rank ${view.axes.length}`,
      '[n, classes], [n, channels, height, width], or [n, height, width]',
    )
  const [c, rows, columns] = turned ? [parts[2], parts[0], parts[1]] : parts
  return asMap(t, view.node, { h: rows, w: columns, c })
}
