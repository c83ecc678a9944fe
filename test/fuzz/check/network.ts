import { either as E } from 'fp-ts'
import { EspalierError, type Graph, sizeOf, variantsOf } from '../../../ir/index.ts'
import { multiplyAdds, naivePipeline, type Plan, parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../../src/compile/compile.ts'
import { openModel } from '../../../src/execute/model.ts'
import { lowerOnnx } from '../../../src/lower/onnx/index.ts'
import type { Network } from '../../../src/network/network.ts'
import type { Trial } from '../format.ts'
import { expectAgreement, firstOutput, inputsOf } from './agree.ts'

const plans = ['vanilla', 'vanilla-tta-geo', 'flip-1-max', 'flip-2-sum'].map(name => orThrow(parsePlan(name)))
const dearPlan = orThrow(parsePlan('{id,rot90,shift(1,0),scale(1.1)}@1:geo'))

/** Multiply-adds and values of one example. */
export const workOf = (graph: Graph): number =>
  graph.nodes.reduce((sum, node) => {
    const { type } = node
    const size = type.kind === 'Map' ? type.h * type.w * type.c : type.kind === 'Vector' ? type.c : sizeOf(type.shape)
    return sum + size * variantsOf(node)
  }, multiplyAdds(graph))

const smallEnough = 3e6
/** Over so many nodes one plan of two variants is tried: the limit of time is for one command, each plan is one, and compiling is linear in nodes times variants. */
const deep = 1000

const plansFor = ({ graph }: Network, place: Trial): readonly Plan[] => {
  if (graph.nodes.length > deep) return plans.slice(2, 3)
  return place.wants('dear plan', 4) ? [...plans, dearPlan] : plans
}

/** Runs a program op by op on WebAssembly, and compares. @throws EspalierError where it cannot be loaded */
export const predictOnWasm = async (compiled: CompiledNetwork): Promise<void> => {
  const inputs = inputsOf(compiled.graph, 1)
  const runner = await openModel(compiled, { backend: 'wasm', executor: 'eager' })
  try {
    const [{ data }] = inputs.values()
    const { outputs } = await runner.predict(data as Float32Array)
    expectAgreement('wasm', outputs[compiled.graph.outputs[0].name], compiled, inputs)
  } finally {
    runner.dispose()
  }
}

/** Compiles a network under some plans: a program means what the naive one means, is exported and runs, or is refused. */
export const goOn = async (network: Network, place: Trial): Promise<void> => {
  for (const plan of plansFor(network, place)) {
    const compiled = compileNetwork(network, plan)
    if (E.isLeft(compiled)) continue
    const naive = orThrow(compileNetwork(network, plan, { pipeline: naivePipeline }))
    if (workOf(naive.graph) > smallEnough) continue
    const inputs = inputsOf(network.graph, 2)
    expectAgreement('compiled', firstOutput(compiled.right, inputs), naive, inputs)
    try {
      if (place.wants('onnx', 4)) lowerOnnx(compiled.right.graph, compiled.right.parameters)
      if (place.wants('wasm', 6)) await predictOnWasm(compiled.right)
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error
    }
  }
}
