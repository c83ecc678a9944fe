import type fc from 'fast-check'
import type * as Onnxruntime from 'onnxruntime-node'
import { type Environment, type Graph, nodesWithTag, type Tensor } from '../../../../ir/index.ts'
import type { Stage } from '../../../../passes/index.ts'
import { type ImageLayout, lowerOnnx } from '../../../../src/lower/onnx/index.ts'
import { expectOutputs } from '../agree.ts'
import type { Case } from '../cases.ts'
import { assertSideBySide } from '../side-by-side.ts'

const load = async (): Promise<typeof Onnxruntime | undefined> => {
  try {
    return await import('onnxruntime-node')
  } catch {
    return undefined
  }
}

const ort = await load()

/** Why graphs are not run here, where they are not. */
export const absent: string | undefined = ort === undefined ? 'onnxruntime-node is not installed' : undefined

/** Axes of `[n, h, w, c]` in the order of `[n, c, h, w]`, and back. */
const turned = ({ shape, data }: Tensor, [a, b, c]: readonly [number, number, number]): Tensor => {
  const order = [a, b, c]
  const [n, ...own] = shape
  const moved = order.map(axis => own[axis])
  const out = new Float32Array(data.length)
  const size = own[0] * own[1] * own[2]
  const strides = [own[1] * own[2], own[2], 1]
  let to = 0
  for (let example = 0; example < n; example++)
    for (let i = 0; i < moved[0]; i++)
      for (let j = 0; j < moved[1]; j++)
        for (let k = 0; k < moved[2]; k++)
          out[to++] = data[example * size + i * strides[a] + j * strides[b] + k * strides[c]]
  return { shape: [n, ...moved], data: out }
}

/** A graph exported, whole or cut into stages, and opened. */
const open = async (
  graph: Graph,
  parameters: Environment['parameters'],
  layout: ImageLayout,
  exported: Graph | readonly Stage[] = graph,
) => {
  const { InferenceSession, Tensor: Given } = ort as typeof Onnxruntime
  const bytes = lowerOnnx(exported, parameters, { layout })
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 })
  const types = new Map(nodesWithTag(graph, 'Input').map(node => [node.attributes.name, node.type]))
  const runOn = async ({ inputs }: Environment): Promise<Readonly<Record<string, Tensor>>> => {
    const fed = session.inputNames.map(name => {
      const value = inputs.get(name) as Tensor
      const { shape, data } = layout === 'nchw' && types.get(name)?.kind === 'Map' ? turned(value, [2, 0, 1]) : value
      return [name, new Given('float32', Float32Array.from(data), shape)] as const
    })
    const outputs = await session.run(Object.fromEntries(fed))
    const seen = graph.outputs.map(({ name, node }) => {
      const value = { shape: outputs[name].dims, data: outputs[name].data as Float32Array }
      return [name, layout === 'nchw' && graph.nodes[node].type.kind === 'Map' ? turned(value, [1, 2, 0]) : value]
    })
    return Object.fromEntries(seen)
  }
  return { runOn, close: () => session.release() }
}

/** What onnxruntime gives for a graph, by output. */
export const run = async (
  graph: Graph,
  environment: Environment,
  layout: ImageLayout = 'nhwc',
  exported?: readonly Stage[],
): Promise<Readonly<Record<string, Tensor>>> => {
  const { runOn, close } = await open(graph, environment.parameters, layout, exported)
  const outputs = await runOn(environment)
  await close()
  return outputs
}

/** Exports, runs and compares every output with the reference evaluator. */
export const expectAgreement = async (
  graph: Graph,
  environments: readonly Environment[],
  layout: ImageLayout = 'nhwc',
  exported?: readonly Stage[],
): Promise<void> => {
  const { runOn, close } = await open(graph, environments[0].parameters, layout, exported)
  for (const environment of environments) expectOutputs(await runOn(environment), graph, environment)
  await close()
}

/** Checks as many drawn cases, half of them in each layout. */
export const assertInLayouts = async (
  cases: fc.Arbitrary<readonly Case[]>,
  { numRuns, seed }: { readonly numRuns: number; readonly seed: number },
): Promise<void> => {
  for (const [k, layout] of (['nhwc', 'nchw'] as const).entries())
    await assertSideBySide(cases, { numRuns: Math.ceil(numRuns / 2), seed: seed + k }, ({ graph, environments }) =>
      expectAgreement(graph, environments, layout),
    )
}
