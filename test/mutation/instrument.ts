import { readdirSync, readFileSync } from 'node:fs'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { messageText } from './message-text.ts'
import { root } from './root.ts'

/** One change of one source file. */
export interface Mutant {
  /** What the instrumented source calls it: another number after every edit of any file. */
  readonly id: string
  readonly file: string
  /** Its place among the file's mutants. */
  readonly index: number
  /** Counted from 1. */
  readonly line: number
  readonly column: number
  readonly mutator: string
  readonly original: string
  readonly replacement: string
  /** Why it is not tried, where it is not. */
  readonly ignored: string | null
}

/** The name of a mutant within one version of its file's code: comments and line breaks may change. */
export const keyOf = ({ index, mutator, replacement }: Mutant): string => `${index} ${mutator} ${replacement}`

export interface Instrumented {
  /** Source text by path from the root: each mutant behind a switch. */
  readonly sources: ReadonlyMap<string, string>
  /** The same before instrumenting. */
  readonly originals: ReadonlyMap<string, string>
  readonly mutants: readonly Mutant[]
}

const silent = () => {}
const logger = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
}

export const mutated = ['ir', 'passes']

const sourceFiles = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `${folder}/${name}`)
    .sort()

type Position = { readonly line: number; readonly column: number }

const textBetween = (text: string, start: Position, end: Position): string => {
  const lines = text.split('\n').slice(start.line, end.line + 1)
  lines[lines.length - 1] = lines[lines.length - 1].slice(0, end.column)
  lines[0] = lines[0].slice(start.column)
  return lines.join('\n')
}

/** Every source file of `ir/` and `passes/` with the standard mutants of StrykerJS in it. */
export const instrument = async (): Promise<Instrumented> => {
  const originals = new Map(
    mutated.flatMap(sourceFiles).map(name => [name, readFileSync(new URL(name, root), 'utf8')] as const),
  )
  const { files, mutants } = await new Instrumenter(logger).instrument(
    [...originals].map(([name, content]) => ({ name, content, mutate: true })),
    { ignorers: [messageText], excludedMutations: [], plugins: null, noHeader: true },
  )
  const seen = new Map<string, number>()
  const indexIn = (file: string): number => {
    const index = seen.get(file) ?? 0
    seen.set(file, index + 1)
    return index
  }
  return {
    sources: new Map(files.map(file => [file.name, file.content])),
    originals,
    mutants: mutants.map(({ id, fileName, location: { start, end }, mutatorName, replacement, statusReason }) => ({
      id,
      file: fileName,
      index: indexIn(fileName),
      line: start.line + 1,
      column: start.column + 1,
      mutator: mutatorName,
      original: textBetween(originals.get(fileName) as string, start, end),
      replacement,
      ignored: statusReason ?? null,
    })),
  }
}
