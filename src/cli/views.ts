import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import type { FixedPlan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { json } from '../base/json.ts'
import { readFixedPlan } from '../compile/read-plan.ts'
import type { DataSet } from '../data/index.ts'
import type { MeasuredImages } from '../experiment/measured/run-plan.ts'
import { describeMeasuredViews, measuredViews } from '../experiment/measured/views.ts'
import { networkViews } from '../experiment/views/network-views.ts'
import { describeViews, type ListedImage, type ViewsResult } from '../experiment/views/result.ts'
import { thumbnail } from '../experiment/views/thumbnail.ts'
import { type Opening, openWork } from '../open/opening.ts'
import type { Thumbnails } from '../report/page/views-gallery.ts'
import { viewsPage } from '../report/page/views-page.ts'
import { type BackendName, backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
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
  type NetworkFlags,
  networkOptions,
  variantExecutors,
  wholeNumber,
} from './options.ts'
import { type CommandOutput, type CommonOptions, exitCodes, output } from './output.ts'
import { imageParts, progressBar } from './progress-bar.ts'
import { provenance } from './provenance.ts'
import { prepareReports, type ReportFlags, refusePages, reportOptions, writeReports } from './report-files.ts'
import type { Terminal } from './terminal.ts'

interface ViewsFlags extends CommonOptions, NetworkFlags, DataFlags, ExecutionFlags<BackendName>, ReportFlags {
  readonly plan: string
  readonly batch?: number
  readonly limit?: number
  readonly thumbnails: number
  readonly out?: string
}

/** Small pictures of the first so many images of each list. */
const thumbnailsOf = async (
  data: DataSet,
  { won, lost, disputed }: ViewsResult,
  count: number,
): Promise<Thumbnails> => {
  const pictures = new Map<number, Uint8Array>()
  const lists: readonly (readonly ListedImage[])[] = [won, lost, disputed]
  for (const { index } of lists.flatMap(list => list.slice(0, count)))
    if (!pictures.has(index)) pictures.set(index, await thumbnail(orThrow(await data.read(index, index + 1))[0].image))
  return { count, of: pictures }
}

/** What a plan does to images of which classes are answered. */
const viewsOfClasses = async (
  flags: ViewsFlags,
  plan: FixedPlan,
  { network, images: [images], initializedFrom }: Opening,
  out: CommandOutput,
) => {
  const views = await untilInterrupted(signal =>
    networkViews(network, plan, images, { ...optionsOf(flags), signal }, initializedFrom),
  )
  const result = { ...json(views), ...provenance(out.terminal, [flags.seed]) }
  const thumbnails = await thumbnailsOf(images.data, views, flags.html === undefined ? 0 : flags.thumbnails)
  await writeReports(flags, viewsPage(result, thumbnails), out)
  return { result, text: describeViews(views) }
}

/** The same of images whose answers are measured. */
const viewsOfMeasures = async (
  flags: ViewsFlags,
  plan: FixedPlan,
  { network, initializedFrom }: Opening,
  images: MeasuredImages,
  out: CommandOutput,
) => {
  refusePages(flags)
  const bar = progressBar(out, imageParts)
  const views = await untilInterrupted(signal =>
    measuredViews(
      network,
      plan,
      images,
      { ...optionsOf(flags), signal, onProgress: ({ done, total }) => bar.at(done, total) },
      initializedFrom,
    ),
  ).finally(bar.stop)
  return { result: { ...json(views), ...provenance(out.terminal, [flags.seed]) }, text: describeMeasuredViews(views) }
}

const optionsOf = ({ backend, executor, precision, batch, limit, seed, debug }: ViewsFlags) => ({
  ...{ backend, executor, precision, batch, limit, seed, debug },
})

const run = async (flags: ViewsFlags, out: CommandOutput) => {
  if (flags.out !== undefined) await prepareFile(flags.out)
  await prepareReports(flags)
  const plan = await readFixedPlan(flags.plan, 'views')
  const opened = await openWork(flags, [{ reference: flags.data, labels: flags.labels }], {
    labels: 'measured',
    note: out.note,
  })
  const [{ measured, ...images }] = opened.images
  return measured === undefined
    ? viewsOfClasses(flags, plan, opened, out)
    : viewsOfMeasures(flags, plan, opened, { ...images, measured }, out)
}

/** `espalier views`: what a plan does to each image: which it turns right and wrong, by class, and where its variants disagree. */
export const viewsCommand = (terminal: Terminal): Command =>
  F.pipe(
    command(
      'views',
      about.views,
      'espalier views --network zoo:cifar-resnet-20 --weights resnet20.safetensors --plan vanilla-tta-geo --data cifar100:DIR --html views.html',
    ),
    networkOptions,
    reportOptions,
    dataOptions(`labelled images: ${dataForms}; masks:…, pairs:… and downscale:… for networks of other answers`),
    executionOptions(backendNames, variantExecutors),
  )
    .addOption(new Option('--batch <n>', 'images at a time').argParser(wholeNumber(1)))
    .addOption(limitOption())
    .addOption(
      new Option('--thumbnails <n>', 'images shown of each kind in the page').argParser(wholeNumber(0)).default(24),
    )
    .option('--out <file>', 'the JSON result as a file, too')
    .action(async (flags: ViewsFlags) => {
      const out = output(flags, terminal)
      const { result, text } = await run(flags, out)
      if (flags.out !== undefined) await writeWhole(flags.out, `${JSON.stringify(result, null, 2)}\n`)
      out.result(result, () => text)
      if (result.interrupted !== true) return
      out.note(`Interrupted after ${result.images} images.`)
      out.terminal.exitWith(exitCodes.failed)
    })
