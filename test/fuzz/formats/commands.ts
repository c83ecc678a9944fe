import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Command, CommanderError } from 'commander'
import { bisectCommand } from '../../../src/cli/bisect.ts'
import { compileCommand } from '../../../src/cli/compile.ts'
import { impactCommand } from '../../../src/cli/impact.ts'
import { inspectCommand } from '../../../src/cli/inspect.ts'
import { lawsCommand } from '../../../src/cli/laws.ts'
import { reduceCommand } from '../../../src/cli/reduce.ts'
import { runCommand } from '../../../src/cli/run.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import { samplesOf } from '../corpus.ts'
import { bytesOf, Disagreement, type Format, textOf, withFile } from '../format.ts'
import { changes, oddTexts, pick, weighted } from '../mutate/draw.ts'
import { mutateText } from '../mutate/text.ts'

/** Commands that neither train nor fetch anything. */
const commands: Readonly<Record<string, (terminal: Terminal) => Command>> = {
  compile: compileCommand,
  run: runCommand,
  impact: impactCommand,
  inspect: inspectCommand,
  reduce: reduceCommand,
  bisect: bisectCommand,
  laws: lawsCommand,
}

const flags =
  '--network --weights --plan --preprocess --classes --data --labels --json --quiet --debug --seed --out --emit --layout --stats --precision --schedule --batch --limit --predictions --executor --backend --trace --graph --replay --passes --transforms --check --help'.split(
    ' ',
  )
const values =
  'graph.txt weights.safetensors preprocess.json classes.txt labels.csv images:images images:. vanilla flip-1-max vanilla-tta-geo {id,shift(1,0)}@1:geo out out.json text json dot html onnx saved-model nhwc nchw float32 bfloat16 apart joined split stacked auto eager wasm cpu reference 0 1 2 100 zoo:cifar-resnet-8 flip rotate fuse-flip sink-transforms'.split(
    ' ',
  )
/** Nothing outside of the case's folder is named but devices. */
const odd = oddTexts.filter(text => text.length < 1000 && (!text.startsWith('/') || text.startsWith('/dev')))

const name = 'arguments.json'

/** What the arguments name, out of other formats' samples. */
const surround = (folder: string): void => {
  mkdirSync(join(folder, 'images'), { recursive: true })
  for (const format of ['safetensors', 'preprocess', 'labels'])
    for (const [name, bytes] of samplesOf(format)[0]) writeFileSync(join(folder, name), bytes)
  for (const [name, bytes] of samplesOf('folder')[0]) {
    mkdirSync(dirname(join(folder, 'images', name)), { recursive: true })
    writeFileSync(join(folder, 'images', name), bytes)
  }
}

const argumentsOf = (text: string): readonly string[] => JSON.parse(text)

/** A command's output: one JSON object, where it was asked for (and `--json` is no other flag's value). */
const checkOutput = (text: string, json: boolean): void => {
  if (!json || text === '') return
  try {
    JSON.parse(text)
  } catch {
    throw new Disagreement('with --json, stdout is no JSON')
  }
}

export const commandLine: Format = {
  name: 'command-line',
  weight: 3,
  mutate: (sample, random) => {
    const words = [...argumentsOf(textOf(sample, name))]
    for (let n = changes(random); n > 0; n--) {
      const at = 1 + random.below(words.length)
      weighted(random, [
        [4, () => words.splice(at, 1, pick(random, values))],
        [2, () => words.splice(at, 1, pick(random, odd))],
        [2, () => words.splice(at, 1, mutateText(words[at] ?? '', random, { words: values }).slice(0, 200))],
        [3, () => words.splice(at, 0, pick(random, flags), pick(random, values))],
        [2, () => words.splice(at, 0, pick(random, flags))],
        [1, () => words.splice(at, 2)],
        [1, () => words.splice(0, 1, pick(random, Object.keys(commands)))],
      ])()
    }
    return withFile(sample, name, bytesOf(JSON.stringify(words)))
  },
  open: async (files, place) => {
    const [command, ...words] = argumentsOf(textOf(files, name))
    let said = ''
    const terminal = {
      args: [],
      stdout: (text: string) => {
        said += text
      },
      stderr: () => {},
      interactive: false,
      exitWith: () => {},
    }
    const made = commands[command]?.(terminal)
    if (made === undefined) return ['no-command']
    made.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} })
    surround(place.folder)
    const home = process.cwd()
    process.chdir(place.folder)
    try {
      await made.parseAsync(words, { from: 'user' })
      checkOutput(said, made.opts().json === true)
      return 'opened'
    } catch (error) {
      if (error instanceof CommanderError) return [error.code]
      throw error
    } finally {
      process.chdir(home)
    }
  },
  *smaller(files) {
    const words = argumentsOf(textOf(files, name))
    for (let at = 1; at < words.length; at++)
      for (const count of [2, 1]) yield withFile(files, name, bytesOf(JSON.stringify(words.toSpliced(at, count))))
  },
}
