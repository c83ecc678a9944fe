import { Command, InvalidArgumentError, Option } from 'commander'
import { nearestNames } from '../../ir/nearest.ts'
import { outputKindNames } from '../../passes/output-kinds.ts'
import { type ExecutorName, executorNames } from '../execute/execution.ts'
import type { ShardNumber } from '../experiment/shards/shard.ts'
import { type Precision, precisions } from '../lower/precision.ts'

/** Parses a flag's value out of a closed list, and says what is in it. */
export interface OneOf<T extends string> {
  (text: string): T
  readonly values: readonly string[]
}

/** A flag's value out of a closed list; anything else is refused with the nearest named. `planned` are known and not there yet. */
export const oneOf = <T extends string>(values: readonly T[], planned: readonly string[] = []): OneOf<T> =>
  Object.assign(
    (text: string): T => {
      const known = values.find(value => value === text)
      if (known !== undefined) return known
      const there = `one of ${values.join(', ')}`
      if (planned.includes(text))
        throw new InvalidArgumentError(`${text} does not exist in this version: expected ${there}.`)
      const near = nearestNames(text, values)
      throw new InvalidArgumentError(`Expected ${there}.${near.length === 0 ? '' : ` Nearest: ${near.join(', ')}.`}`)
    },
    { values },
  )

export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}, in digits alone.`)
    return value
  }

export const numberAboveZero = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

/** Height and width: `224x192`, or a square's side. */
export const sizeOf = (text: string): readonly [height: number, width: number] => {
  const match = /^([1-9]\d{0,4})(?:[x×]([1-9]\d{0,4}))?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Expected HEIGHTxWIDTH in pixels, as 224x192, or a side.')
  return [Number(match[1]), Number(match[2] ?? match[1])]
}

/** The flag for networks that leave the size of their images open. */
export const sizeOption = (): Option =>
  new Option(
    '--size <HxW>',
    'height and width of images, where the network leaves them open (default: those of the preprocessing)',
  ).argParser(sizeOf)

/** A size, or that of each image. */
export const sizeOrImage = (text: string): NetworkFlags['size'] | 'image' => (text === 'image' ? text : sizeOf(text))

/** The flags for images of any size. */
export const sizingOptions = (c: Command): Command =>
  c
    .addOption(
      new Option(
        '--size <HxW>',
        'height and width of images, where the network leaves them open (default: those of the preprocessing); image: those of each image',
      ).argParser(sizeOrImage),
    )
    .addOption(
      new Option('--tile <HxW>', 'images as they are, in tiles of this size; the answers are maps').argParser(sizeOf),
    )
    .addOption(
      new Option('--overlap <n>', 'of tiles, which fade into each other there, in pixels')
        .argParser(wholeNumber(0))
        .default(32),
    )

/** A command with the flags that every command has, and an example under its help. */
export const command = (name: string, description: string, example: string): Command =>
  new Command(name)
    .description(description)
    .option('--json', 'print one JSON object on stdout and nothing else there')
    .option('--quiet', 'no notes and no progress on stderr')
    .option('--debug', 'stack traces, and the logs of the libraries')
    .addOption(new Option('--seed <n>', 'seed of every random draw').argParser(wholeNumber(0)).default(0))
    .addHelpText('after', `\nExample:\n  $ ${example}`)
    .showHelpAfterError(false)
    .allowExcessArguments(false)

/** What `--network` takes where it must not be compiled. */
export const uncompiledForms = 'zoo:NAME, FILE.onnx, FOLDER/model.json, or a graph as text or JSON'
export const weightsFile = 'trained weights, of a zoo network, a graph or in place of a file’s own: a safetensors file'
export const preprocessFile = 'how images become the network’s input: a JSON file'
export const classesFile = 'the network’s class names, one a line: folders are matched with them by name'

export const answersForm = `what the outputs are, where the network does not show it: KIND or NAME=KIND,NAME=KIND:REDUCTION, of ${outputKindNames.join(', ')}`

export const networkOptions = (c: Command): Command => planOptions(c).addOption(sizeOption())

/** Those of {@link networkOptions} but for the size. */
export const planOptions = (c: Command): Command =>
  c
    .requiredOption(
      '--network <network>',
      'zoo:NAME, FILE.onnx, FOLDER/model.json, a compiled folder, or a graph as text or JSON',
    )
    .option('--weights <file>', weightsFile)
    .option(
      '--plan <plan>',
      'where to branch: flip-3-max, vanilla-tta-geo, {id,shift(1,0)}@4:geo, FILE.json, … (default: vanilla, or what was compiled)',
    )
    .option('--preprocess <file>', preprocessFile)
    .option('--classes <file>', classesFile)
    .option('--answers <kinds>', answersForm)

/** What {@link plainNetworkOptions} parse to. */
export interface PlainNetworkFlags {
  readonly network: string
  readonly weights?: string
  readonly size?: readonly [height: number, width: number]
  readonly preprocess?: string
  readonly classes?: string
  readonly answers?: string
}

/** What {@link networkOptions} parse to. */
export interface NetworkFlags extends PlainNetworkFlags {
  readonly plan?: string
}

/** The flags of commands that plan by themselves: of {@link networkOptions} those that say what a network is. */
export const plainNetworkOptions = (c: Command): Command =>
  c
    .requiredOption('--network <network>', uncompiledForms)
    .option('--weights <file>', weightsFile)
    .addOption(sizeOption())
    .option('--preprocess <file>', preprocessFile)
    .option('--classes <file>', classesFile)
    .option('--answers <kinds>', answersForm)

export const dataForms =
  'cifar10:DIR, cifar100:DIR, images:DIR or generated:orientation; ?split=train&range=0:5000 or ?part=0/2 for a part'

/** The flags that name images, in one of these forms. */
export const dataOptions =
  (forms: string) =>
  (c: Command): Command =>
    c
      .requiredOption('--data <data>', forms)
      .option('--labels <file>', 'labels of a flat folder of images: CSV with the columns file,class_index')

/** What {@link dataOptions} parse to. */
export interface DataFlags {
  readonly data: string
  readonly labels?: string
}

export const limitOption = (): Option => new Option('--limit <n>', 'only the first n images').argParser(wholeNumber(1))

const parseShard = (text: string): ShardNumber => {
  const match = /^(\d+)\/([1-9]\d*)$/.exec(text)
  const [index, of] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || index >= of)
    throw new InvalidArgumentError('Expected i/n, i from 0 and below n: 0/3, 1/3 and 2/3 are the whole.')
  return { index, of }
}

/** The flag that takes a part of the work, which `merge` puts together. */
export const shardOption = (): Option =>
  new Option(
    '--shard <i/n>',
    'part i, from 0, of n of the work: espalier merge makes one result of the n that --out or --json give',
  ).argParser(parseShard)

/** Native TensorFlow by its own name, not by the older one. */
const namedBackends = (backends: readonly string[]): readonly string[] =>
  backends.map(name => (name === 'node-gpu' ? 'tensorflow' : name))

/** Backends by the names that help has for them. */
export const listedBackends = (backends: readonly string[]): string => namedBackends(backends).join(', ')

/** A backend's name; native TensorFlow is `tensorflow` or `node-gpu`. */
export const backendNamed = <B extends string>(backends: readonly B[]): OneOf<B> => {
  const values = namedBackends(backends)
  const named = (text: string): B => backends[values.indexOf(oneOf(values)(text === 'node-gpu' ? 'tensorflow' : text))]
  return Object.assign(named, { values })
}

export const backendOption = (backends: readonly string[]): Option =>
  new Option('--backend <name>', `${listedBackends(backends)} (default: the best there is)`).argParser(
    backendNamed(backends),
  )

/** The flags that say where networks run; `executors` says what there is and what `auto` takes. */
export const executionOptions =
  (backends: readonly string[], executors: string) =>
  (c: Command): Command =>
    c
      .addOption(backendOption(backends))
      .addOption(
        new Option('--executor <name>', executors)
          .argParser(oneOf([...executorNames, 'auto'] as const))
          .default('auto'),
      )
      .addOption(
        new Option('--precision <name>', `of convolutions and what lies between them: ${precisions.join(', ')}`)
          .argParser(oneOf(precisions))
          .default('float32'),
      )

/** The `executors` of commands that run variants. */
export const variantExecutors = `${executorNames.join(', ')}; auto: graph on the native backend, else eager`

/** What {@link executionOptions} parse to. */
export interface ExecutionFlags<Backend extends string> {
  readonly backend?: Backend
  readonly executor: ExecutorName | 'auto'
  readonly precision: Precision
}
