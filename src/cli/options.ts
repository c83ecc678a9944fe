import { Command, InvalidArgumentError, Option } from 'commander'
import { nearestNames } from '../../ir/index.ts'
import { scheduleNames } from '../scheduling.ts'

/** A flag's value out of a closed list; anything else is refused with the nearest named. `planned` are known and not there yet. */
export const oneOf =
  <T extends string>(values: readonly T[], planned: readonly string[] = []) =>
  (text: string): T => {
    const known = values.find(value => value === text)
    if (known !== undefined) return known
    const there = `one of ${values.join(', ')}`
    if (planned.includes(text))
      throw new InvalidArgumentError(`${text} does not exist in this version: expected ${there}.`)
    const near = nearestNames(text, values)
    throw new InvalidArgumentError(`Expected ${there}.${near.length === 0 ? '' : ` Nearest: ${near.join(', ')}.`}`)
  }

export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`Expected a whole number from ${least}.`)
    return value
  }

export const scheduleOption = (): Option =>
  new Option('--schedule <name>', `how variants are run: ${scheduleNames.join(', ')}`)
    .argParser(oneOf(scheduleNames))
    .default('auto')

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

export const networkOptions = (c: Command): Command =>
  c
    .requiredOption(
      '--network <network>',
      'zoo:NAME, FILE.onnx, FOLDER/model.json, a compiled folder, or a graph as .txt or .json',
    )
    .option('--weights <file>', 'trained weights of a zoo network or a graph: a safetensors file')
    .option(
      '--plan <plan>',
      'where to branch: flip-3-max, vanilla-tta-geo, {id,shift(1,0)}@4:geo, FILE.json, … (default: vanilla, or what was compiled)',
    )
    .option('--preprocess <file>', 'how images become the network’s input: a JSON file')
    .option('--classes <file>', 'class names, one a line')

/** What {@link networkOptions} parse to. */
export interface NetworkFlags {
  readonly network: string
  readonly weights?: string
  readonly plan?: string
  readonly preprocess?: string
  readonly classes?: string
}
