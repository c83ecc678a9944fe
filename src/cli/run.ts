import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import { EspalierError, type Pair } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { ScheduleName } from '../compile/scheduling.ts'
import { part } from '../data/index.ts'
import { bestBatch } from '../execute/best-batch.ts'
import { openModel } from '../execute/model.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import { tilesAtOnce } from '../execute/tiled.ts'
import { evaluationFacts } from '../experiment/shards/facts.ts'
import { type Shard, shardRange } from '../experiment/shards/shard.ts'
import { outputsOf } from '../network/network.ts'
import { asTheyAre } from '../open/images.ts'
import type { Uncompiled } from '../open/network-source.ts'
import { openAnyWork } from '../open/opening.ts'
import { backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
import { prepareFile } from './destination.ts'
import { divided } from './division.ts'
import { watchEvaluation } from './evaluation.ts'
import { openImagesModel, partsAtOnce, type Sizing, type SizingFlags, sizingOf } from './images-model.ts'
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
import { compiledOf, inFloat32, timeOverPlain } from './run-compiled.ts'
import { runOn } from './run-on.ts'
import { type Ran, tellRun } from './run-result.ts'
import { runPart } from './run-shards.ts'
import { scheduleOption } from './schedule-option.ts'
import { checkShard } from './shard-output.ts'
import type { Terminal } from './terminal.ts'
import { watchTiming } from './timing-line.ts'
import { prepareAnswersFolder } from './written-answers.ts'

const defaultBatch = 128

interface RunFlags
  extends CommonOptions,
    Omit<NetworkFlags, 'size'>,
    SizingFlags,
    DataFlags,
    ExecutionFlags<ModelBackend>,
    OnFlags {
  readonly batch?: number | 'auto'
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

/** A batch size that all shards have. @throws EspalierError where it is not known */
const checkBatch = (batch: number | 'auto'): number => {
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
const rangeOf = ({ shard }: RunFlags, images: number, batch: number | 'auto') => {
  if (shard === undefined) return undefined
  checkShard(shard, images)
  return shardRange(shard, images, checkBatch(batch))
}

/** What says which network, at a size; where that is not the flags' own, images are no further brought to it. */
const namesAt = ({ size, ...flags }: RunFlags, at: Pair | undefined) => ({
  ...flags,
  size: at ?? (size === 'image' ? undefined : size),
  ownSize: at !== undefined,
})

const run = async (flags: RunFlags, out: Output): Promise<{ readonly ran: Ran; readonly shard: Shard | undefined }> => {
  for (const path of [flags.out, flags.predictions, flags.csv]) if (path !== undefined) await prepareFile(path)
  if (flags.write !== undefined) await prepareAnswersFolder(flags.write)
  const sizing = sizingOf(flags)
  if (sizing !== undefined && flags.time === true)
    throw new EspalierError([sourceProblem('bad-input', '--time', 'images of any size', 'images of one size')])
  const asked = sizing === undefined ? (flags.batch ?? defaultBatch) : partsAtOnce(sizing, flags.batch)
  const names = namesAt(flags, sizing?.size)
  const source = await openAnyWork(names, [{ reference: flags.data, labels: flags.labels }], out)
  const images = sizing === undefined ? source.images[0] : asTheyAre(source.images[0])
  const { data } = images
  const limit = Math.min(flags.limit ?? data.count, data.count)
  const range = rangeOf(flags, limit, sizing === undefined ? asked : 1)
  const most = asked === 'auto' ? defaultBatch : asked
  const atOnce = sizing === undefined ? Math.max(1, Math.min(most, limit)) : most
  const { compiled, plain } = await compiledOf(source, flags, atOnce, out)
  checkTable(flags, compiled)
  const options = {
    backend: flags.backend ?? 'auto',
    executor: flags.executor,
    precision: flags.precision,
    batch: atOnce,
    fill: asked !== 'auto',
    debug: flags.debug ?? false,
    note: out.note,
  }
  const { onProgress, stop } = watchTiming(out)
  const own = sizing === undefined ? await openModel(compiled, { ...options, onProgress }).finally(stop) : undefined
  const openAsTheyAre = (sizing: Sizing) => {
    const compile = async (at: Uncompiled) => (await compiledOf(at, flags, 1, { ...out, note: () => {} })).compiled
    return openImagesModel(compiled, sizing, { names, compile }, { ...options, onProgress }, out.note).finally(stop)
  }
  const model = own ?? (await openAsTheyAre(sizing as Sizing))
  try {
    out.note(modelNote(model))
    const batch = asked !== 'auto' ? asked : own === undefined ? 1 : await bestBatch(own, compiled)
    const evaluation = { batch: own === undefined ? 1 : batch, limit, range }
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
      'cifar10:DIR, cifar100:DIR, images:DIR, masks:IMAGES,MASKS, pairs:LOW,HIGH, downscale:N,images:DIR, generated:orientation or an image file; ?split=train&range=0:5000 or ?part=0/2 for a part',
    ),
    executionOptions(
      [...backendNames, 'reference'],
      'eager: op by op; graph or xla: whole, by TensorFlow; onnx, openvino: exported; auto: the fastest here',
    ),
    onOptions,
  )
    .addOption(
      new Option(
        '--batch <n>',
        `images at a time, or auto (default: ${defaultBatch}); with --tile tiles at a time (default: ${tilesAtOnce})`,
      ).argParser(batchSize),
    )
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
        checkBatch(flags.batch ?? defaultBatch)
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
