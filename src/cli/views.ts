import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { placePlan, type Variant, variantKey, variantsOfPlan } from '../../passes/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../base/error.ts'
import { random } from '../base/random.ts'
import { readPlan } from '../compile/read-plan.ts'
import type { DataSet } from '../data/index.ts'
import { type VariantLogits, variantLogits } from '../experiment/variants/logits.ts'
import { describeViews, disputedListed, type ViewsResult, viewsResult } from '../experiment/views/result.ts'
import { thumbnail } from '../experiment/views/thumbnail.ts'
import { type View, type Views, viewsOf } from '../experiment/views/views.ts'
import type { Network } from '../network/network.ts'
import type { Images } from '../open/images.ts'
import { openWork } from '../open/opening.ts'
import type { Thumbnails } from '../report/page/views-gallery.ts'
import { viewsPage } from '../report/page/views-page.ts'
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
  type NetworkFlags,
  networkOptions,
  variantExecutors,
  wholeNumber,
} from './options.ts'
import { type CommandOutput, type CommonOptions, exitCodes, output } from './output.ts'
import { provenance } from './provenance.ts'
import { prepareReports, type ReportFlags, reportOptions, writeReports } from './report-files.ts'
import type { Terminal } from './terminal.ts'

interface ViewsFlags extends CommonOptions, NetworkFlags, DataFlags, ExecutionFlags<BackendName>, ReportFlags {
  readonly plan: string
  readonly batch?: number
  readonly limit?: number
  readonly thumbnails: number
  readonly out?: string
}

/** A plan's distinct variants, with how often it has each. */
const counted = (variants: readonly Variant[]): ReadonlyMap<string, number> => {
  const times = new Map<string, number>()
  for (const key of variants.map(variantKey)) times.set(key, (times.get(key) ?? 0) + 1)
  return times
}

const analysed = (ran: VariantLogits, variants: readonly Variant[], reduction: 'max' | 'sum' | 'geo'): Views => {
  const logits = (key: string): Float32Array => ran.logits.get(key) as Float32Array
  const views: readonly View[] = [...counted(variants)].map(([variant, times]) => ({
    variant,
    times,
    logits: logits(variant),
  }))
  const { labels, classes } = ran
  return viewsOf({ labels: labels as readonly number[], classes, vanilla: logits('id'), views, reduction })
}

interface Pictures {
  readonly files: ReadonlyMap<number, string>
  readonly thumbnails: Thumbnails
}

/** Where the listed images came from, and small pictures of the first so many of each list. */
const readPictures = async (data: DataSet, { won, lost, disputed }: Views, count: number): Promise<Pictures> => {
  const lists = [won, lost, disputed.slice(0, disputedListed)]
  const shown = new Set(lists.flatMap(list => list.slice(0, count).map(({ index }) => index)))
  const files = new Map<number, string>()
  const pictures = new Map<number, Uint8Array>()
  for (const index of new Set(lists.flat().map(each => each.index))) {
    const [{ image, where }] = orThrow(await data.read(index, index + 1))
    files.set(index, where)
    if (shown.has(index)) pictures.set(index, await thumbnail(image))
  }
  return { files, thumbnails: { count, of: pictures } }
}

const logitsOf = (
  network: Network,
  variants: readonly Variant[],
  images: Images,
  { backend, executor, precision, batch, limit, debug = false }: ViewsFlags,
): Promise<VariantLogits> =>
  untilInterrupted(signal =>
    variantLogits(network, [[], ...variants], images, {
      executor,
      precision,
      debug,
      signal,
      limit,
      ...(backend === undefined ? {} : { backend }),
      ...(batch === undefined ? {} : { batch }),
    }),
  )

const run = async (flags: ViewsFlags, out: CommandOutput): Promise<ViewsResult> => {
  if (flags.out !== undefined) await prepareFile(flags.out)
  await prepareReports(flags)
  const plan = await orThrowAsync(readPlan(flags.plan))
  const opened = await openWork(flags, [{ reference: flags.data, labels: flags.labels }], {
    ...{ labels: 'needed', note: out.note },
  })
  const { network, initializedFrom, images } = opened
  const [{ data, classes }] = images
  const placed = orThrow(placePlan(plan, network.graph, random(flags.seed, 'plan').next))
  const variants = variantsOfPlan(placed)
  const begun = performance.now()
  const ran = await logitsOf(network, variants, images[0], flags)
  if (ran.images === 0)
    throw new EspalierError([sourceProblem('bad-input', '--data', 'no image was run', 'one at least')])
  const views = analysed(ran, variants, placed.reduction ?? 'geo')
  const { files, thumbnails } = await readPictures(data, views, flags.html === undefined ? 0 : flags.thumbnails)
  const result = viewsResult(views, {
    network: network.name,
    plan: placed.name,
    data: data.name,
    ran,
    initializedFrom,
    names: classes,
    files,
    seconds: (performance.now() - begun) / 1000,
    sourced: provenance(out.terminal, [flags.seed]),
  })
  await writeReports(flags, viewsPage(result, thumbnails), out)
  return result
}

/** `espalier views`: what a plan does to each image: which it turns right and wrong, by class, and where its variants disagree. */
export const viewsCommand = (terminal: Terminal): Command =>
  F.pipe(
    command(
      'views',
      'show which images a plan turns right and wrong, by class, and where its variants disagree',
      'espalier views --network zoo:cifar-resnet-20 --weights resnet20.safetensors --plan vanilla-tta-geo --data cifar100:DIR --html views.html',
    ),
    networkOptions,
    reportOptions,
    dataOptions(`labelled images: ${dataForms}`),
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
      const result = await run(flags, out)
      if (flags.out !== undefined) await writeWhole(flags.out, `${JSON.stringify(result, null, 2)}\n`)
      out.result(result, () => describeViews(result))
      if (result.interrupted !== true) return
      out.note(`Interrupted after ${result.images} images.`)
      out.terminal.exitWith(exitCodes.failed)
    })
