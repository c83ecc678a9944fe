import type { Draft, NodeId, VariantReduction } from '../ir/index.ts'
import { affine, chained, pairwise, sorted, unary } from './spell-statistics.ts'

/** The values of all variants of a map, and beside each a mask: 1 where it has data, else 0. */
interface MaskedValues {
  readonly values: readonly NodeId[]
  readonly masks: readonly NodeId[]
}

/** Beyond what any network answers, and small enough for the arithmetic on it to stay finite. */
const beyond = 1e30

const isWhole = (d: Draft, mask: NodeId): boolean => {
  const node = d.nodes[mask]
  return node.tag === 'Constant' && node.attributes.values.every(value => value === 1)
}

/** The values, and far below or above them all where there is no data. */
const filled = (d: Draft, { values, masks }: MaskedValues, side: 'below' | 'above'): readonly NodeId[] => {
  const far = side === 'below' ? beyond : -beyond
  return values.map((x, k) => (isWhole(d, masks[k]) ? x : pairwise(d, 'add', x, affine(d, masks[k], far, -far))))
}

/** How many variants have data at each pixel. */
const count = (d: Draft, { masks }: MaskedValues): NodeId => chained(d, 'add', masks)

const mean = (d: Draft, masked: MaskedValues): NodeId => {
  const { values, masks } = masked
  const counted = values.map((x, k) => (isWhole(d, masks[k]) ? x : pairwise(d, 'multiply', x, masks[k])))
  return pairwise(d, 'divide', chained(d, 'add', counted), count(d, masked))
}

const largest = (d: Draft, masked: MaskedValues): NodeId => chained(d, 'maximum', filled(d, masked, 'below'))

/** Those without data come last: the middle of the others is where half of one less than their count is, or between two. */
const median = (d: Draft, masked: MaskedValues): NodeId => {
  const middle = affine(d, count(d, masked), 1 / 2, -1 / 2)
  const parts = sorted(d, filled(d, masked, 'above')).map((value, k) => {
    const apart = unary(d, 'abs', affine(d, middle, 1, 0 - k))
    const share = unary(d, 'relu', affine(d, apart, -1, 1))
    return pairwise(d, 'multiply', value(), share)
  })
  return chained(d, 'add', parts)
}

/** The logarithm of the mean of exponentials. */
const meanOfPowers = (d: Draft, masked: MaskedValues): NodeId => {
  const values = filled(d, masked, 'below')
  const most = chained(d, 'maximum', values)
  const powers = values.map(x => unary(d, 'exp', pairwise(d, 'subtract', x, most)))
  const shares = pairwise(d, 'divide', chained(d, 'add', powers), count(d, masked))
  return pairwise(d, 'add', unary(d, 'log', shares), most)
}

const logProbabilities = (d: Draft, { values, masks }: MaskedValues): MaskedValues => ({
  values: values.map(x => d.add('Softmax', [x], { log: true })),
  masks,
})

const spelled: { readonly [R in VariantReduction]: (d: Draft, masked: MaskedValues) => NodeId } = {
  geo: mean,
  max: (d, masked) => largest(d, logProbabilities(d, masked)),
  sum: (d, masked) => meanOfPowers(d, logProbabilities(d, masked)),
  'mean-of-values': mean,
  'min-of-values': (d, masked) => chained(d, 'minimum', filled(d, masked, 'above')),
  'max-of-values': largest,
  'sum-of-values': (d, masked) => affine(d, mean(d, masked), masked.values.length, 0),
  'median-of-values': median,
}

/** What a `Reduce` with masks is of the values of all variants, as arithmetic: at each pixel the statistic of those that have data there. */
export const spellMaskedReduction = (
  d: Draft,
  values: readonly NodeId[],
  reduction: VariantReduction,
  masks: readonly NodeId[],
): NodeId => spelled[reduction](d, { values, masks })
