import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { adaptiveBench } from './adaptive.ts'
import { compileBench } from './compile.ts'
import { cutsBench } from './cuts.ts'
import { environment } from './environment.ts'
import { inferenceBench } from './inference.ts'
import { scaling } from './scaling.ts'
import { serveBench } from './serve.ts'
import { soak } from './soak.ts'
import { trainingBench } from './training.ts'

/** What of a benchmark to run: without a list, all. */
export interface BenchOptions {
  readonly wants: (kind: Kind, name: string) => boolean
  readonly given: (kind: Kind) => boolean
  readonly minutes?: number
  /** Threads that run a served model. */
  readonly workers?: number
  /** Training steps beside PyTorch's. */
  readonly withTorch?: boolean
}

type Kind = 'network' | 'batch' | 'executor' | 'plan'

/** A benchmark: rows for `--json`, the same as text, and where there is one as a picture. */
export interface Bench {
  readonly about: string
  readonly run: (
    options: BenchOptions,
  ) => Promise<{ readonly rows: readonly object[]; readonly text: string; readonly svg?: () => string }>
}

const benches: Readonly<Record<string, Bench>> = {
  adaptive: adaptiveBench,
  compile: compileBench,
  cuts: cutsBench,
  inference: inferenceBench,
  training: trainingBench,
  scaling,
  serve: serveBench,
  soak,
}

const list = { type: 'string', multiple: true } as const

const usage = (problem?: string): void => {
  const names = Object.entries(benches).map(([name, { about }]) => `  ${name}: ${about}`)
  const flags =
    '[--json] [--svg FILE] [--network NAME]… [--batch N]… [--executor NAME]… [--plan NAME]… [--with-torch] [--workers N]'
  process.stderr.write(
    `${problem === undefined ? '' : `${problem}\n`}npm run bench -- NAME ${flags}, NAME one of:\n${names.join('\n')}\n`,
  )
  process.exitCode = 2
}

const runBench = async (args: readonly string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      svg: { type: 'string' },
      network: list,
      batch: list,
      executor: list,
      plan: list,
      minutes: { type: 'string' },
      workers: { type: 'string' },
      'with-torch': { type: 'boolean' },
    },
  })
  const bench = benches[positionals[0] ?? '']
  if (bench === undefined || positionals.length > 1) return usage()
  const wants: BenchOptions['wants'] = (kind, name) => values[kind]?.includes(name) ?? true
  const minutes = values.minutes === undefined ? {} : { minutes: Number(values.minutes) }
  const workers = values.workers === undefined ? {} : { workers: Number(values.workers) }
  const given: BenchOptions['given'] = kind => values[kind] !== undefined
  const { rows, text, svg } = await bench.run({ wants, given, ...minutes, ...workers, withTorch: values['with-torch'] })
  if (values.svg !== undefined && svg !== undefined) await writeFile(values.svg, svg())
  const { machine, versions } = environment()
  process.stdout.write(
    values.json === true
      ? `${JSON.stringify({ machine, versions, rows })}\n`
      : `${text}\n${machine}; ${versions.join(', ')}\n`,
  )
}

try {
  await runBench(process.argv.slice(2))
} catch (error) {
  if ((error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') !== true) throw error
  usage((error as Error).message)
}
