import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { transformSync } from 'esbuild'
import type { Outcome } from './attempt.ts'
import { root } from './root.ts'

export const folder = new URL('.mutation/', root)

export const hash = (...texts: readonly string[]): string => {
  const all = createHash('sha256')
  for (const text of texts) all.update(text).update('\0')
  return all.digest('hex').slice(0, 16)
}

/** What a source does, without its comments, its types and its line breaks: what can change no outcome. */
export const codeOf = (text: string): string =>
  transformSync(text, { loader: 'ts', minifyWhitespace: true, legalComments: 'none' }).code

/** The code of each test file, as a hash. */
export type Hashes = Readonly<Record<string, string>>

/** A mutant's outcome; of one that survived, the name of the tests that it survived. */
export type Kept = Outcome & { readonly tests?: string }

/** What is known of one version of one source file. */
export interface Results {
  readonly source: string
  readonly mutants: Readonly<Record<string, Kept>>
  /** The test files that mutants survived, by name. */
  readonly tests: Readonly<Record<string, Hashes>>
}

const placeOf = (file: string): URL => new URL(`${file.replaceAll('/', '__')}.json`, folder)

export const writeWhole = (place: URL, text: string): void => {
  mkdirSync(folder, { recursive: true })
  const aside = new URL(`${place.href}.${process.pid}`)
  writeFileSync(aside, text)
  renameSync(aside, place)
}

export const readResults = (file: string, source: string): Results => {
  const none: Results = { source, mutants: {}, tests: {} }
  try {
    const results = JSON.parse(readFileSync(placeOf(file), 'utf8')) as Results
    return results.source === source ? results : none
  } catch {
    return none
  }
}

/** Adds to what is stored, so that two runs over one file do not undo each other. */
export const addResults = (file: string, { source, mutants, tests }: Results): void => {
  const before = readResults(file, source)
  const results: Results = {
    source,
    mutants: { ...before.mutants, ...mutants },
    tests: { ...before.tests, ...tests },
  }
  writeWhole(placeOf(file), `${JSON.stringify(results, null, 1)}\n`)
}
