import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import { json } from '../base/json.ts'
import { type ImpactResult, impact } from '../experiment/impact/impact.ts'
import { describeImpact } from '../experiment/impact/text.ts'
import type { Network } from '../network/network.ts'
import type { Images } from '../open/images.ts'
import { openWork } from '../open/opening.ts'
import { impactPage } from '../report/page/impact-page.ts'
import { type BackendName, backendNames } from '../runtime/backend.ts'
import { prepareFile, writeWhole } from './destination.ts'
import { untilInterrupted } from './interrupt.ts'
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
import { imagesFormat, progressBar } from './progress-bar.ts'
import { provenance } from './provenance.ts'
import { prepareReports, type ReportFlags, reportOptions, writeReports } from './report-files.ts'
import type { Terminal } from './terminal.ts'
import { trainingImpact } from './training-impact.ts'

interface ImpactFlags extends CommonOptions, PlainNetworkFlags, DataFlags, ExecutionFlags<BackendName>, ReportFlags {
  readonly transforms: string
  readonly batch?: number
  readonly limit?: number
  readonly cache?: string
  readonly training?: string
  readonly out?: string
}

/** The network, and the data that its impact is measured on. */
const openFlags = (flags: ImpactFlags, note: Output['note']) =>
  openWork(flags, [{ reference: flags.data, labels: flags.labels }], { labels: 'needed', note })

/** Measures with a progress bar on a terminal; Ctrl-C ends it with what is done. */
const measure = (network: Network, images: Images, options: Parameters<typeof impact>[2], out: Output) => {
  const bar = progressBar(out, imagesFormat)
  bar.at(0, 1)
  return untilInterrupted(signal =>
    impact(network, images, {
      ...options,
      signal,
      onProgress: ({ done, total }) => bar.at(done, total),
    }),
  ).finally(bar.stop)
}

/** With the seed of weights that nobody trained. */
type Measured = ImpactResult & { readonly initializedFromSeed?: number }

const run = async (flags: ImpactFlags, out: Output): Promise<Measured> => {
  if (flags.out !== undefined) await prepareFile(flags.out)
  await prepareReports(flags)
  const { network, images, initializedFrom } = await openFlags(flags, out.note)
  const { transforms, executor, precision, backend, batch, limit, cache, debug } = flags
  const result = await measure(
    network,
    images[0],
    {
      transforms,
      executor,
      precision,
      backend,
      batch,
      limit,
      cache,
      debug,
    },
    out,
  )
  out.note(`Backend: ${result.runtime}, executor ${result.executor}.`)
  return initializedFrom === undefined ? result : { ...result, initializedFromSeed: initializedFrom }
}

/** The same with networks trained anew, by the file that `--training` names. */
const runTraining = async (flags: ImpactFlags & { readonly training: string }, out: CommandOutput): Promise<void> => {
  const { network, data, weights, preprocess, classes, labels, backend, executor, precision, batch, limit } = flags
  await trainingImpact(
    (await openFlags(flags, () => {})).network,
    flags,
    {
      network,
      evaluate: data,
      precision,
      weights,
      preprocess,
      classes,
      labels,
      backend,
      ...(executor === 'auto' ? {} : { executor }),
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
      'what transforming each feature map does to the error: by itself, and as a branch under each reduction',
      'espalier impact --network zoo:cifar-resnet-20 --weights resnet20.safetensors --data cifar100:DIR --transforms flip,rotate,scale',
    ),
    reportOptions,
    plainNetworkOptions,
    dataOptions(dataForms),
    c =>
      c.option(
        '--transforms <list>',
        'flip, rotate (±15°), scale (±10 %), flipv, rot90, …, shift(dy,dx), rotate(degrees), scale(s)',
        'flip,rotate,scale',
      ),
    executionOptions(backendNames, variantExecutors),
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
      if (flags.training !== undefined) return runTraining({ ...flags, training: flags.training }, out)
      const measured = await run(flags, out)
      if (measured.interrupted === true) out.terminal.exitWith(exitCodes.failed)
      const kept = flags.cache === undefined ? '' : `; ${flags.cache} has what was computed`
      if (measured.images === 0) {
        out.note(`Interrupted before all positions had seen an image${kept}.`)
        return
      }
      const result = { ...json(measured), ...provenance(terminal, [flags.seed], { runtime: measured.runtime }) }
      if (flags.out !== undefined) await writeWhole(flags.out, `${JSON.stringify(result, null, 2)}\n`)
      await writeReports(flags, impactPage(result), out)
      out.result(result, () => describeImpact(measured))
      if (measured.interrupted === true) out.note(`Interrupted after ${measured.images} images${kept}.`)
    })
