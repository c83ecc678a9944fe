import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { declarationOf, type Graph, type OpTag, opTags } from '../../../../ir/index.ts'
import { lowerOnnx } from '../../../../src/lower/onnx/index.ts'
import { lowerings } from '../../../../src/lower/onnx/lowerings.ts'
import { environmentOf } from '../../../arbitrary/environment.ts'
import { arbitraryOp, opGraph } from '../../../arbitrary/ops.ts'
import { runtimeSeed } from '../agree.ts'
import { casesOf, graphCases } from '../graph-cases.ts'
import { absent, assertInLayouts } from './agree.ts'

const tags = [...(Object.keys(lowerings) as readonly OpTag[]), 'Shift'] as const
const training = opTags.filter(tag => declarationOf(tag).stage === 'training')
/** onnxruntime's optimizer carries a transposition past a linear resize, whose kernel then refuses what it is to stretch: the channels. */
const hasTransposedResize = ({ nodes }: Graph): boolean =>
  nodes.some(node => node.tag === 'Transpose' && node.type.kind === 'Map') &&
  nodes.some(node => node.tag === 'Resize' && node.attributes.method === 'linear')

describe('in onnxruntime', () => {
  it.for(tags)('%s means what the evaluator says', async (tag, context) => {
    context.skip(absent !== undefined, absent)
    await assertInLayouts(casesOf(tag), { numRuns: 60, seed: runtimeSeed })
  })

  it.for(training)('%s is refused by name', tag => {
    fc.assert(
      fc.property(arbitraryOp(tag), fc.nat(), (drawn, seed) => {
        const graph = opGraph(drawn)
        // What depends on parameters alone is known before anything is exported.
        fc.pre(graph.nodes.some(node => node.tag === 'Input'))
        expect(() => lowerOnnx(graph, environmentOf(graph, 'reals', seed, 1).parameters)).toThrow(
          `saw the training op ${tag}; expected a graph for inference.`,
        )
      }),
      { numRuns: 5, seed: runtimeSeed },
    )
  })

  it('generated graphs mean what the evaluator says', async context => {
    context.skip(absent !== undefined, absent)
    const cases = graphCases.filter(([{ graph }]) => !hasTransposedResize(graph))
    await assertInLayouts(cases, { numRuns: 200, seed: runtimeSeed })
  })
})
