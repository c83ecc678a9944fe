import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, type Graph, mapType, nodesWithTag, verify } from '../../ir/index.ts'
import { allRules, foldBatchNorm, multiplyAdds, rewrite } from '../../passes/index.ts'

const image = mapType(4, 4, 2)

/** A flipped convolution with a bias and a batch norm, which two nodes read: another batch norm is one of them. */
const normalizedTwice = (read: (b: ReturnType<typeof builder>, x: number) => number): Graph => {
  const b = builder()
  const statistics = (k: number) =>
    [`γ${k}`, `β${k}`, `μ${k}`, `σ²${k}`].map(name => b.parameter(name, [2])) as [number, number, number, number]
  const conv = b.conv2d(b.act('flip', b.input('image', image)), b.parameter('w', [3, 3, 2, 2]), { padding: 1 })
  const first = b.batchNorm(b.add(conv, b.parameter('b', [2])), statistics(1), 0.1)
  const second = b.batchNorm(first, statistics(2), 0.1)
  return b.finish({ y: read(b, first), z: second })
}

describe('rewriting', () => {
  it('never copies a convolution that another node reads, however the nodes between were moved', () => {
    const graph = normalizedTwice((b, x) => b.relu(x))
    const { graph: rewritten } = rewrite(graph, allRules)
    expect(multiplyAdds(rewritten)).toBe(multiplyAdds(graph))
    expect(E.isRight(verify(rewritten))).toBe(true)
  })

  it('does not count dead readers', () => {
    const b = builder()
    const conv = b.conv2d(b.input('image', image), b.parameter('w', [1, 1, 2, 2]))
    b.relu(conv)
    const statistics = ['γ', 'β', 'μ', 'σ²'].map(name => b.parameter(name, [2])) as [number, number, number, number]
    const { graph } = rewrite(b.finish({ y: b.batchNorm(conv, statistics, 0.1) }), allRules)
    expect(nodesWithTag(graph, 'BatchNorm')).toEqual([])
  })

  it('counts what an act that cancels leaves behind', () => {
    const b = builder()
    const conv = b.conv2d(b.input('image', image), b.parameter('w', [3, 3, 2, 2]))
    const back = b.act('flip', b.act('flip', conv))
    const statistics = ['γ', 'β', 'μ', 'σ²'].map(name => b.parameter(name, [2])) as [number, number, number, number]
    const graph = b.finish({ y: b.batchNorm(back, statistics, 0.1), z: b.relu(back) })
    expect(multiplyAdds(rewrite(graph, allRules).graph)).toBe(multiplyAdds(graph))
    const alone = b.finish({ y: graph.outputs[0].node })
    expect(nodesWithTag(rewrite(alone, allRules).graph, 'BatchNorm')).toEqual([])
  })

  it('folds a chain of batch norms into one convolution in one run', () => {
    const { program } = E.getOrElseW(() => {
      throw new Error('refused')
    })(foldBatchNorm.run({ graph: normalizedTwice((_, x) => x), parameters: new Map() }))
    expect(nodesWithTag(program.graph, 'Conv2d')).toHaveLength(1)
  })
})
