import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type Environment, evaluate, type Graph, shapeOf, sizeOf, type Tensor } from '../../../../ir/index.ts'
import { optimizations, runPasses, schedules, unroll } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { lowerOnnx } from '../../../../src/lower/onnx/index.ts'
import { type Constant, readTensor } from '../../../../src/network/import/onnx/constant.ts'
import { decodeOnnx } from '../../../../src/network/import/onnx/decode.ts'
import { type Translated, translate } from '../../../../src/network/import/onnx/translate.ts'
import { environmentOf, withEnvironment } from '../../../arbitrary/environment.ts'
import { arbitraryBranchedGraph, arbitraryFlatGraph } from '../../../arbitrary/graph.ts'
import { arbitraryOp, opGraph } from '../../../arbitrary/ops.ts'
import { expectOutputs } from '../agree.ts'

const imported = (bytes: Uint8Array): Translated => {
  const model = orThrow(decodeOnnx(bytes, 'graph.onnx'))
  const constants = model.graph.initializer.map((proto): readonly [string, Constant] => {
    const read = readTensor(proto, proto.name ?? '', 'initializer')
    return [proto.name ?? '', orThrow(read)]
  })
  const source = { file: 'graph.onnx', bytes: bytes.length, initializers: new Map(constants), size: undefined }
  return orThrow(translate(model, source))
}

/** What is exported means the same to the importer and the evaluator. */
const expectAgreement = (graph: Graph, { inputs, parameters }: Environment): void => {
  const again = imported(lowerOnnx(graph, parameters))
  const values = orThrow(evaluate(again.graph, { inputs, parameters: again.parameters }))
  const seen = graph.outputs.map(({ name, node }) => {
    const { data } = values.get(name) as Tensor
    const shape = shapeOf(graph.nodes[node].type)
    // A map of one pixel comes back as a vector.
    return [name, { shape: [data.length / sizeOf(shape), ...shape], data }]
  })
  expectOutputs(Object.fromEntries(seen), graph, { inputs, parameters })
}

describe('an exported graph imported again means the same', () => {
  it.for([
    'Conv2d',
    'MaxPool',
    'MeanPool',
    'Pad',
    'Resize',
    'Act',
    'Rotate',
    'Scale',
    'Shift',
    'Combine',
    'Unary',
    'Binary',
    'Slice',
    'Concat',
    'Transpose',
    'Flatten',
  ] as const)('%s', tag => {
    fc.assert(
      fc.property(arbitraryOp(tag), fc.nat(), (drawn, seed) => {
        const graph = opGraph(drawn)
        fc.pre(graph.nodes.some(node => node.tag === 'Input'))
        expectAgreement(graph, environmentOf(graph, 'reals', seed, 2))
      }),
      { numRuns: 60 },
    )
  })

  it('generated ones', () => {
    fc.assert(
      fc.property(withEnvironment(arbitraryFlatGraph(), { kind: 'reals' }), ({ graph, environment }) =>
        expectAgreement(graph, environment),
      ),
      { numRuns: 200 },
    )
  })

  it.for(schedules)('branched ones, unrolled, optimized and run %s', schedule => {
    fc.assert(
      fc.property(
        withEnvironment(arbitraryBranchedGraph(), { kind: 'reals' }),
        ({ graph, environment: { inputs, parameters } }) => {
          const { program } = orThrow(runPasses([unroll, ...optimizations(schedule)], { graph, parameters }))
          expectAgreement(program.graph, { inputs, parameters: program.parameters })
        },
      ),
      { numRuns: 50 },
    )
  })
})
