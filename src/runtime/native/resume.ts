import { createWriteStream, existsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { putInPlace } from '../../base/put-in-place.ts'
import { command } from './command.ts'
import { sha256Of } from './wheel.ts'

/**
 * A download that goes on where it was cut off. pip finds the wheel, in the indexes that the user has set up for it; the
 * bytes are asked for here, because pip throws away what it had when it is stopped. Where this does not work (an old
 * pip, a proxy, a certificate that only pip knows) the caller lets pip download.
 */

const PipReport = t.type({
  install: t.array(
    t.type({
      download_info: t.type({ url: t.string, archive_info: t.type({ hashes: t.type({ sha256: t.string }) }) }),
    }),
  ),
})

interface Found {
  readonly url: string
  readonly sha256: string
}

const behindProxy = (): boolean =>
  ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].some(name => (process.env[name] ?? '') !== '')

/** The address and hash of the wheel that pip would download. */
const findWheel = async (
  python: string,
  choice: readonly string[],
  signal?: AbortSignal,
): Promise<Found | undefined> => {
  const flags = [
    '--dry-run',
    '--ignore-installed',
    '--quiet',
    '--retries',
    '1',
    '--disable-pip-version-check',
    '--report',
    '-',
  ]
  const answer = await command(python, ['-m', 'pip', 'install', ...flags, '--target', 'unused', ...choice], { signal })
  if (E.isLeft(answer)) return undefined
  try {
    const report = PipReport.decode(JSON.parse(answer.right.slice(answer.right.indexOf('{'))))
    const info = E.isRight(report) ? report.right.install[0]?.download_info : undefined
    return info !== undefined && /^https?:/.test(info.url)
      ? { url: info.url, sha256: info.archive_info.hashes.sha256 }
      : undefined
  } catch {
    return undefined
  }
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    s => s.size,
    () => 0,
  )

const partOf = 206
const pastTheEnd = 416

/** Fetches the rest of a partial file, or all of it where the server does not send parts. */
const fetchRest = async (
  url: string,
  partial: string,
  onBytes: ((bytes: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const had = await sizeOf(partial)
  const answer = await fetch(url, {
    headers: had > 0 ? { range: `bytes=${had}-` } : {},
    signal,
  })
  if (had > 0 && answer.status === pastTheEnd) return
  if (!answer.ok || answer.body === null) throw new Error(`status ${answer.status}`)
  const resumes = answer.status === partOf
  let bytes = resumes ? had : 0
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += chunk.length
      onBytes?.(bytes)
      yield chunk
    }
  }
  const body = Readable.fromWeb(answer.body as ReadableStream)
  await pipeline(body, counted, createWriteStream(partial, { flags: resumes ? 'a' : 'w' }))
}

/**
 * The wheel in `folder`, from what a stopped download left there, whole or as `….whl.partial`; undefined: this way does not work
 * here. Rejects when it is aborted; what has arrived stays.
 */
export const resumeDownload = async (
  python: string,
  choice: readonly string[],
  folder: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onBytes?: ((bytes: number) => void) | undefined },
): Promise<string | undefined> => {
  const found = behindProxy() ? undefined : await findWheel(python, choice, options.signal)
  if (found === undefined) return undefined
  const file = join(folder, basename(decodeURIComponent(new URL(found.url).pathname)))
  const partial = `${file}.partial`
  if (existsSync(file) && (await sha256Of(file, options.signal)) === found.sha256) return file
  try {
    await fetchRest(found.url, partial, options.onBytes, options.signal)
  } catch (error) {
    if (options.signal?.aborted) throw error
    return undefined
  }
  if ((await sha256Of(partial, options.signal)) !== found.sha256) {
    await rm(partial)
    return undefined
  }
  await putInPlace(partial, file)
  return file
}
