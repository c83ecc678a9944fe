import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Files } from './format.ts'

/** Where crashes are kept that were found once: each is tried again by the tests. */
export const crashFolder = fileURLToPath(new URL('crashes', import.meta.url))

/** A finding with the files that show it. */
export interface Crash {
  readonly signature: string
  readonly format: string
  readonly seed: number
  readonly k: number
  readonly detail: string
  readonly files: Files
}

type Content = { readonly text: string } | { readonly base64: string }

const encoded = (bytes: Uint8Array): Content => {
  const text = Buffer.from(bytes).toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? { text } : { base64: Buffer.from(bytes).toString('base64') }
}

const decoded = (content: Content): Uint8Array =>
  new Uint8Array('text' in content ? Buffer.from(content.text, 'utf8') : Buffer.from(content.base64, 'base64'))

const fileName = ({ format, signature }: Crash): string =>
  `${format}-${createHash('sha256').update(signature).digest('hex').slice(0, 8)}.json`

/** Writes a crash, one file for each signature; its path. */
export const saveCrash = (folder: string, crash: Crash): string => {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, fileName(crash))
  const files = Object.fromEntries([...crash.files].map(([name, bytes]) => [name, encoded(bytes)]))
  writeFileSync(path, `${JSON.stringify({ ...crash, files }, null, 2)}\n`)
  return path
}

const readCrash = (path: string): Crash => {
  const json = JSON.parse(readFileSync(path, 'utf8'))
  const files = new Map(
    Object.entries(json.files as Readonly<Record<string, Content>>).map(([name, content]) => [name, decoded(content)]),
  )
  return { ...json, files }
}

export const readCrashes = (folder = crashFolder): readonly (Crash & { readonly file: string })[] => {
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.json'))
      .sort()
      .map(file => ({ ...readCrash(join(folder, file)), file }))
  } catch {
    return []
  }
}
