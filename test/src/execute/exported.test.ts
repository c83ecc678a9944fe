import type fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, it } from 'vitest'
import {
  builder,
  type Environment,
  type Graph,
  mapType,
  type OpTag,
  sharedType,
  vectorType,
} from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import type { Execution } from '../../../src/execute/execution.ts'
import { openOnnxruntime } from '../../../src/execute/onnxruntime.ts'
import { openOpenvino } from '../../../src/execute/openvino.ts'
import { signatureOf } from '../../../src/execute/signature.ts'
import { lowerOnnx } from '../../../src/lower/onnx/index.ts'
import { lowerings } from '../../../src/lower/onnx/lowerings.ts'
import { loadOnnxruntime } from '../../../src/runtime/onnxruntime.ts'
import { findOpenvino } from '../../../src/runtime/openvino/installed.ts'
import { expectOutputs, fill, runtimeSeed } from '../lower/agree.ts'
import type { Case } from '../lower/cases.ts'
import { casesOf, graphCases } from '../lower/graph-cases.ts'
import { assertSideBySide } from '../lower/side-by-side.ts'

interface Runtime {
  readonly absent: string | undefined
  readonly open: (graph: Graph, parameters: Environment['parameters']) => Promise<Execution>
}

const runtimes: Readonly<Record<string, Runtime>> = {
  onnxruntime: {
    absent: E.isRight(loadOnnxruntime()) ? undefined : 'the package onnxruntime-node is absent',
    open: async (graph, parameters) => orThrow(await openOnnxruntime(lowerOnnx(graph, parameters), signatureOf(graph))),
  },
  openvino: {
    absent: (await findOpenvino()) === undefined ? '`espalier setup --with openvino` has not run' : undefined,
    open: async (graph, parameters) =>
      orThrow(await openOpenvino(lowerOnnx(graph, parameters), { ...signatureOf(graph), precision: 'float32' })),
  },
}

const numbersOf = ({ inputs }: Environment): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries([...inputs].map(([name, { data }]) => [name, Float32Array.from(data)]))

/** Runs a graph on environments that differ in inputs alone, and compares with the evaluator. */
const expectAgreement = async (runtime: Runtime, graph: Graph, environments: readonly Environment[]): Promise<void> => {
  const execution = await runtime.open(graph, environments[0].parameters)
  try {
    for (const environment of environments)
      expectOutputs(await execution.run(numbersOf(environment)), graph, environment, 1e-4)
  } finally {
    execution.dispose()
  }
}

/** Two inputs that carry the batch, two shared ones, an output of each kind, a scalar, and the same value twice. */
const mixedGraph = (): Graph => {
  const b = builder()
  const [map, vector] = [b.input('map', mapType(4, 5, 3)), b.input('vector', vectorType(2))]
  const [filter, scalar] = [b.input('filter', sharedType([3, 3, 3, 2])), b.input('scalar', sharedType([]))]
  const convolved = b.conv2d(map, filter, { padding: 'same' })
  const scaled = b.multiply(scalar, scalar)
  const sum = b.add(b.globalPool(convolved), vector)
  return b.finish({ convolved, scaled, sum, again: sum })
}

it.for(Object.entries(runtimes))(
  '%s takes several inputs and gives several outputs, with the batch and without',
  async ([, runtime], context) => {
    context.skip(runtime.absent !== undefined, runtime.absent)
    const graph = mixedGraph()
    await expectAgreement(runtime, graph, [fill(graph, 2, 1), fill(graph, 3, 2), fill(graph, 2, 3)])
  },
)

// onnxruntime is what exported graphs are tested with: test/src/lower/onnx.
describe('in OpenVINO', () => {
  const runtime = runtimes.openvino
  const tags = Object.keys(lowerings) as readonly OpTag[]
  const assertCases = (cases: fc.Arbitrary<readonly Case[]>, numRuns: number): Promise<void> =>
    assertSideBySide(cases, { numRuns, seed: runtimeSeed }, ({ graph, environments }) =>
      expectAgreement(runtime, graph, environments),
    )

  it.for(tags)('%s means what the evaluator says', async (tag, context) => {
    context.skip(runtime.absent !== undefined, runtime.absent)
    await assertCases(casesOf(tag), 15)
  })

  it('generated graphs mean what the evaluator says, in two batch sizes', async context => {
    context.skip(runtime.absent !== undefined, runtime.absent)
    await assertCases(graphCases, 25)
  })
})
