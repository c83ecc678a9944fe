import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import { EspalierError, type Pair } from '../../ir/index.ts'
import { cutStages, type Plan, parsePlan } from '../../passes/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { remembering } from '../compile/compiled-stages.ts'
import { watchedCompile } from '../compile/inspect/index.ts'
import { readPlanWithShares } from '../compile/read-plan.ts'
import type { ScheduleName } from '../compile/scheduling.ts'
import { part } from '../data/index.ts'
import { bestBatch } from '../execute/best-batch.ts'
import { type Model, type ModelOptions, openModel } from '../execute/model.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import type { ImagesModel } from '../execute/whole-images.ts'
import type { EvaluationResult } from '../experiment/evaluation.ts'
import { evaluationFacts } from '../experiment/shards/facts.ts'
import { type Shard, shardRange } from '../experiment/shards/shard.ts'
import { type TimeOver, timeOver } from '../experiment/time-over.ts'
import { outputsOf } from '../network/network.ts'
import type { AtSize } from '../open/any-size.ts'
import type { Images } from '../open/images.ts'
import type { Source } from '../open/network-source.ts'
import { openAnyWork, openUncompiled } from '../open/opening.ts'
import { backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
import { prepareFile } from './destination.ts'
import { divided } from './division.ts'
import { type WatchOptions, watchEvaluation } from './evaluation.ts'
import { openImagesModel, type Sizing, type SizingFlags, sizingOf } from './images-model.ts'
import { modelNote } from './model-note.ts'
import { type OnFlags, onOptions } from './on-options.ts'
import {
  command,
  type DataFlags,
  dataOptions,
  type ExecutionFlags,
  executionOptions,
  limitOption,
  type NetworkFlags,
  planOptions,
  sizingOptions,
  wholeNumber,
} from './options.ts'
import { type CommonOptions, exitCodes, type Output, output } from './output.ts'
import { runOn } from './run-on.ts'
import { type Ran, tellRun } from './run-result.ts'
import { runPart } from './run-shards.ts'
import { scheduleBackend } from './schedule-backend.ts'
import { scheduleOption } from './schedule-option.ts'
import { checkShard } from './shard-output.ts'
import type { Terminal } from './terminal.ts'
import { watchTiming } from './timing-line.ts'
import { noteMissingBranches } from './trained-note.ts'
import { prepareAnswersFolder } from './written-answers.ts'

const defaultBatch = 128

interface RunFlags
  extends CommonOptions,
    Omit<NetworkFlags, 'size'>,
    SizingFlags,
    DataFlags,
    ExecutionFlags<ModelBackend>,
    OnFlags {
  readonly batch: number | 'auto'
  readonly schedule: ScheduleName
  readonly limit?: number
  readonly predictions?: string
  readonly csv?: string
  readonly write?: string
  readonly top?: number
  readonly strict?: boolean
  readonly out?: string
  readonly time?: boolean
}

const batchSize = (text: string): number | 'auto' => (text === 'auto' ? text : wholeNumber(1)(text))

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

/** Compiles the network under `--plan`, or takes what was compiled. */
const compiledOf = async (source: Source, flags: RunFlags, images: number, out: Output): Promise<Compiled> => {
  if (source.kind === 'network') {
    const { plan, shares } = await readPlanWithShares(flags.plan ?? 'vanilla')
    noteMissingBranches(source, plan, out)
    const { seed, schedule } = flags
    const batch = Math.max(1, Math.min(flags.batch === 'auto' ? defaultBatch : flags.batch, images))
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
const timeOverPlain = async (
  model: Model,
  plain: CompiledNetwork | undefined,
  options: ModelOptions,
  images: Images,
  sizes: { readonly batch: number; readonly limit: number },
  out: Output,
): Promise<TimeOver | undefined> => {
  if (plain === undefined) return undefined
  out.note('Timing it beside the plain network.')
  const executor = model.executor === 'reference' ? 'auto' : model.executor
  const beside = await openModel(plain, { ...options, executor })
  try {
    return await timeOver(model, beside, images, sizes)
  } finally {
    beside.dispose()
  }
}

/** The same images on the same executor in float32, to show what another precision costs. */
const inFloat32 = async (
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

/** A batch size that all shards have. @throws EspalierError where it is not known */
const checkBatch = ({ batch }: Pick<RunFlags, 'batch'>): number => {
  if (batch !== 'auto') return batch
  const expected = 'a number where the work is divided, for shards are whole batches'
  throw new EspalierError([sourceProblem('bad-input', '--batch', 'auto', expected)])
}

const refuseTable = (seen: string, expected: string): EspalierError =>
  new EspalierError([sourceProblem('bad-input', '--csv', seen, expected, '--predictions FILE.jsonl')])

/** A table has columns for classes. @throws EspalierError where the answers are others */
const checkTable = ({ csv }: Pick<RunFlags, 'csv'>, compiled: CompiledNetwork): void => {
  const [{ name, kind }] = outputsOf(compiled)
  if (csv !== undefined && kind !== 'classes')
    throw refuseTable(`${kind}, the output ${name}`, 'a network whose first output is classes')
}

/** The images of the shard that is asked for. @throws EspalierError where there are fewer than shards */
const rangeOf = (flags: RunFlags, images: number) => {
  if (flags.shard === undefined) return undefined
  checkShard(flags.shard, images)
  return shardRange(flags.shard, images, checkBatch(flags))
}

/** What says which network, at a size; where that is not the flags' own, images are no further brought to it. */
const namesAt = ({ size, ...flags }: RunFlags, at: Pair | undefined) => ({
  ...flags,
  size: at ?? (size === 'image' ? undefined : size),
  ownSize: at !== undefined,
})

const asTheyAre = (images: Images, sizing: Sizing | undefined): Images =>
  sizing === undefined ? images : { ...images, preprocess: { ...images.preprocess, own: true } }

const openAsTheyAre = (
  flags: RunFlags,
  compiled: CompiledNetwork,
  sizing: Sizing,
  options: ModelOptions,
  out: Output,
): Promise<ImagesModel> => {
  const quiet = { ...out, note: () => {} }
  const openAt = async (size: Pair): Promise<AtSize> => {
    const source = await openUncompiled(namesAt(flags, size))
    return { network: source.network, compile: async () => (await compiledOf(source, flags, 1, quiet)).compiled }
  }
  return openImagesModel(compiled, sizing, openAt, options, out.note)
}

const run = async (flags: RunFlags, out: Output): Promise<{ readonly ran: Ran; readonly shard: Shard | undefined }> => {
  for (const path of [flags.out, flags.predictions, flags.csv]) if (path !== undefined) await prepareFile(path)
  if (flags.write !== undefined) await prepareAnswersFolder(flags.write)
  const sizing = sizingOf(flags)
  if (sizing !== undefined && flags.time === true)
    throw new EspalierError([sourceProblem('bad-input', '--time', 'images of any size', 'images of one size')])
  const names = namesAt(flags, sizing?.size)
  const source = await openAnyWork(names, [{ reference: flags.data, labels: flags.labels }], out)
  const images = asTheyAre(source.images[0], sizing)
  const { data } = images
  const limit = Math.min(flags.limit ?? data.count, data.count)
  const range = rangeOf(flags, limit)
  const { compiled, plain } = await compiledOf(source, flags, limit, out)
  checkTable(flags, compiled)
  const options = {
    backend: flags.backend ?? 'auto',
    executor: flags.executor,
    precision: flags.precision,
    batch: Math.max(1, Math.min(flags.batch === 'auto' ? defaultBatch : flags.batch, limit)),
    fill: flags.batch !== 'auto',
    debug: flags.debug ?? false,
    note: out.note,
  }
  const { onProgress, stop } = watchTiming(out)
  const own = sizing === undefined ? await openModel(compiled, { ...options, onProgress }).finally(stop) : undefined
  const model =
    own ?? (await openAsTheyAre(flags, compiled, sizing as Sizing, { ...options, onProgress }, out).finally(stop))
  try {
    out.note(modelNote(model))
    const batch = own === undefined ? 1 : flags.batch === 'auto' ? await bestBatch(own, compiled) : flags.batch
    const evaluation = { batch, limit, range }
    const { predictions, csv, write, top, strict } = flags
    const done = await watchEvaluation(model, images, out, { ...evaluation, predictions, csv, write, top, strict })
    const compare = own !== undefined && flags.precision !== 'float32' && data.labelled && !done.interrupted
    const float32 = compare ? await inFloat32(compiled, options, own, images, evaluation, out) : undefined
    const timed = flags.time ?? compiled.stages !== undefined
    const beside = timed && done.images > 0 && !done.interrupted ? plain() : undefined
    const timedOn = range === undefined ? images : { ...images, data: part(data, range) }
    const time = own && (await timeOverPlain(own, beside, options, timedOn, evaluation, out))
    const initializedFrom = source.kind === 'network' ? source.initializedFrom : undefined
    const ran = { compiled, initializedFrom, model, data, done, float32, time, batch }
    const { seed } = flags
    const where = { ...model, batch }
    const of = { plan: compiled.plan, schedule: compiled.schedule, seed }
    const shard = flags.shard && {
      ...{ command: 'run' as const, ...flags.shard },
      facts: await evaluationFacts({ ...compiled, name: compiled.network }, images, limit, where, of),
      part: await runPart(ran, predictions),
    }
    return { ran, shard }
  } finally {
    model.dispose()
  }
}

/** `espalier run`: a network or a compiled folder over data: its error, or its answers; and its throughput. */
export const runCommand = (terminal: Terminal): Command =>
  F.pipe(
    command(
      'run',
      about.run,
      'espalier run --network zoo:cifar-resnet-20 --weights resnet20.safetensors --data cifar100:DIR --plan vanilla-tta-geo',
    ),
    planOptions,
    sizingOptions,
    dataOptions(
      'cifar10:DIR, cifar100:DIR, images:DIR, masks:IMAGES,MASKS, pairs:LOW,HIGH, downscale:N,images:DIR, generated:orientation or an image file; ?split=train&range=0:5000 for a part',
    ),
    executionOptions(
      [...backendNames, 'reference'],
      'eager: op by op; graph or xla: whole, by TensorFlow; onnx, openvino: exported; auto: the fastest here',
    ),
    onOptions,
  )
    .addOption(new Option('--batch <n>', 'images at a time, or auto').argParser(batchSize).default(defaultBatch))
    .addOption(scheduleOption())
    .addOption(limitOption())
    .option(
      '--predictions <file>',
      'a line of JSON an image: index (from 0, of the images that are run), image, label, predicted, class, probability, stage, certainty, margin, entropy, disagreement of variants, logits, or an error',
    )
    .option(
      '--csv <file>',
      'a table, a row an image: file, label, probability, certainty; with --top the next classes too',
    )
    .option(
      '--write <dir>',
      'a new folder for what comes out: PNG masks with a palette, and laid over the images; images; else .npy',
    )
    .addOption(
      new Option('--top <k>', 'how many of the likeliest classes an answer has (default: 5, in --csv 1)').argParser(
        wholeNumber(1),
      ),
    )
    .option('--strict', 'stop at an image that cannot be decoded, which is else named, left out and counted')
    .option('--out <file>', 'the JSON result as a file, too')
    .option('--time', 'time it beside the plain network, as adaptive plans are by default')
    .option('--no-time', 'do not')
    .action(async (flags: RunFlags) => {
      const out = output(flags, terminal)
      if (flags.on !== undefined) {
        checkBatch(flags)
        if (flags.csv !== undefined) throw refuseTable('--on beside it', 'a run on this machine')
        if (flags.write !== undefined)
          throw new EspalierError([sourceProblem('bad-input', '--write', '--on beside it', 'a run on this machine')])
        return runOn(divided('run', flags.on, flags, out), flags, out)
      }
      const { ran, shard } = await run(flags, out)
      const result = await tellRun(ran, flags.out, out, shard)
      if (result.interrupted !== true) return
      const files = [flags.predictions, flags.csv, flags.write].filter(path => path !== undefined)
      const kept = files.length === 0 ? '' : `; ${files.join(' and ')} has their predictions`
      out.note(`Interrupted after ${result.images} images${kept}.`)
      out.terminal.exitWith(exitCodes.failed)
    })
