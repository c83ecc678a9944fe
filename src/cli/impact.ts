import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { part } from '../data/index.ts'
import { countImpact, type ImpactCounts } from '../experiment/impact/impact.ts'
import { transformsOfVectors } from '../experiment/impact/transforms.ts'
import { transformsOfMaps } from '../experiment/measured/impact.ts'
import { evaluationFacts } from '../experiment/shards/facts.ts'
import { type Shard, shardRange } from '../experiment/shards/shard.ts'
import { defaultBatch } from '../experiment/variants/logits.ts'
import type { Network } from '../network/network.ts'
import type { Images } from '../open/images.ts'
import { type Opening, openWork } from '../open/opening.ts'
import { type BackendName, backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
import { prepareFile } from './destination.ts'
import { divided } from './division.ts'
import { tellImpact } from './impact-result.ts'
import { untilInterrupted } from './interrupt.ts'
import { runMeasuredImpact } from './measured-impact.ts'
import { type OnFlags, onOptions } from './on-options.ts'
import {
  command,
  type DataFlags,
  dataForms,
  dataOptions,
  type ExecutionFlags,
  executionOptions,
  limitOption,
  type PlainNetworkFlags,
  plainNetworkOptions,
  variantExecutors,
  wholeNumber,
} from './options.ts'
import { type CommandOutput, type CommonOptions, exitCodes, type Output, output } from './output.ts'
import { imageParts, progressBar } from './progress-bar.ts'
import { prepareReports, type ReportFlags, reportOptions } from './report-files.ts'
import { runOn } from './run-on.ts'
import { checkShard } from './shard-output.ts'
import type { Terminal } from './terminal.ts'
import { trainingImpact } from './training-impact.ts'

interface ImpactFlags
  extends CommonOptions,
    PlainNetworkFlags,
    DataFlags,
    ExecutionFlags<BackendName>,
    ReportFlags,
    OnFlags {
  readonly transforms?: string
  readonly batch?: number
  readonly limit?: number
  readonly cache?: string
  readonly training?: string
  readonly out?: string
}

/** The network, and the data that its impact is measured on. */
const openFlags = (flags: ImpactFlags, note: Output['note']) =>
  openWork(flags, [{ reference: flags.data, labels: flags.labels }], {
    labels: flags.training === undefined ? 'measured' : 'needed',
    note,
  })

/** Measures with a progress bar on a terminal; Ctrl-C ends it with what is done. */
const measure = (network: Network, images: Images, options: Parameters<typeof countImpact>[2], out: Output) => {
  const bar = progressBar(out, imageParts)
  bar.at(0, 1)
  return untilInterrupted(signal =>
    countImpact(network, images, {
      ...options,
      signal,
      onProgress: ({ done, total }) => bar.at(done, total),
    }),
  ).finally(bar.stop)
}

const run = async (
  flags: ImpactFlags,
  { network, images, initializedFrom }: Opening,
  out: Output,
): Promise<{ counts: ImpactCounts; shard: Shard | undefined }> => {
  const { transforms, executor, precision, backend, batch = defaultBatch(network), cache, seed, debug } = flags
  const [{ data }] = images
  const limit = Math.min(flags.limit ?? data.count, data.count)
  if (flags.shard !== undefined) checkShard(flags.shard, limit)
  const range = flags.shard === undefined ? ([0, limit] as const) : shardRange(flags.shard, limit, batch)
  const found = await measure(
    network,
    { ...images[0], data: part(data, range) },
    { transforms, executor, precision, backend, batch, cache, debug },
    out,
  )
  out.note(`Backend: ${found.runtime}, executor ${found.executor}.`)
  const counts = { ...found, ...(initializedFrom === undefined ? {} : { initializedFromSeed: initializedFrom }) }
  const shard = flags.shard && {
    ...{ command: 'impact' as const, ...flags.shard },
    facts: await evaluationFacts(network, images[0], limit, found, { transforms: found.transforms, seed }),
    part: counts,
  }
  return { counts, shard }
}

const undivided = (): EspalierError =>
  new EspalierError([
    sourceProblem(
      'bad-input',
      '--training',
      '--shard or --on beside it',
      'impact without --training, or sweep, which is divided',
    ),
  ])

/** The same with networks trained anew, by the file that `--training` names. */
const runTraining = async (flags: ImpactFlags & { readonly training: string }, out: CommandOutput): Promise<void> => {
  const { network, data, weights, preprocess, classes, labels, backend, executor, precision, batch, limit } = flags
  await trainingImpact(
    (await openFlags(flags, () => {})).network,
    { ...flags, transforms: flags.transforms ?? transformsOfVectors },
    {
      network,
      evaluate: data,
      precision,
      weights,
      preprocess,
      classes,
      labels,
      backend,
      executor: executor === 'auto' ? undefined : executor,
      batch,
      limit,
    },
    out,
  )
}

/** `espalier impact`: what transforming each feature map does to a network's error. */
export const impactCommand = (terminal: Terminal): Command =>
  F.pipe(
    command(
      'impact',
      about.impact,
      'espalier impact --network zoo:cifar-resnet-20 --weights resnet20.safetensors --data cifar100:DIR --transforms flip,rotate,scale',
    ),
    reportOptions,
    plainNetworkOptions,
    dataOptions(`${dataForms}; masks:…, pairs:… and downscale:… for networks of other answers`),
    c =>
      c.option(
        '--transforms <list>',
        `flip, rotate (±15°), scale (±10 %), flipv, rot90, …, shift(dy,dx), rotate(degrees), scale(s) (default: ${transformsOfVectors}; where maps come out ${transformsOfMaps})`,
      ),
    executionOptions(backendNames, variantExecutors),
    onOptions,
  )
    .addOption(
      new Option('--batch <n>', 'images at a time (default: 128, fewer of larger images)').argParser(wholeNumber(1)),
    )
    .addOption(limitOption())
    .option('--cache <folder>', 'where logits are kept, so that they are computed once; Ctrl-C keeps what is done')
    .option(
      '--training <file>',
      'what training with a branch there does instead: how to train, a JSON file, see docs/experiments.md',
    )
    .option('--out <path>', 'the JSON result as a file, too; with --training the folder of trainings and results')
    .action(async (flags: ImpactFlags) => {
      const out = output(flags, terminal)
      if (flags.training !== undefined) {
        if (flags.shard !== undefined || flags.on !== undefined) throw undivided()
        return runTraining({ ...flags, training: flags.training }, out)
      }
      if (flags.on !== undefined) return runOn(divided('impact', flags.on, flags, out), flags, out)
      if (flags.out !== undefined) await prepareFile(flags.out)
      await prepareReports(flags)
      const opened = await openFlags(flags, out.note)
      const [{ measured, ...images }] = opened.images
      if (measured !== undefined) return runMeasuredImpact(flags, opened, { ...images, measured }, out)
      const { counts, shard } = await run(flags, opened, out)
      if (counts.interrupted === true) out.terminal.exitWith(exitCodes.failed)
      const kept = flags.cache === undefined ? '' : `; ${flags.cache} has what was computed`
      if (counts.images === 0) {
        out.note(`Interrupted before all positions had seen an image${kept}.`)
        return
      }
      await tellImpact(counts, flags, out, shard)
      if (counts.interrupted === true) out.note(`Interrupted after ${counts.images} images${kept}.`)
    })
