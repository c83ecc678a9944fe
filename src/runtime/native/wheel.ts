import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { either as E } from 'fp-ts'
import yauzl from 'yauzl'
import { problem } from '../../../ir/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import type { RuntimeProblem } from '../error.ts'

/** Wheels, and what is taken out of them. */

const libraries = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/
const headers = /^tensorflow\/include\/((?:tensorflow\/(?:c|core\/platform)|tsl|xla\/tsl)\/.+[^/])$/
const accelerator = /^(nvidia\/.+[^/])$/

/** Where an entry of a wheel goes, under the installation's folder; undefined: it stays in the wheel. */
export type PlaceOf = (entry: string) => string | undefined

/** What TensorFlow's installation takes of its wheel and of NVIDIA's. */
export const tensorflowPlace: PlaceOf = entry => {
  const library = libraries.exec(entry)?.[1]
  if (library !== undefined) return `deps/lib/${library}`
  const header = headers.exec(entry)?.[1]
  if (header !== undefined) return `deps/include/${header}`
  const part = accelerator.exec(entry)?.[1]
  return part === undefined || part.includes('/include/') ? undefined : `deps/${part}`
}

/** The project of a requirement or of a wheel's file name: `nvidia_nccl_cu12-2.27-….whl` is of `nvidia-nccl-cu12`. */
export const projectOf = (name: string): string =>
  (name.endsWith('.whl') ? (name.split('-')[0] as string).replace(/_/g, '-') : (name.split(/[<>=!~;[ ]/)[0] as string))
    .toLowerCase()
    .replace(/[._]/g, '-')

export const sha256Of = async (file: string, signal?: AbortSignal): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, signal })) hash.update(chunk)
  return hash.digest('hex')
}

export const checkWheel = async (
  file: string,
  sha256: string,
  signal?: AbortSignal,
): Promise<E.Either<RuntimeProblem, string>> => {
  const seen = await sha256Of(file, signal)
  return seen === sha256
    ? E.right(file)
    : E.left(
        problem(
          'wrong-hash',
          file,
          `sha256 ${seen}`,
          `sha256 ${sha256}`,
          'run `espalier setup` again to download it anew',
        ),
      )
}

const entryText = async (zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<string> =>
  text(await zip.openReadStreamPromise(entry))

/** A wheel's RECORD: `path,sha256=<base64url>,size`, a line a file. */
const recordedHashes = (record: string): ReadonlyMap<string, string> =>
  new Map(
    record.split('\n').flatMap(line => {
      const found = /^(.*),sha256=([\w-]+),\d+\s*$/.exec(line)
      return found === null ? [] : [[found[1] as string, found[2] as string] as const]
    }),
  )

const entriesOf = async (zip: yauzl.ZipFile): Promise<readonly yauzl.Entry[]> => {
  const entries: yauzl.Entry[] = []
  await new Promise<void>((resolve, reject) => {
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.push(entry)
      zip.readEntry()
    })
    zip.on('end', resolve)
    zip.on('error', reject)
    zip.readEntry()
  })
  return entries
}

const opened = async <A>(file: string, use: (zip: yauzl.ZipFile) => Promise<A>): Promise<A> => {
  const zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false })
  try {
    return await use(zip)
  } finally {
    zip.close()
  }
}

const badWheel = (file: string, seen: string): RuntimeProblem =>
  problem(
    'bad-wheel',
    file,
    seen,
    'a whole wheel whose files match its RECORD',
    'delete it and run `espalier setup` again',
  )

export interface Extracted {
  readonly path: string
  readonly bytes: number
}

/**
 * Writes what an installation needs of one wheel under `folder`, each file checked against the wheel's RECORD;
 * right: the files, relative to the folder.
 */
export const extractWheel = (
  file: string,
  folder: string,
  placeOf: PlaceOf,
  options: { readonly signal?: AbortSignal | undefined; readonly onBytes?: (done: number, total: number) => void } = {},
): Promise<E.Either<RuntimeProblem, readonly Extracted[]>> =>
  opened(file, async zip => {
    const entries = await entriesOf(zip)
    const record = entries.find(entry => /^[^/]+\.dist-info\/RECORD$/.test(entry.fileName))
    if (record === undefined) return E.left(badWheel(file, 'no RECORD'))
    const hashes = recordedHashes(await entryText(zip, record))
    const extracted: Extracted[] = []
    const total = entries.reduce((sum, e) => sum + (placeOf(e.fileName) === undefined ? 0 : e.uncompressedSize), 0)
    let bytes = 0
    for (const entry of entries) {
      const path = placeOf(entry.fileName)
      if (path === undefined) continue
      const target = join(folder, path)
      await makeFolder(dirname(target))
      const hash = createHash('sha256')
      const counted = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk)
          bytes += chunk.length
          options.onBytes?.(bytes, total)
          yield chunk
        }
      }
      const mode = (entry.externalFileAttributes >>> 16) & 0o111 ? 0o755 : 0o644
      const signal = options.signal === undefined ? {} : { signal: options.signal }
      await pipeline(await zip.openReadStreamPromise(entry), counted, createWriteStream(target, { mode }), signal)
      if (hash.digest('base64url') !== hashes.get(entry.fileName))
        return E.left(badWheel(file, `another sha256 of ${entry.fileName} than RECORD has`))
      extracted.push({ path, bytes: entry.uncompressedSize })
    }
    return E.right(extracted)
  }).catch(error =>
    options.signal?.aborted || (error as NodeJS.ErrnoException).code !== undefined
      ? Promise.reject(error)
      : E.left(badWheel(file, `${basename(file)}: ${(error as Error).message}`)),
  )

/** What a wheel requires under one of its extras: `Requires-Dist: name<3,>=2; extra == "and-cuda"` gives `name<3,>=2`. */
export const extraRequirements = (file: string, extra: string): Promise<readonly string[]> =>
  opened(file, async zip => {
    const metadata = (await entriesOf(zip)).find(entry => /^[^/]+\.dist-info\/METADATA$/.test(entry.fileName))
    if (metadata === undefined) return []
    return (await entryText(zip, metadata)).split('\n').flatMap(line => {
      const found = /^Requires-Dist:\s*([^;]+?)\s*;\s*(.*)$/.exec(line)
      return found?.[2]?.includes(`extra == "${extra}"`) ? [found[1] as string] : []
    })
  })
