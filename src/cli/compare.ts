import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import { json } from '../base/json.ts'
import { type CompiledNetwork, compileNetwork } from '../compile/compile.ts'
import { readPlanWithShares } from '../compile/read-plan.ts'
import { type ExecutorName, executorNames } from '../execute/execution.ts'
import { type Model, openModel } from '../execute/model.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import { type Compared, compareModels, describeComparison } from '../experiment/compare.ts'
import { type Precision, precisions } from '../lower/precision.ts'
import { classCount, isClassifier } from '../network/network.ts'
import type { Source } from '../open/network-source.ts'
import { openAnyWork } from '../open/opening.ts'
import { backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
import { prepareFile, writeWhole } from './destination.ts'
import { untilInterrupted } from './interrupt.ts'
import { modelNote } from './model-note.ts'
import {
  backendNamed,
  classesFile,
  command,
  type DataFlags,
  dataForms,
  dataOptions,
  limitOption,
  listedBackends,
  oneOf,
  preprocessFile,
  weightsFile,
  wholeNumber,
} from './options.ts'
import { type CommonOptions, exitCodes, type Output, output } from './output.ts'
import { imageParts, progressBar } from './progress-bar.ts'
import { scheduleBackend } from './schedule-backend.ts'
import type { Terminal } from './terminal.ts'

/** Flags that are given once for both sides, or twice: for A, then for B. */
interface SideFlags {
  readonly weights?: readonly string[]
  readonly plan?: readonly string[]
  readonly preprocess?: readonly string[]
  readonly backend?: readonly ModelBackend[]
  readonly executor?: readonly (ExecutorName | 'auto')[]
  readonly precision?: readonly Precision[]
}

interface CompareFlags extends CommonOptions, DataFlags, SideFlags {
  readonly classes?: string
  readonly batch: number
  readonly limit?: number
  readonly out?: string
}

/** A value of a flag that may be given twice. */
const twice =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] = []): readonly T[] => {
    const value = parse(text)
    if (before.length < 2) return [...before, value]
    throw new EspalierError([sourceProblem('bad-input', text, 'a third value', 'one for both sides, or one for each')])
  }

/** Parsers of flags that may be given twice keep the values that they declare. */
const eachOf = <T extends string>(parse: ((text: string) => T) & { readonly values: readonly string[] }) =>
  Object.assign(twice(parse), { values: parse.values })

const asText = (text: string): string => text

/** The flags of one side. */
const sideOf = (flags: CompareFlags, side: 0 | 1) => {
  const of = <T>(values: readonly T[] | undefined): T | undefined => values?.[side] ?? values?.[0]
  const { weights, plan, preprocess, backend, executor, precision } = flags
  return {
    ...{ weights: of(weights), plan: of(plan), preprocess: of(preprocess), backend: of(backend) },
    ...{ executor: of(executor) ?? 'auto', precision: of(precision) ?? 'float32' },
  } as const
}

interface Side extends Compared {
  readonly model: Model
  readonly compiled: CompiledNetwork
  readonly name: string
}

const compiledOf = async (source: Source, side: ReturnType<typeof sideOf>, flags: CompareFlags, reference: string) => {
  if (source.kind === 'compiled') {
    // A plan that is given once is for the side that is not compiled.
    if (flags.plan === undefined || flags.plan.length < 2) return source.compiled
    const expected = 'no --plan for a compiled folder'
    throw new EspalierError([
      sourceProblem('bad-input', '--plan', `two, and ${reference}, which is compiled`, expected),
    ])
  }
  const { plan } = await readPlanWithShares(side.plan ?? 'vanilla')
  const { seed, batch } = flags
  return orThrow(compileNetwork(source.network, plan, { seed, batch, backend: await scheduleBackend(side) }))
}

const openSide = async (network: string, at: 0 | 1, flags: CompareFlags, out: Output): Promise<Side> => {
  const side = sideOf(flags, at)
  const { seed, classes, labels } = flags
  const names = { network, weights: side.weights, preprocess: side.preprocess, classes, seed }
  const source = await openAnyWork(names, [{ reference: flags.data, labels }], {
    where: network,
    labels: 'if-they-fit',
    note: out.note,
  })
  const compiled = await compiledOf(source, side, flags, network)
  // @throws EspalierError: what is compared are classes.
  if (!isClassifier(compiled)) classCount(compiled)
  const { backend = 'auto', executor, precision } = side
  const options = { backend, executor, precision, batch: flags.batch, fill: true, debug: flags.debug ?? false }
  const model = await openModel(compiled, { ...options, note: out.note })
  out.note(`${'AB'[at]}: ${modelNote(model)}`)
  const name = `${compiled.network} under ${compiled.plan}, ${model.executor} on ${model.backend}${precision === 'float32' ? '' : `, ${precision}`}`
  return { model, images: source.images[0], compiled, name }
}

const compare = async (networks: readonly [string, string], flags: CompareFlags, out: Output) => {
  const a = await openSide(networks[0], 0, flags, out)
  try {
    const b = await openSide(networks[1], 1, flags, out)
    const bar = progressBar(out, imageParts)
    try {
      const limit = Math.min(flags.limit ?? a.images.data.count, a.images.data.count)
      const comparison = await untilInterrupted(signal =>
        compareModels([a, b], {
          ...{ batch: flags.batch, limit, signal },
          onProgress: ({ done, total }) => bar.at(done, total),
        }),
      )
      return { comparison, sides: [a, b] as const }
    } finally {
      bar.stop()
      b.model.dispose()
    }
  } finally {
    a.model.dispose()
  }
}

const sideFacts = ({ compiled: { network, plan }, model }: Side) => ({
  ...{ network, plan, backend: model.backend, executor: model.executor, precision: model.precision },
})

/** `espalier compare`: two networks, plans or executors on the same images. */
export const compareCommand = (terminal: Terminal): Command =>
  F.pipe(
    command(
      'compare',
      about.compare,
      'espalier compare resnet20.onnx --plan vanilla --plan flip-3-max --data cifar100:DIR',
    )
      .argument('<a>', 'a network, or a compiled folder')
      .argument('[b]', 'another one (default: the same)'),
    dataOptions(dataForms),
  )
    .addOption(new Option('--weights <file>', `${weightsFile}; twice: of A, then of B`).argParser(twice(asText)))
    .addOption(
      new Option(
        '--plan <plan>',
        'where to branch; twice: A, then B (default: vanilla, or what was compiled)',
      ).argParser(twice(asText)),
    )
    .addOption(new Option('--preprocess <file>', `${preprocessFile}; twice: of A, then of B`).argParser(twice(asText)))
    .option('--classes <file>', classesFile)
    .addOption(
      new Option('--backend <name>', `${listedBackends([...backendNames, 'reference'])}; twice: A, then B`).argParser(
        eachOf(backendNamed([...backendNames, 'reference'] as const)),
      ),
    )
    .addOption(
      new Option('--executor <name>', `${executorNames.join(', ')} or auto; twice: A, then B`).argParser(
        eachOf(oneOf([...executorNames, 'auto'] as const)),
      ),
    )
    .addOption(
      new Option('--precision <name>', `${precisions.join(', ')}; twice: A, then B`).argParser(
        eachOf(oneOf(precisions)),
      ),
    )
    .addOption(new Option('--batch <n>', 'images at a time').argParser(wholeNumber(1)).default(128))
    .addOption(limitOption())
    .option('--out <file>', 'the JSON result as a file, too')
    .action(async (a: string, b: string | undefined, flags: CompareFlags) => {
      const out = output(flags, terminal)
      if (flags.out !== undefined) await prepareFile(flags.out)
      const { comparison, sides } = await compare([a, b ?? a], flags, out)
      const result = { a: sideFacts(sides[0]), b: sideFacts(sides[1]), ...json(comparison) }
      if (flags.out !== undefined) await writeWhole(flags.out, `${JSON.stringify(result, null, 2)}\n`)
      out.result(result, () => describeComparison(comparison, [sides[0].name, sides[1].name]))
      if (comparison.interrupted) out.terminal.exitWith(exitCodes.failed)
    })
