import { describe, expect, it } from 'vitest'
import { builder, type Graph, isPerExample, liveNodes, mapType } from '../../../ir/index.ts'
import { type Strands, strandsOf } from '../../../src/report/strands.ts'
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
})
