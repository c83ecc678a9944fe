import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Files } from './format.ts'

const root = fileURLToPath(new URL('corpus', import.meta.url))

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder)
    .sort()
    .flatMap(name => {
      const path = join(folder, name)
      return statSync(path).isDirectory() ? filesUnder(path) : [path]
    })

/** The files of a folder by their paths in it. */
export const readFiles = (folder: string): Files =>
  new Map(
    filesUnder(folder).map(path => [relative(folder, path).split(sep).join('/'), new Uint8Array(readFileSync(path))]),
  )

const known = new Map<string, readonly Files[]>()

/** What is mutated of a format: files that are right. */
export const samplesOf = (format: string): readonly Files[] => {
  const found =
    known.get(format) ??
    readdirSync(join(root, format))
      .sort()
      .map(sample => readFiles(join(root, format, sample)))
  known.set(format, found)
  return found
}
