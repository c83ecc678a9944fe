import { type Command, InvalidArgumentError, Option } from 'commander'
import { EspalierError } from '../../ir/index.ts'
import { type FixedPlan, printPlan } from '../../passes/index.ts'
import { sourceProblem } from '../base/error.ts'
import { counted, lossText, measureText } from '../base/format.ts'
import { json } from '../base/json.ts'
import { packageVersion } from '../base/package.ts'
import { readFixedPlan } from '../compile/read-plan.ts'
import { trainingReference } from '../data/index.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import { type Precision, precisions } from '../lower/precision.ts'
import type { Source } from '../open/network-source.ts'
import { openWork } from '../open/opening.ts'
import { backendNames } from '../runtime/backend-names.ts'
import {
  Freeze,
  needsLabels,
  type Recipe,
  readRecipe,
  recipeNames,
  type Trained,
  type TrainingExecutor,
  train,
  trainingExecutors,
  type Validation,
  withOverrides,
} from '../train/index.ts'
import { about } from './about.ts'
import { foundKeys } from './found-data.ts'
import { untilInterrupted } from './interrupt.ts'
import { nextCommands } from './next-commands.ts'
import {
  answersForm,
  backendOption,
  classesFile,
  command,
  dataForms,
  numberAboveZero,
  oneOf,
  preprocessFile,
  sizeOption,
  uncompiledForms,
  wholeNumber,
} from './options.ts'
import { type CommonOptions, exitCodes, type Output, output } from './output.ts'
import type { Terminal } from './terminal.ts'
import { watchTraining } from './training-progress.ts'

interface TrainFlags extends CommonOptions {
  readonly network: string
  readonly plan: string
  readonly data: string
  readonly labels?: string
  readonly from?: string
  readonly size?: readonly [height: number, width: number]
  readonly answers?: string
  readonly preprocess?: string
  readonly classes?: string
  readonly recipe: string
  readonly epochs?: number
  readonly batch?: number
  readonly learningRate?: number
  readonly maxSteps?: number
  readonly augment: boolean
  readonly validation?: number
  readonly freeze?: Freeze
  readonly teacherPlan?: string
  readonly out?: string
  readonly resume?: boolean
  readonly backend?: ModelBackend
  readonly executor?: TrainingExecutor | 'auto'
  readonly precision?: Precision
  readonly workers: number
}

const recipeOf = async ({
  recipe,
  epochs,
  batch,
  learningRate,
  augment,
  freeze,
  teacherPlan,
  ...flags
}: TrainFlags): Promise<Recipe> => {
  const validation = flags.validation ?? (flags.maxSteps === undefined ? undefined : 0)
  const own = await readRecipe(recipe)
  if (teacherPlan !== undefined && own.teacher === undefined)
    throw new EspalierError([
      sourceProblem(
        'bad-input',
        '--teacher-plan',
        `the recipe ${recipe}, which has no teacher`,
        'one that has',
        '--recipe distill',
      ),
    ])
  return withOverrides(own, {
    augment,
    epochs,
    batch,
    learningRate,
    validation,
    freeze,
    teacherPlan,
  })
}

const freezeOf = (text: string): Freeze => {
  const freeze = text === 'shared' ? text : text.split(',')
  if (!Freeze.is(freeze)) throw new InvalidArgumentError('Expected shared, or names of parameters with commas between.')
  return freeze
}

type Next = Awaited<ReturnType<typeof nextCommands>>

const noteWarmUp = ({ epochs, learning_rate: { initial, warm_up = 0 } }: Recipe, out: Output): void => {
  if (warm_up >= epochs)
    out.note(`A warm-up of ${warm_up} epochs, a training of ${epochs}: the learning rate never gets to ${initial}.`)
}

const checkDestination = ({ out, maxSteps, resume }: TrainFlags): void => {
  if (out !== undefined || (maxSteps !== undefined && resume !== true)) return
  const seen = 'none'
  throw new EspalierError([
    sourceProblem('bad-input', '--out', seen, 'a folder for checkpoints and logs', '--out runs/first'),
  ])
}

const resultOf = (
  trained: Trained,
  flags: TrainFlags,
  plan: FixedPlan,
  recipe: Recipe,
  source: Source,
  next?: Next,
) => {
  const { network, losses, validation, loss, errorPercent, ...rest } = trained
  return {
    network: network.name,
    plan: printPlan(plan),
    ...json(rest),
    loss,
    error_percent: validation?.errorPercent ?? errorPercent,
    training_error_percent: errorPercent,
    validation_error_percent: validation?.errorPercent ?? null,
    ...Object.fromEntries((validation?.measures ?? []).map(({ name, value = null }) => [`validation_${name}`, value])),
    losses: flags.maxSteps === undefined ? undefined : losses,
    recipe,
    next,
    seed: flags.seed,
    ...(source.kind === 'network' && source.initializedFrom !== undefined && flags.resume !== true
      ? { initialized_from_seed: source.initializedFrom }
      : {}),
    version: packageVersion,
  }
}

const heldOutText = ({ images, errorPercent, measures = [] }: Validation): string =>
  errorPercent === null
    ? `Of ${counted(images, 'held-out image')}: ${measures.map(measureText).join(', ')}.`
    : `${errorPercent.toFixed(2)} % of ${counted(images, 'held-out image')} wrong.`

const described = (
  { steps, losses, loss, errorPercent, validation, imagesPerSecond, checkpoint, skipped }: Trained,
  next?: Next,
): string =>
  [
    `${steps} steps, ${imagesPerSecond.toFixed(0)} images/s: loss ${loss === null ? '–' : lossText(loss)}${errorPercent === null ? '' : `, error ${errorPercent.toFixed(2)} %`} on training images.`,
    ...(validation === null ? [] : [heldOutText(validation)]),
    ...(skipped.length === 0 ? [] : [`${counted(skipped.length, 'image')} skipped that could not be decoded.`]),
    ...(checkpoint === null
      ? [
          `Losses: ${losses
            .slice(-10)
            .map(loss => lossText(loss))
            .join(' ')}`,
        ]
      : [`Wrote ${checkpoint}.`]),
    ...(next === undefined ? [] : [`Run it:\n  ${next.run}\nSearch plans for it:\n  ${next.search}`]),
  ].join('\n')

const run = async (flags: TrainFlags, out: Output) => {
  checkDestination(flags)
  const reference = trainingReference(flags.data)
  const { seed, labels } = flags
  const [plan, recipe] = await Promise.all([readFixedPlan(flags.plan, 'train'), recipeOf(flags)])
  const source = await openWork({ ...flags, weights: flags.from }, [{ reference, labels }], {
    labels: needsLabels(recipe) ? 'learned' : 'if-they-fit',
    weightsFlag: '--from',
    resumed: flags.resume,
    note: out.note,
  })
  noteWarmUp(recipe, out)
  const [{ data, preprocess }] = source.images
  const trained = await untilInterrupted(signal =>
    watchTraining(
      train(
        source.network,
        plan,
        recipe,
        { reference, open: { seed, labels, classes: data.classes }, data },
        {
          signal,
          seed,
          preprocess,
          debug: flags.debug ?? false,
          resume: flags.resume ?? false,
          workers: flags.workers,
          out: flags.out,
          maxSteps: flags.maxSteps,
          backend: flags.backend,
          executor: flags.executor,
          precision: flags.precision,
        },
      ),
      out,
    ),
  )
  const { out: folder } = flags
  const next =
    folder === undefined || trained.interrupted
      ? undefined
      : await nextCommands({ ...flags, out: folder }, plan, trained)
  return { trained, next, result: { ...resultOf(trained, flags, plan, recipe, source, next), ...foundKeys(data) } }
}

/** `espalier train`: from scratch, from trained weights or from a checkpoint, under any plan. */
export const trainCommand = (terminal: Terminal): Command =>
  command(
    'train',
    about.train,
    'espalier train --network zoo:cifar-resnet-20 --from resnet20.safetensors --plan flip-3-max --recipe fine-tune --data cifar100:DIR --out runs/flip-3-max',
  )
    .requiredOption('--network <network>', uncompiledForms)
    .option('--from <file>', 'trained weights to begin with: a safetensors file')
    .option(
      '--plan <plan>',
      'where to branch, and the loss: flip-3-max, flip-2-none,geo, rotate-1-max, FILE.json, …',
      'vanilla',
    )
    .requiredOption('--data <data>', `${dataForms} (default: the training split)`)
    .option(
      '--labels <file>',
      'labels of a flat folder of images: CSV with the columns file,class_index, or columns of labels or numbers',
    )
    .addOption(sizeOption())
    .option('--answers <kinds>', answersForm)
    .option('--preprocess <file>', preprocessFile)
    .option('--classes <file>', classesFile)
    .option('--recipe <recipe>', `${recipeNames.join(', ')}, or FILE.json`, 'default')
    .addOption(new Option('--epochs <n>', 'overrides the recipe’s epochs').argParser(wholeNumber(1)))
    .addOption(new Option('--batch <n>', 'overrides the recipe’s batch size').argParser(wholeNumber(1)))
    .addOption(
      new Option('--learning-rate <rate>', 'overrides the rate that the recipe’s schedule begins with').argParser(
        numberAboveZero,
      ),
    )
    .addOption(new Option('--max-steps <n>', 'so many steps in all; implies --validation 0').argParser(wholeNumber(1)))
    .option('--no-augment', 'images as the preprocessing makes them')
    .addOption(
      new Option('--validation <n>', 'training images to hold out and evaluate each epoch').argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        '--freeze <what>',
        'what stays as it is: shared, all before the first branch, or names of parameters (stem.*,layer1.*)',
      ).argParser(freezeOf),
    )
    .option(
      '--teacher-plan <plan>',
      'what the recipe’s teacher answers under, in place of its own: vanilla-tta-mean, …',
    )
    .option('--out <dir>', 'the folder for checkpoints and logs')
    .option('--resume', 'go on from the checkpoint in --out')
    .addOption(backendOption([...backendNames, 'reference']))
    .addOption(
      new Option('--executor <name>', 'eager: op by op; graph or xla: whole, by TensorFlow; auto').argParser(
        oneOf([...trainingExecutors, 'auto'] as const),
      ),
    )
    .addOption(
      new Option(
        '--precision <name>',
        `of convolutions and what lies between them: ${precisions.join(', ')}`,
      ).argParser(oneOf(precisions)),
    )
    .addOption(new Option('--workers <n>', 'threads that prepare images').argParser(wholeNumber(0)).default(1))
    .action(async (flags: TrainFlags) => {
      const out = output(flags, terminal)
      const { trained, next, result } = await run(flags, out)
      out.result(result, () => described(trained, next))
      if (!trained.interrupted) return
      out.note(`Interrupted after ${trained.steps} steps${trained.checkpoint === null ? '' : '; --resume goes on'}.`)
      out.terminal.exitWith(exitCodes.failed)
    })
