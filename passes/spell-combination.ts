import type { AttributesOf, Draft, NodeId } from '../ir/index.ts'
import { chained, pairwise, unary } from './spell-statistics.ts'

const affine = (d: Draft, x: NodeId, alpha: number, beta: number): NodeId =>
  alpha === 1 && beta === 0 ? x : unary(d, 'affine', x, alpha, beta)

/**
 * `Combine` written out as arithmetic on its operands: what a network itself averages is no merge of variants. Unlike `Combine`, these ops may
 * stand under branches.
 */
export const spellCombination = (
  d: Draft,
  { reduction, multiplicity }: AttributesOf<'Combine'>,
  logits: readonly NodeId[],
): NodeId => {
  const total = multiplicity.reduce((a, m) => a + m, 0)
  const shares = multiplicity.map(m => m / total)
  if (reduction === 'geo')
    return chained(
      d,
      'add',
      logits.map((x, k) => affine(d, x, shares[k], 0)),
    )
  const logs = logits.map(x => d.add('Softmax', [x], { log: true }))
  if (reduction === 'max') return chained(d, 'maximum', logs)
  const weighed = logs.map((x, k) => affine(d, x, 1, Math.log(shares[k])))
  const largest = chained(d, 'maximum', weighed)
  const powers = weighed.map(x => unary(d, 'exp', pairwise(d, 'subtract', x, largest)))
  return pairwise(d, 'add', unary(d, 'log', chained(d, 'add', powers)), largest)
}
