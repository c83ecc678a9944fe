import { compileBench } from './compile.ts'
import { environment } from './environment.ts'
import { scaling } from './scaling.ts'

/** A benchmark: rows for `--json`, and the same as text. */
export interface Bench {
  readonly about: string
  readonly run: () => Promise<{ readonly rows: readonly object[]; readonly text: string }>
}

const benches: Readonly<Record<string, Bench>> = { compile: compileBench, scaling }

const [name = '', ...flags] = process.argv.slice(2)
const bench = benches[name]
if (bench === undefined) {
  process.stderr.write(
    `npm run bench -- NAME [--json], NAME one of:\n${Object.entries(benches)
      .map(([known, { about }]) => `  ${known}: ${about}`)
      .join('\n')}\n`,
  )
  process.exitCode = 2
} else {
  const { rows, text } = await bench.run()
  const { machine, versions } = environment()
  process.stdout.write(
    flags.includes('--json')
      ? `${JSON.stringify({ machine, versions, rows })}\n`
      : `${text}\n${machine}; ${versions.join(', ')}\n`,
  )
}
