import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FlowEdge, minimumCut } from '../../passes/minimum-cut.ts'

/** What is paid for a choice of who stays with the source. */
const costOf = (edges: readonly FlowEdge[], stays: (node: number) => boolean): number =>
  edges.reduce((sum, { from, to, cost }) => (stays(from) && !stays(to) ? sum + cost : sum), 0)

/** The least that any cut costs, by trying all: the source is the last node but one, the sink the last. */
const leastOf = (nodes: number, edges: readonly FlowEdge[]): number => {
  const inner = nodes - 2
  const costs = Array.from({ length: 2 ** inner }, (_, set) =>
    costOf(edges, node => node === inner || (node < inner && ((set >> node) & 1) === 1)),
  )
  return Math.min(...costs)
}

const networks = fc.integer({ min: 2, max: 8 }).chain(nodes => {
  const node = fc.nat({ max: nodes - 1 })
  const cost = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 20 }) }, fc.constant(Number.POSITIVE_INFINITY))
  return fc.record({
    nodes: fc.constant(nodes),
    edges: fc.array(fc.record({ from: node, to: node, cost }), { maxLength: 20 }),
  })
})

/** A way through so many nodes that is cheapest to cut in its middle. */
const chain = (length: number): readonly FlowEdge[] =>
  Array.from({ length: length - 1 }, (_, from) => ({ from, to: from + 1, cost: 2 + Math.abs(from - length / 2) }))

describe('a minimum cut', () => {
  it('costs as little as any', () => {
    fc.assert(
      fc.property(networks, ({ nodes, edges }) => {
        const least = leastOf(nodes, edges)
        fc.pre(Number.isFinite(least))
        const stays = minimumCut(nodes, edges, nodes - 2, nodes - 1)
        expect([stays[nodes - 2], stays[nodes - 1]]).toEqual([1, 0])
        expect(costOf(edges, node => stays[node] === 1)).toBe(least)
      }),
      { numRuns: 500 },
    )
  })

  it('is as near to the source as one can be', () => {
    const edges = [0, 1, 2].map(from => ({ from, to: from + 1, cost: 5 }))
    expect([...minimumCut(4, edges, 0, 3)]).toEqual([1, 0, 0, 0])
  })

  it('of 100,000 nodes in a row is found', () => {
    const stays = minimumCut(100_000, chain(100_000), 0, 99_999)
    expect([stays.lastIndexOf(1), stays.indexOf(0)]).toEqual([50_000, 50_001])
  })
})
