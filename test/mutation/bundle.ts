import { readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { Instrumented } from './instrument.ts'
import { root } from './root.ts'
import { sources as entries } from './suite.ts'

const rootPath = fileURLToPath(root)

/** Takes instrumented text for sources, our own entry for vitest, and fixes where each module believes to stand. */
const sandbox = (sources: ReadonlyMap<string, string>): Plugin => ({
  name: 'sandbox',
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^vitest$/ }, () => ({ path: fileURLToPath(new URL('vitest.ts', import.meta.url)) }))
    onResolve({ filter: /^(@tensorflow\/|onnxruntime|sharp$)/ }, ({ path }) => ({ path, external: true }))
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const name = path.slice(rootPath.length)
      if (name.startsWith('node_modules')) return undefined
      const text = sources.get(name) ?? readFileSync(path, 'utf8')
      return {
        loader: 'ts',
        contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      }
    })
  },
})

/** The calls that instrumented text makes, as what they stand for: a mutant is on, and a mutant's place was passed. */
const expand = (text: string, covering: boolean): string =>
  text
    .replace(/stryMutAct_9fa48\("(\d+)"\)/g, '(mutantOn === $1 && mutantUsed())')
    .replace(/stryCov_9fa48\(([^()]*)\)/g, (_, ids: string) =>
      covering ? ids.replace(/"(\d+)"/g, 'mutantPasses[$1]++') : '0',
    )

/** A program whose value is the worker: evaluated anew, it is as if a process had begun with that mutant. */
const program = (text: string, covering: boolean): string => `((require, mutantOn, mutantUsesAtMost) => {
  const module = { exports: {} }
  let mutantUses = 0
  const mutantPasses = new Int32Array(100_000)
  const mutantUsed = () => {
    if (++mutantUses > mutantUsesAtMost) throw new Error('endless')
    return true
  }
  const mutants = {
    passes: mutantPasses,
    on: (id, usesAtMost) => { mutantOn = id; mutantUses = 0; mutantUsesAtMost = usesAtMost },
  }
  ${expand(text, covering)}
  return module.exports.worker
})`

export interface Bundle {
  /** Of a worker that tries mutants, or of one that tells what each test passes. */
  readonly text: (covering: boolean) => string
  /** The process around it. */
  readonly host: string
  /** The files of this repository that each test file imports, itself among them. */
  readonly imports: ReadonlyMap<string, readonly string[]>
}

const shared = {
  absWorkingDir: rootPath,
  bundle: true,
  write: false,
  format: 'cjs',
  platform: 'node',
  mainFields: ['module', 'main'] as string[],
  logLevel: 'error',
  metafile: true,
} as const

/** Instrumented sources, their tests and the worker as one text: what changes in the tree afterwards does not matter. */
export const bundle = async ({ sources }: Instrumented, tests: readonly string[]): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    ...shared,
    stdin: {
      contents: [
        "import { workerOf } from './test/mutation/worker.ts'",
        'export const worker = workerOf({',
        ...[...entries, ...tests].map(file => `${JSON.stringify(file)}: () => import('./${file}'),`),
        '})',
      ].join('\n'),
      resolveDir: rootPath,
      loader: 'ts',
    },
    plugins: [sandbox(sources)],
  })
  const host = await build({ ...shared, entryPoints: ['test/mutation/host.ts'] })
  const importsOf = (file: string, seen: Set<string>): Set<string> => {
    if (seen.has(file)) return seen
    seen.add(file)
    for (const { path, external } of metafile.inputs[file]?.imports ?? []) if (!external) importsOf(path, seen)
    return seen
  }
  return {
    text: covering => program(outputFiles[0].text, covering),
    host: host.outputFiles[0].text,
    imports: new Map(
      tests.map(file => [file, [...importsOf(file, new Set())].filter(path => !path.includes('node_modules')).sort()]),
    ),
  }
}
