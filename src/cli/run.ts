import cliProgress from 'cli-progress'
import { type Command, Option } from 'commander'
import { EspalierError } from '../../ir/index.ts'
import { bestBatch } from '../best-batch.ts'
import { type CompiledNetwork, compileNetwork } from '../compile.ts'
import { type DataSet, openData } from '../data/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../error.ts'
import { type Evaluation, evaluateData } from '../evaluate-data.ts'
import { openSource, type Source } from '../network-source.ts'
import { readPlan } from '../read-plan.ts'
import { type ModelBackend, openRunner, type Prediction, type Runner } from '../runner.ts'
import { topClasses, wilsonPercent } from '../score.ts'
import { replaceFile } from '../weights/replace-file.ts'
import { checkClasses, preprocessOf } from './fit.ts'
import { count, ratio } from './format.ts'
import { readMeaning } from './meaning.ts'
import { command, networkOptions, oneOf, wholeNumber } from './options.ts'
import { type CommonOptions, exitCodes, output } from './output.ts'
import { predictionsFile } from './predictions-file.ts'

const backends = ['node-gpu', 'wasm', 'cpu', 'reference'] as const

interface RunFlags extends CommonOptions {
  readonly network: string
  readonly data: string
  readonly weights?: string
  readonly plan?: string
  readonly preprocess?: string
  readonly classes?: string
  readonly labels?: string
  readonly backend?: ModelBackend
  readonly executor: 'auto' | 'eager'
  readonly precision: 'float32'
  readonly batch: number | 'auto'
  readonly limit?: number
  readonly predictions?: string
  readonly out?: string
}

const batchSize = (text: string): number | 'auto' => (text === 'auto' ? text : wholeNumber(1)(text))

/** Compiles the network under `--plan`, or takes what was compiled. */
const compiledOf = async (source: Source, flags: RunFlags): Promise<CompiledNetwork> => {
  if (source.kind === 'network') {
    const plan = await orThrowAsync(readPlan(flags.plan ?? 'vanilla'))
    return orThrow(compileNetwork(source.network, plan, { seed: flags.seed }))
  }
  if (flags.plan !== undefined)
    throw new EspalierError([
      sourceProblem(
        'bad-input',
        '--plan',
        `${flags.plan} for ${flags.network}, compiled under ${source.compiled.plan}`,
        'no --plan with a compiled folder',
      ),
    ])
  return source.compiled
}

const resultOf = (compiled: CompiledNetwork, runner: Runner, data: DataSet, done: Evaluation, batch: number) => ({
  network: compiled.network,
  plan: compiled.plan,
  images: done.images,
  ...(data.labelled && done.images > 0
    ? {
        error_percent: (100 * done.wrong) / done.images,
        top5_error_percent: (100 * done.wrongTop5) / done.images,
        error_interval_percent: wilsonPercent(done.wrong, done.images),
      }
    : {}),
  backend: runner.backend,
  executor: runner.executor,
  precision: 'float32',
  batch,
  multiply_adds: compiled.multiplyAdds.total,
  multiply_adds_relative: compiled.multiplyAdds.relative,
  images_per_second: done.images / done.seconds,
  seconds: done.seconds,
  ...(done.interrupted ? { interrupted: true } : {}),
})

type RunResult = ReturnType<typeof resultOf>

const describe = (result: RunResult): string => {
  const cost = `${count(result.multiply_adds)} multiply-adds an image (${ratio(result.multiply_adds_relative)}), ${result.images_per_second.toFixed(1)} images/s`
  const stopped = result.interrupted === true ? ' (interrupted)' : ''
  const head = `${result.network} under ${result.plan}, ${result.images} images${stopped}`
  if (result.error_percent === undefined || result.error_interval_percent === undefined) return `${head}: ${cost}.`
  const [low, high] = result.error_interval_percent.map(bound => bound.toFixed(2))
  return `${head}: error ${result.error_percent.toFixed(2)} % (95 % interval ${low} to ${high}), top-5 error ${result.top5_error_percent?.toFixed(2)} %; ${cost}.`
}

/** Up to this many images are answered one by one when there are no labels to count errors against. */
const shownAtMost = 20

const describeAnswer = (
  name: string,
  { probabilities, classes: width }: Prediction,
  row: number,
  classes: readonly string[] | undefined,
): string => {
  const best = topClasses(probabilities, row, width, Math.min(5, width))
  return [
    name,
    ...best.map(
      c => `  ${(100 * probabilities[row * width + c]).toFixed(2).padStart(6)} %  ${classes?.[c] ?? `class ${c}`}`,
    ),
  ].join('\n')
}

/** `espalier run`: a network or a compiled folder over data: its error, or its answers; and its throughput. */
export const runCommand = (): Command =>
  networkOptions(
    command(
      'run',
      'run a network on data: its error rate, or its predictions',
      'espalier run --network zoo:cifar-resnet-20 --weights resnet20.safetensors --data cifar100:DIR --plan vanilla-tta-geo',
    ),
  )
    .requiredOption(
      '--data <data>',
      'cifar10:DIR, cifar100:DIR, images:DIR, generated:orientation or an image file; ?split=train&range=0:5000 for a part',
    )
    .option('--labels <file>', 'labels of a flat folder of images: CSV with the columns file,class_index')
    .addOption(
      new Option('--backend <name>', `${backends.join(', ')} (default: the best there is)`).argParser(oneOf(backends)),
    )
    .addOption(
      new Option('--executor <name>', 'eager: op by op').argParser(oneOf(['auto', 'eager'] as const)).default('auto'),
    )
    .addOption(
      new Option('--precision <name>', 'of the arithmetic').argParser(oneOf(['float32'] as const)).default('float32'),
    )
    .addOption(new Option('--batch <n>', 'images at a time, or auto').argParser(batchSize).default(128))
    .addOption(new Option('--limit <n>', 'only the first n images').argParser(wholeNumber(1)))
    .option('--predictions <file>', 'a line of JSON an image: index, label, predicted, class, logits')
    .option('--out <file>', 'the JSON result as a file, too')
    .action(async (flags: RunFlags) => {
      const out = output(flags)
      const data = orThrow(
        await openData(flags.data, {
          seed: flags.seed,
          ...(flags.labels === undefined ? {} : { labels: flags.labels }),
        }),
      )
      const source = await orThrowAsync(
        openSource(flags.network, {
          seed: flags.seed,
          ...(flags.weights === undefined ? {} : { weights: flags.weights }),
          ...(data.classCount === undefined ? {} : { dataClasses: data.classCount }),
        }),
      )
      if (source.kind === 'network' && source.initializedFrom !== undefined)
        out.note(`No --weights: initialized from seed ${source.initializedFrom}, not trained.`)
      const compiled = await compiledOf(source, flags)
      const meaning = await readMeaning(flags, source.meaning)
      const names = meaning.classes ?? data.classes
      checkClasses(compiled, meaning, data)
      const preprocess = preprocessOf(compiled, meaning, data)
      const runner = await openRunner(compiled, { backend: flags.backend ?? 'auto', debug: flags.debug ?? false })
      out.note(`Backend: ${runner.reason ?? runner.describe}.`)
      const batch = flags.batch === 'auto' ? await bestBatch(runner, compiled) : flags.batch
      const total = Math.min(flags.limit ?? data.count, data.count)
      const bar = out.interactive
        ? new cliProgress.SingleBar({
            format: '{bar} {value}/{total} images, {eta_formatted} left',
            stream: process.stderr,
            clearOnComplete: true,
          })
        : null
      const predictions = flags.predictions === undefined ? null : predictionsFile(flags.predictions, names)
      const interrupt = new AbortController()
      const onInterrupt = (): void => interrupt.abort()
      process.once('SIGINT', onInterrupt)
      const answers: string[] = []
      bar?.start(total, 0)
      try {
        const done = await evaluateData(runner, data, {
          batch,
          preprocess,
          limit: total,
          signal: interrupt.signal,
          onBatch: async (images, prediction) => {
            bar?.update(images.first + images.n)
            await predictions?.write(images, prediction)
            if (!data.labelled)
              for (let row = 0; row < images.n && answers.length < shownAtMost; row++)
                answers.push(describeAnswer(images.names[row], prediction, row, names))
          },
        })
        await predictions?.finish()
        bar?.stop()
        const result = resultOf(compiled, runner, data, done, batch)
        if (flags.out !== undefined) await replaceFile(flags.out, Buffer.from(`${JSON.stringify(result, null, 2)}\n`))
        out.result(result, () => [...answers, describe(result)].join('\n'))
        if (done.interrupted) process.exitCode = exitCodes.failed
      } catch (error) {
        await predictions?.discard()
        throw error
      } finally {
        bar?.stop()
        process.off('SIGINT', onInterrupt)
        runner.dispose()
      }
    })
