import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Graph, print } from '../../../ir/index.ts'
import { type Admit, admitAll, type Pass } from '../../../passes/index.ts'
import { cannotWrite } from '../../base/error.ts'
import { packageVersion } from '../../base/package.ts'
import { rewriteSources } from './rewrite-source.ts'
import { traceEntry } from './trace.ts'

/** The environment variable that names the folder which compilations are written to. */
export const traceVariable = 'ESPALIER_TRACE'

/** Who compiles what: what it takes to do it again. */
export interface Traced {
  readonly network: string
  readonly plan: string
  readonly [more: string]: string | number | undefined
}

/** A folder that follows one compilation: graphs as text, without weights. */
export interface TraceFolder {
  /** Asked before each rewrite, which is written down with where its rule is written. */
  readonly admit: Admit
  /** Writes what a pass made. */
  readonly observe: (pass: Pass, after: Graph) => void
}

const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST'

/** A folder that was not there, numbered after those that are. */
const freshFolder = (parent: string, name: string): string => {
  mkdirSync(parent, { recursive: true })
  for (let number = 1; ; number++) {
    const folder = join(parent, `${String(number).padStart(4, '0')}-${name}`)
    try {
      mkdirSync(folder)
      return folder
    } catch (error) {
      if (!isTaken(error)) throw error
    }
  }
}

const named = (text: string): string => text.replaceAll(/[^\w.@-]+/g, '_').slice(0, 60)

/** @throws EspalierError where it cannot be written */
const writing = <A>(path: string, write: () => A): A => {
  try {
    return write()
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

/**
 * Begins to follow a compilation in a folder of its own: `compilation.json`, the graph before the first pass and after each (`03-share-prefix.txt`), and `rewrites.jsonl`.
 * @throws EspalierError where it cannot be written
 */
export const traceFolder = (
  parent: string,
  traced: Traced,
  source: Graph,
  passes: readonly Pass[],
  admit: Admit = admitAll,
): TraceFolder => {
  const folder = writing(parent, () => freshFolder(parent, `${named(traced.network)}-${named(traced.plan)}`))
  const sourceOf = rewriteSources()
  const write = (name: string, text: string): void => writing(folder, () => writeFileSync(join(folder, name), text))
  const facts = { espalier: packageVersion, node: process.version, ...traced, passes: passes.map(({ name }) => name) }
  write('compilation.json', `${JSON.stringify(facts, null, 2)}\n`)
  write('00-input.txt', print(source))
  write('rewrites.jsonl', '')
  let [step, number] = [0, 0]
  let lines: string[] = []
  return {
    admit: firing => {
      if (!admit(firing)) return false
      const entry = traceEntry(firing, ++number)
      lines.push(`${JSON.stringify({ ...entry, source: sourceOf(entry.rule) })}\n`)
      return true
    },
    observe: ({ name }, after) => {
      write(`${String(++step).padStart(2, '0')}-${name}.txt`, print(after))
      writing(folder, () => appendFileSync(join(folder, 'rewrites.jsonl'), lines.join('')))
      lines = []
    },
  }
}
