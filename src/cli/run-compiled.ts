import { EspalierError } from '../../ir/index.ts'
import { cutStages, type Plan, parsePlan } from '../../passes/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { remembering } from '../compile/compiled-stages.ts'
import { watchedCompile } from '../compile/inspect/index.ts'
import { readPlanWithShares } from '../compile/read-plan.ts'
import type { ScheduleName } from '../compile/scheduling.ts'
import { type Model, type ModelOptions, openModel } from '../execute/model.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import type { EvaluationResult } from '../experiment/evaluation.ts'
import { type TimeOver, timedImages, timeOver } from '../experiment/time-over.ts'
import type { Images } from '../open/images.ts'
import type { Source } from '../open/network-source.ts'
import { type WatchOptions, watchEvaluation } from './evaluation.ts'
import type { ExecutionFlags, NetworkFlags } from './options.ts'
import type { CommonOptions, Output } from './output.ts'
import { scheduleBackend } from './schedule-backend.ts'
import { noteMissingBranches } from './trained-note.ts'

/** What is said of how a network is compiled. */
interface CompileFlags extends CommonOptions, Pick<NetworkFlags, 'network' | 'plan'>, ExecutionFlags<ModelBackend> {
  readonly schedule: ScheduleName
}

/** What is run, and the plain network beside it, where that is known. */
interface Compiled {
  readonly compiled: CompiledNetwork
  readonly plain: () => CompiledNetwork | undefined
}

/** The first stage of a compiled folder, where it is the plain network. */
const plainStage = (compiled: CompiledNetwork): CompiledNetwork | undefined => {
  if (compiled.stages?.[0].plan !== 'vanilla') return undefined
  const [{ graph }] = cutStages(compiled.graph)
  const outputs = graph.outputs.filter(({ name }) => name === compiled.graph.outputs[0].name)
  return { ...compiled, plan: 'vanilla', graph: { ...graph, outputs }, stages: undefined }
}

/** Compiles the network under `--plan`, for so many images at a time, or takes what was compiled. */
export const compiledOf = async (
  source: Source,
  flags: CompileFlags,
  batch: number,
  out: Output,
): Promise<Compiled> => {
  if (source.kind === 'network') {
    const { plan, shares } = await readPlanWithShares(flags.plan ?? 'vanilla')
    noteMissingBranches(source, plan, out)
    const { seed, schedule } = flags
    const options = { seed, schedule, batch, backend: await scheduleBackend(flags) }
    const under = (each: Plan): CompiledNetwork => orThrow(watchedCompile(source.network, each, options))
    const compiled = under(plan)
    return {
      compiled: { ...compiled, stages: remembering(compiled.stages, shares) },
      plain: () => under(orThrow(parsePlan('vanilla'))),
    }
  }
  if (flags.plan === undefined) return { compiled: source.compiled, plain: () => plainStage(source.compiled) }
  const seen = `${flags.plan} for ${flags.network}, compiled under ${source.compiled.plan}`
  throw new EspalierError([sourceProblem('bad-input', '--plan', seen, 'no --plan with a compiled folder')])
}

/** The plain network on the same executor, to say what the plan takes beside it. */
export const timeOverPlain = async (
  model: Model,
  plain: CompiledNetwork | undefined,
  options: ModelOptions,
  images: Images,
  sizes: { readonly batch: number; readonly limit: number },
  out: Output,
): Promise<TimeOver | undefined> => {
  if (plain === undefined) return undefined
  out.note(`Timing it beside the plain network, in turns on ${timedImages(sizes)} images.`)
  const executor = model.executor === 'reference' ? 'auto' : model.executor
  const beside = await openModel(plain, { ...options, executor })
  try {
    return await timeOver(model, beside, images, sizes)
  } finally {
    beside.dispose()
  }
}

/** The same images on the same executor in float32, to show what another precision costs. */
export const inFloat32 = async (
  compiled: CompiledNetwork,
  options: ModelOptions,
  { executor }: Model,
  images: Images,
  evaluation: WatchOptions,
  out: Output,
): Promise<EvaluationResult> => {
  out.note('The same in float32, to compare.')
  const model = await openModel(compiled, {
    ...options,
    precision: 'float32',
    executor: executor === 'reference' ? 'auto' : executor,
  })
  try {
    return await watchEvaluation(model, images, { ...out, note: () => {} }, evaluation)
  } finally {
    model.dispose()
  }
}
