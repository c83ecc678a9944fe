import { describe, expect, it } from 'vitest'
import { graphPass, optimizations, type Pass, sinkTransforms, unroll } from '../../../../passes/index.ts'
import { shareEqualNodes } from '../../../../passes/share-prefix.ts'
import { bisect } from '../../../../src/compile/inspect/index.ts'
import { branchedTrial, sinkWith, wrongRule } from './programs.ts'

const trial = branchedTrial('cifar-resnet-8?classes=3', 'flip-2-max')
const pipeline = (replaced: Pass): readonly Pass[] => [
  unroll,
  ...optimizations().map(pass => (pass.name === replaced.name ? replaced : pass)),
]

describe('bisection over the rewrites', () => {
  it('finds nothing where nothing is wrong', () => {
    const found = bisect(trial, pipeline(sinkTransforms))
    expect(found.kind).toBe('agrees')
    expect(found.rewrites).toBeGreaterThan(50)
  })

  it.each(['pads of a flipped convolution are swapped instead of mirrored', 'the filter is forgotten'])(
    'names a wrong rule: %s',
    mistake => {
      const rule = wrongRule(mistake)
      const found = bisect(trial, pipeline(sinkWith(rule)))
      if (found.kind !== 'rewrite') throw new Error(`found ${found.kind}`)
      expect(found.firing).toMatchObject({ pass: 'sink-transforms', rule: { name: rule.name } })
      expect(found.failure.kind).toBe('disagrees')
      expect(found.number).toBeGreaterThan(0)
      expect(found.number).toBeLessThanOrEqual(found.rewrites)
    },
  )

  it('names a wrong merge of a pass without rules', () => {
    const forgetful = graphPass('share-prefix', (graph, admit) => {
      const shared = shareEqualNodes(graph, admit)
      const flips = graph.nodes.findIndex(({ tag }) => tag === 'Act')
      const { op, at } = { op: 'Act', at: flips } as const
      if (!admit({ rewrite: 'forget-flip', rule: null, op, at, name: undefined })) return shared
      const forgotten = shared.graph.nodes.map(node =>
        node.tag === 'Act' ? { ...node, attributes: { ...node.attributes, element: 'id' as const } } : node,
      )
      return { ...shared, graph: { ...shared.graph, nodes: forgotten } }
    })
    const found = bisect(trial, pipeline(forgetful))
    expect(found).toMatchObject({
      kind: 'rewrite',
      firing: { pass: 'share-prefix', rewrite: 'forget-flip', rule: null },
      failure: { kind: 'disagrees', pass: 'share-prefix' },
    })
  })

  it('names a pass that is wrong without any rule', () => {
    const halved = graphPass('share-prefix', graph => ({
      graph: {
        ...graph,
        nodes: graph.nodes.map(node =>
          node.tag === 'BatchNorm' ? { ...node, attributes: { epsilon: 2 * node.attributes.epsilon + 1 } } : node,
        ),
      },
      rewrites: {},
    }))
    expect(bisect(trial, pipeline(halved))).toMatchObject({
      kind: 'pass',
      failure: { kind: 'disagrees', pass: 'share-prefix' },
    })
  })
})
