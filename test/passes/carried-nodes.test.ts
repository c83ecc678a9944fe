import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builder, type Graph, isPerExample, mapType, type NodeId, shapeOf, sizeOf } from '../../ir/index.ts'
import { carriedNodes, type NumberCosts, type Parting } from '../../passes/carried-nodes.ts'
import { nodeMultiplyAdds } from '../../passes/cost.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'

type Costs = Omit<NumberCosts, 'keep'>

const ancestors = ({ nodes }: Graph, root: NodeId): Uint8Array => {
  const found = new Uint8Array(nodes.length)
  found[root] = 1
  for (let id = root; id >= 0; id--) if (found[id]) for (const operand of nodes[id].operands) found[operand] = 1
  return found
}

interface Case {
  readonly graph: Graph
  readonly parting: Parting
  readonly costs: Costs
}

/** A few ops of unlike prices on one image; an earlier stage gives one of their values, a later one another. */
const drawn = (choices: readonly number[]): Case => {
  const choose = chooser(choices)
  const b = builder()
  const values = [b.input('image', mapType(4, 4, 2))]
  const count = 2 + choose.below(6)
  for (let k = 0; k < count; k++) {
    const x = choose.pick(values)
    const shape = shapeOf(b.typeOf(x))
    const alike = values.filter(y => `${shapeOf(b.typeOf(y))}` === `${shape}`)
    const ops = [
      () => b.relu(x),
      () => b.add(x, choose.pick(alike)),
      () => b.conv2d(x, b.parameter(`w${k}`, [1, 1, shape[2], 1 + choose.below(4)])),
      () => b.globalPool(x),
    ] as const
    values.push(choose.pick(shape.length === 3 ? ops : [ops[0], ops[1]])())
  }
  const answer = choose.pick(values)
  const last = choose.oneIn(4) ? choose.pick(values) : b.unary('negate', choose.pick(values))
  const graph = b.finish({ answer, last })
  return {
    graph,
    parting: {
      first: ancestors(graph, answer),
      later: ancestors(graph, last),
      read: [last],
      given: choose.oneIn(2) ? [answer] : [],
    },
    costs: { carry: 1 + choose.below(40), gather: 1 + choose.below(10), compute: choose.below(8) },
  }
}

const cases = arbitraryChoices(60).map(drawn)

/** What both stages have of an image. */
const sharedBy = ({ graph, parting: { first, later } }: Case): readonly NodeId[] =>
  graph.nodes.flatMap(({ type }, id) => (first[id] && later[id] && isPerExample(type) ? [id] : []))

/** What a later stage pays that takes these values and computes the rest, of what it needs; Infinity where it cannot. */
const priceOf = (c: Case, carried: ReadonlySet<NodeId>): number => {
  const { graph, parting, costs } = c
  const shared = new Set(sharedBy(c))
  const outside = (id: NodeId): boolean => graph.nodes[id].tag === 'Input' || parting.given.includes(id)
  let price = 0
  const seen = new Set<NodeId>()
  const need = (id: NodeId): void => {
    if (!isPerExample(graph.nodes[id].type) || seen.has(id)) return
    seen.add(id)
    const node = graph.nodes[id]
    const size = sizeOf(shapeOf(node.type))
    if (shared.has(id) && carried.has(id)) {
      price += size * (outside(id) ? costs.gather : costs.carry)
      return
    }
    if (shared.has(id)) {
      if (node.tag === 'Input') price = Number.POSITIVE_INFINITY
      price += nodeMultiplyAdds(graph, node) + size * costs.compute
    }
    for (const operand of node.operands) need(operand)
  }
  for (const id of parting.read) need(id)
  return price
}

const carriedIn = ({ graph, parting, costs }: Case): readonly NodeId[] => carriedNodes(graph, parting, costs)

describe('what a later stage takes', () => {
  it('is the cheapest of all ways to have what it needs', () => {
    fc.assert(
      fc.property(cases, c => {
        const shared = sharedBy(c)
        const ways = Array.from({ length: 2 ** shared.length }, (_, bits) =>
          priceOf(c, new Set(shared.filter((_, k) => bits & (1 << k)))),
        )
        expect(priceOf(c, new Set(carriedIn(c)))).toBe(Math.min(...ways))
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  it('is nothing that it does not need, and nothing that the earlier stage does not have', () => {
    fc.assert(
      fc.property(cases, c => {
        const carried = carriedIn(c)
        const shared = sharedBy(c)
        for (const id of carried) {
          expect(shared).toContain(id)
          expect(priceOf(c, new Set(carried.filter(other => other !== id)))).not.toBe(priceOf(c, new Set(carried)))
        }
      }),
      { numRuns: 300, seed: 2 },
    )
  })
})
