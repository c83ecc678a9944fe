import { channelRuns } from '../ir/channel-runs.ts'
import {
  applyTransform,
  type Draft,
  inverseTransform,
  type NodeId,
  Reduction,
  type Transform,
  type ValueReduction,
  type VariantReduction,
} from '../ir/index.ts'
import { mirrors, swappedChannels } from '../ir/ops/branching.ts'
import { spellMaskedReduction } from './spell-masked-reduction.ts'
import { affine, chained, pairwise, sorted } from './spell-statistics.ts'

const median = (d: Draft, values: readonly NodeId[]): NodeId => {
  const inOrder = sorted(d, values)
  const half = values.length >> 1
  return values.length % 2 === 1
    ? inOrder[half]()
    : affine(d, pairwise(d, 'add', inOrder[half - 1](), inOrder[half]()), 1 / 2, 0)
}

const ofValues: { readonly [R in ValueReduction]: (d: Draft, values: readonly NodeId[]) => NodeId } = {
  'mean-of-values': (d, values) => d.add('Combine', values, { reduction: 'geo', multiplicity: values.map(() => 1) }),
  'min-of-values': (d, values) => chained(d, 'minimum', values),
  'max-of-values': (d, values) => chained(d, 'maximum', values),
  'sum-of-values': (d, values) => chained(d, 'add', values),
  'median-of-values': median,
}

/** What a `Reduce` is of the values of all variants: scores are combined, and so are means; other statistics are arithmetic. */
export const spellReduction = (
  d: Draft,
  values: readonly NodeId[],
  reduction: VariantReduction,
  masks: readonly NodeId[],
  name: string | undefined,
): NodeId => {
  if (masks.length > 0) return spellMaskedReduction(d, values, reduction, masks)
  return Reduction.is(reduction)
    ? d.add('Combine', values, { reduction, multiplicity: values.map(() => 1) }, name)
    : ofValues[reduction](d, values)
}

/** Channels in another order, run by run. */
const permuted = (d: Draft, x: NodeId, from: readonly number[]): NodeId => {
  const parts = channelRuns(from).map(run => d.add('Slice', [x], { axis: 2, ...run }))
  return parts.length === 1 ? x : d.add('Concat', parts, { axis: 2 })
}

/** A map with what a transform did undone: its inverse, and where it is a mirror, each pair of channels in one another's place. */
export const undone = (
  d: Draft,
  transform: Transform,
  pairs: readonly (readonly [number, number])[],
  x: NodeId,
): NodeId => {
  const { type } = d.nodes[x]
  const swapped =
    type.kind === 'Map' && mirrors(transform) && pairs.length > 0 ? permuted(d, x, swappedChannels(type.c, pairs)) : x
  return applyTransform(d, inverseTransform(transform), swapped)
}
