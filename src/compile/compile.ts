import { either as E } from 'fp-ts'
import type { Graph, Tensor } from '../../ir/index.ts'
import {
  type Admit,
  actsOnMaps,
  inferencePipeline,
  multiplyAdds,
  type NetworkOutput,
  naivePipeline,
  type Pass,
  type PassProblem,
  type PassReport,
  type PlacedPlan,
  type PlacedStages,
  type PlacementProblem,
  type Plan,
  type Program,
  placeStages,
  runPasses,
  scheduleOf,
  unroll,
} from '../../passes/index.ts'
import { random } from '../base/random.ts'
import type { Network } from '../network/network.ts'
import { type CompiledStage, compiledStages, stageFacts } from './compiled-stages.ts'
import { traceFolder, traceVariable } from './inspect/trace-folder.ts'
import { predictorFor, type ScheduleOptions, schedulingOf } from './scheduling.ts'

/** A network under a plan, ready to run: a flat graph from the image to the reduced answers, with the values it needs. */
export interface CompiledNetwork {
  readonly network: string
  readonly plan: string
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
  /** What the graph's outputs are, in its order. Absent of a classifier: one output named `logits`. */
  readonly outputs?: readonly NetworkOutput[]
  /** Of one image; `relative` to the plain network, `relativeUnshared` with one full forward for each variant. */
  readonly multiplyAdds: { readonly total: number; readonly relative: number; readonly relativeUnshared: number }
  /** Of an adaptive plan. */
  readonly stages?: readonly CompiledStage[]
  /** Flips and other D4 acts left on feature maps. */
  readonly actsOnMaps: number
  /** How variants are run, in words: `apart`, `stacked`, `joined+split`. */
  readonly schedule: string
  /** Of one batch of the size that the schedule is for; `unshared` with one full forward for each variant. */
  readonly predictedMilliseconds: { readonly total: number; readonly unshared: number }
  readonly passes: readonly PassReport[]
}

/** What `compile --json` and a compiled folder's manifest both say of a compilation. */
export const factsOf = (compiled: CompiledNetwork) => ({
  network: compiled.network,
  plan: compiled.plan,
  ...(compiled.outputs === undefined ? {} : { outputs: compiled.outputs }),
  multiply_adds: compiled.multiplyAdds.total,
  multiply_adds_relative: compiled.multiplyAdds.relative,
  multiply_adds_relative_unshared: compiled.multiplyAdds.relativeUnshared,
  stages: compiled.stages?.map(stageFacts),
  acts_on_maps: compiled.actsOnMaps,
  schedule: compiled.schedule,
  predicted_milliseconds: compiled.predictedMilliseconds.total,
  predicted_milliseconds_unshared: compiled.predictedMilliseconds.unshared,
  passes: compiled.passes,
})

/** How a network is compiled. */
export interface CompileOptions extends ScheduleOptions {
  /** Of the scales that a plan draws. Default 0. */
  readonly seed?: number
  /** The passes to run; default `inferencePipeline` under the schedule. `naivePipeline` gives what libraries for test-time augmentation run. */
  readonly pipeline?: (plan: PlacedPlan | PlacedStages) => readonly Pass[]
  /** Told of each pass, with the program after it and before. */
  readonly observe?: (pass: Pass, program: Program, before: Program) => void
  /** Asked before every rewrite. */
  readonly admit?: Admit
}

/** Places a plan on a network and runs the passes. Fails where the network has no such feature maps, or no inference reduction is named. */
export const compileNetwork = (
  { name, graph, parameters, outputs }: Network,
  plan: Plan,
  { seed = 0, pipeline, observe = () => {}, admit, ...scheduling }: CompileOptions = {},
): E.Either<readonly (PassProblem | PlacementProblem)[], CompiledNetwork> => {
  const placed = placeStages(plan, graph, () => random(seed, 'plan').next, outputs)
  if (E.isLeft(placed)) return placed
  const passes = pipeline?.(placed.right) ?? inferencePipeline(placed.right, schedulingOf(scheduling))
  const predict = predictorFor(scheduling)
  const { schedule, backend, batch } = scheduling
  const parent = process.env[traceVariable]
  const followed = { network: name, plan: placed.right.name, seed, schedule, backend, batch }
  const trace = parent ? traceFolder(parent, followed, graph, passes, admit) : undefined
  let unsharedMicroseconds: number | undefined
  const watch: typeof observe = (pass, program, before) => {
    if (pass.name === unroll.name) unsharedMicroseconds = predict(program.graph)
    trace?.observe(pass, program.graph)
    observe(pass, program, before)
  }
  const compiled = runPasses(passes, { graph, parameters }, watch, trace?.admit ?? admit)
  if (E.isLeft(compiled)) return compiled
  const { program, reports } = compiled.right
  const plain = multiplyAdds(graph)
  const unshared = reports[naivePipeline(placed.right).length - 1]?.multiply_adds_after ?? plain
  const total = multiplyAdds(program.graph)
  const microseconds = predict(program.graph)
  return E.right({
    network: name,
    plan: placed.right.name,
    graph: program.graph,
    parameters: program.parameters,
    ...(outputs === undefined ? {} : { outputs }),
    multiplyAdds: { total, relative: total / plain, relativeUnshared: unshared / plain },
    stages: compiledStages(program.graph, placed.right, plain),
    actsOnMaps: actsOnMaps(program.graph),
    schedule: scheduleOf(reports),
    predictedMilliseconds: { total: microseconds / 1000, unshared: (unsharedMicroseconds ?? microseconds) / 1000 },
    passes: reports,
  })
}
