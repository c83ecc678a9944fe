import { channelRuns } from '../ir/channel-runs.ts'
import {
  applyTransform,
  type Draft,
  type Element,
  inverse,
  isMirror,
  type NodeId,
  Reduction,
  type ValueReduction,
  type VariantReduction,
} from '../ir/index.ts'
import { swappedChannels } from '../ir/ops/classification.ts'

type Fn = 'add' | 'maximum' | 'minimum'

const pairwise = (d: Draft, fn: Fn, left: NodeId, right: NodeId): NodeId => d.add('Binary', [left, right], { fn })

const chained = (d: Draft, fn: Fn, values: readonly NodeId[]): NodeId => values.reduce((a, b) => pairwise(d, fn, a, b))

const times = (d: Draft, x: NodeId, alpha: number): NodeId => d.add('Unary', [x], { fn: 'affine', alpha, beta: 0 })

/** A value, or the smaller or larger of two, which is added where it is read. */
type Compared = () => NodeId

/** The values in order, number by number: neighbours change places, odd and even ones in turn, until none can be out of order. */
const sorted = (d: Draft, values: readonly NodeId[]): readonly Compared[] => {
  const found: Compared[] = values.map(x => () => x)
  const compared = (fn: Fn, a: Compared, b: Compared): Compared => {
    let made: NodeId | undefined
    return () => {
      made ??= pairwise(d, fn, a(), b())
      return made
    }
  }
  for (let round = 0; round < found.length; round++)
    for (let k = round % 2; k + 1 < found.length; k += 2) {
      const [a, b] = [found[k], found[k + 1]]
      found[k] = compared('minimum', a, b)
      found[k + 1] = compared('maximum', a, b)
    }
  return found
}

const median = (d: Draft, values: readonly NodeId[]): NodeId => {
  const inOrder = sorted(d, values)
  const half = values.length >> 1
  return values.length % 2 === 1
    ? inOrder[half]()
    : times(d, pairwise(d, 'add', inOrder[half - 1](), inOrder[half]()), 1 / 2)
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
  name: string | undefined,
): NodeId =>
  Reduction.is(reduction)
    ? d.add('Combine', values, { reduction, multiplicity: values.map(() => 1) }, name)
    : ofValues[reduction](d, values)

/** Channels in another order, run by run. */
const permuted = (d: Draft, x: NodeId, from: readonly number[]): NodeId => {
  const parts = channelRuns(from).map(run => d.add('Slice', [x], { axis: 2, ...run }))
  return parts.length === 1 ? x : d.add('Concat', parts, { axis: 2 })
}

/** A map with what an element did undone: its inverse, and where it is a mirror, each pair of channels in one another's place. */
export const undone = (
  d: Draft,
  element: Element,
  pairs: readonly (readonly [number, number])[],
  x: NodeId,
): NodeId => {
  const { type } = d.nodes[x]
  const swapped =
    type.kind === 'Map' && isMirror(element) && pairs.length > 0 ? permuted(d, x, swappedChannels(type.c, pairs)) : x
  return applyTransform(d, { kind: 'd4', element: inverse(element) }, swapped)
}
