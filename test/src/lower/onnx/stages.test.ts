import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodesWithTag } from '../../../../ir/index.ts'
import { lowerOnnx } from '../../../../src/lower/onnx/index.ts'
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  onnxSchema,
} from '../../../../src/network/import/onnx/schema.ts'
import { runtimeSeed } from '../agree.ts'
import { arbitraryGated, rowsThatStay } from '../gated.ts'
import { absent, expectAgreement, run } from './agree.ts'

const layouts = fc.constantFrom('nhwc' as const, 'nchw' as const)

const innerGraphs = (graph: GraphProto): readonly GraphProto[] =>
  graph.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ g }: AttributeProto) => (g === undefined || g === null ? [] : [g, ...innerGraphs(g)])),
  )

describe('stages in one ONNX file', () => {
  it('mean what the evaluator says of the whole, whoever goes on', async context => {
    context.skip(absent !== undefined, absent)
    await fc.assert(
      fc.asyncProperty(arbitraryGated, layouts, async (drawn, layout) => {
        fc.pre(drawn !== undefined)
        await expectAgreement(drawn.graph, drawn.environments, layout, drawn.stages)
      }),
      { numRuns: 60, seed: runtimeSeed },
    )
  })

  it('go on from a certainty below the threshold alone', async context => {
    context.skip(absent !== undefined, absent)
    const { graph, stages, rows, wanted } = rowsThatStay()
    const inputs = new Map([['x', { shape: [4, 4], data: rows }]])
    const { y } = await run(graph, { inputs, parameters: new Map() }, 'nhwc', stages)
    expect(Array.from(y.data)).toEqual(wanted)
  })

  it('have no name twice, and only what each reads is in it', () => {
    fc.assert(
      fc.property(arbitraryGated, layouts, (drawn, layout) => {
        fc.pre(drawn !== undefined)
        const { stages, environments } = drawn
        const type = onnxSchema.lookupType('ModelProto')
        const bytes = lowerOnnx(stages, environments[0].parameters, { layout })
        const { graph } = type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as ModelProto
        const graphs = [graph as GraphProto, ...innerGraphs(graph as GraphProto)]
        expect(graphs.length).toBe(2 * stages.length - 1)
        const names = graphs.flatMap(({ initializer, node, input }) => [
          ...[...initializer, ...input].map(({ name }) => name),
          ...node.flatMap(({ output }) => output),
        ])
        expect(new Set(names).size).toBe(names.length)
        for (const { node, initializer } of graphs) {
          const read = new Set(node.flatMap(({ input }) => input))
          expect(initializer.filter(({ name = '' }) => !read.has(name)).map(({ name }) => name)).toEqual([])
        }
        expect(graphs[0].input.map(({ name }) => name)).toEqual(
          nodesWithTag(stages[0].graph, 'Input').map(({ attributes }) => attributes.name),
        )
      }),
      { numRuns: 30, seed: runtimeSeed },
    )
  })
})
