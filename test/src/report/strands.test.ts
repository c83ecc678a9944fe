import { describe, expect, it } from 'vitest'
import { builder, draft, type Graph, isPerExample, liveNodes, mapType, vectorType } from '../../../ir/index.ts'
import { parseFixedPlan, placePlan } from '../../../passes/index.ts'
import { branched } from '../../../passes/insert-branches.ts'
import { orThrow } from '../../../src/base/error.ts'
import { zoo } from '../../../src/network/zoo/index.ts'
import type { Strands } from '../../../src/report/strand.ts'
import { strandsOf } from '../../../src/report/strands.ts'
import { titleOf } from '../../../src/report/titles.ts'
import { compiledZoo } from './page.ts'

const shapeOf = ({ segments }: Strands) => segments.map(({ rank, column, span }) => [rank, column, span])

const everyExampleOnce = (graph: Graph): void => {
  const { segments, answer } = strandsOf(graph)
  const live = liveNodes(graph)
  const expected = graph.nodes.flatMap((node, id) => (live[id] && isPerExample(node.type) ? [id] : []))
  expect([...segments.flatMap(({ nodes }) => nodes), ...answer].sort((a, b) => a - b)).toEqual(expected)
}

/** Two chains of dense layers from one image that a `join` makes one answer of. */
const twoHeads = (cross: boolean): Graph => {
  const b = builder()
  const x = b.flatten(b.input('image', mapType(2, 2, 1)))
  const w = b.parameter('w', [4, 4])
  const heads = [b.dense(x, w), b.relu(x), b.unary('tanh', x)]
  const ends = cross ? heads.map((head, k) => b.add(head, heads[(k + 1) % 3])) : heads
  return b.finish({ logits: b.combine(ends, 'max') })
}

describe('strands', () => {
  it('finds the prefix, the forks and the sixteen variants of flip-4', () => {
    const { graph } = compiledZoo('preact-resnet-20', 'flip-4-max')
    const strands = strandsOf(graph)
    const levels = [0, 1, 2, 3, 4].map(rank => strands.segments.filter(segment => segment.rank === rank))
    expect(levels.map(level => level.map(({ span }) => span))).toEqual(
      [1, 2, 4, 8, 16].map(n => new Array(n).fill(16 / n)),
    )
    for (const level of levels) {
      const starts = level.map(({ column }) => column).sort((a, b) => a - b)
      expect(starts).toEqual(starts.map((_, k) => (k * 16) / level.length))
    }
    for (const { parent, column, span } of strands.segments.slice(1)) {
      const above = strands.segments[parent as number]
      expect(column >= above.column && column + span <= above.column + above.span).toBe(true)
    }
    expect(strands.answer.map(id => graph.nodes[id].tag)).toEqual(['Combine'])
    expect(graph.nodes[strands.answer[0]].operands).toEqual(strands.ends)
    everyExampleOnce(graph)
  })

  it.each([
    ['vanilla', [[0, 0, 1]]],
    [
      'vanilla-tta-geo',
      [
        [0, 0, 2],
        [1, 0, 1],
        [1, 1, 1],
      ],
    ],
    [
      '{id,shift(1,0),scale(1.1)}@4:geo',
      [
        [0, 0, 3],
        [1, 0, 1],
        [1, 1, 1],
        [1, 2, 1],
      ],
    ],
  ])('of a CIFAR ResNet under %s', (plan, shape) => {
    const { graph } = compiledZoo('cifar-resnet-20', plan)
    expect(shapeOf(strandsOf(graph))).toEqual(shape)
    everyExampleOnce(graph)
  })

  it('puts variants that share parts side by side, whatever their order', () => {
    const b = builder()
    const x = b.flatten(b.input('image', mapType(2, 2, 1)))
    const [p, q] = [b.relu(x), b.unary('tanh', x)]
    const ends = [p, q, p, q].map((part, k) => b.dense(part, b.parameter(`w${k}`, [4, 3])))
    const graph = b.finish({ logits: b.combine(ends, 'geo') })
    const strands = strandsOf(graph)
    expect(strands.ends).toEqual([ends[0], ends[2], ends[1], ends[3]])
    expect(shapeOf(strands).slice(0, 3)).toEqual([
      [0, 0, 4],
      [1, 0, 2],
      [1, 2, 2],
    ])
  })

  it('takes sums of vectors for a meeting too, nested ones for one', () => {
    const b = builder()
    const x = b.flatten(b.input('image', mapType(2, 2, 1)))
    const [p, q, r] = [b.relu(x), b.unary('tanh', x), b.unary('abs', x)]
    const graph = b.finish({ logits: b.unary('negate', b.add(b.add(p, q), r)) })
    expect(strandsOf(graph).ends).toEqual([p, q, r])
    expect(strandsOf(graph).answer.length).toBe(3)
    everyExampleOnce(graph)
  })

  it('is one strand where variants share parts crosswise', () => {
    expect(shapeOf(strandsOf(twoHeads(true)))).toEqual([[0, 0, 1]])
    expect(strandsOf(twoHeads(false)).columns).toBe(3)
    everyExampleOnce(twoHeads(true))
  })

  it('puts the columns into another order where stacks cross, one band after the other', () => {
    const d = draft('stacked')
    const x = d.add('Input', [], { name: 'image', type: vectorType(4) })
    const unary = (fn: 'relu' | 'tanh' | 'negate', from: number) => d.add('Unary', [from], { fn, alpha: 0, beta: 0 })
    const [p, q] = [unary('relu', x), unary('tanh', x)]
    const [even, odd] = [p, q].map(from => [unary('relu', from), unary('negate', from)])
    const stacks = [0, 1].map(k => unary('tanh', d.add('Stack', [even[k], odd[k]], {})))
    const combined = d.add('Combine', stacks, { reduction: 'geo', multiplicity: [1, 1, 1, 1] })
    const graph = d.finish([{ name: 'logits', node: combined }])
    const strands = strandsOf(graph)
    expect(strands.bands).toEqual([
      { rank: 0, order: [0, 2, 1, 3] },
      { rank: 3, order: [0, 1, 2, 3] },
    ])
    const stacked = strands.segments.filter(({ values }) => values > 1)
    expect(stacked.map(({ column, span, rank, parent }) => [column, span, rank, parent])).toEqual([
      [0, 2, 3, null],
      [2, 2, 3, null],
    ])
    expect(stacked.map(segment => titleOf(graph, strands, segment))).toEqual([
      '2 variants stacked',
      '2 variants stacked',
    ])
    expect(strands.segments.filter(({ rank }) => rank === 1).map(({ nodes }) => nodes)).toEqual([[p], [q]])
    everyExampleOnce(graph)
  })

  it('knows which value of a stack goes on alone', () => {
    const d = draft('stacked')
    const x = d.add('Input', [], { name: 'image', type: vectorType(4) })
    const parts = (['relu', 'tanh', 'negate'] as const).map(fn => d.add('Unary', [x], { fn, alpha: 0, beta: 0 }))
    const stack = d.add('Stack', parts, {})
    const alone = parts.map((_, index) => d.add('Unstack', [stack], { index, count: 3 }))
    const combined = d.add('Combine', alone, { reduction: 'geo', multiplicity: [1, 2, 1] })
    const graph = d.finish([{ name: 'logits', node: combined }])
    const strands = strandsOf(graph)
    expect(strands.segments.map(segment => titleOf(graph, strands, segment))).toEqual([
      'shared by 3 variants',
      'variant 1',
      'variant 2 (counted 2×)',
      'variant 3',
      '3 variants stacked',
      'variant 1',
      'variant 2 (counted 2×)',
      'variant 3',
    ])
    everyExampleOnce(graph)
  })

  it('of a branched graph are one column, a segment for each branch and one for the answer', () => {
    const network = orThrow(zoo('cifar-resnet-20')).graph
    const plan = orThrow(parseFixedPlan('{id,flip}@2,{id,flip}@4:geo'))
    const graph = branched(network, orThrow(placePlan(plan, network, () => 0)))
    const strands = strandsOf(graph)
    expect(shapeOf(strands)).toEqual([
      [0, 0, 1],
      [1, 0, 1],
      [2, 0, 1],
    ])
    expect(strands.segments.map(({ values }) => values)).toEqual([1, 2, 4])
    expect(strands.segments.slice(1).map(({ nodes }) => graph.nodes[nodes[0]].tag)).toEqual(['Branch', 'Branch'])
    expect(strands.answer.map(id => graph.nodes[id].tag)).toEqual(['Reduce'])
    everyExampleOnce(graph)
  })
})
