import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotWrite } from '../base/error.ts'
import { makeFolder } from '../base/make-folder.ts'
import { openAppendFile } from './append-file.ts'

export const logFile = 'log.jsonl'

/** A log of events as JSON, one a line. Calls are made one after the other. @throws EspalierError from each that cannot write. */
export interface MetricsLog {
  readonly write: (event: object) => Promise<void>
  /** Returns once the lines are on the disk: before a checkpoint, so that a resume finds the lines up to it. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

const newline = 0x0a

const goesBeyond = (line: string, step: number): boolean => {
  try {
    const event: unknown = JSON.parse(line)
    const seen = (event as { readonly step?: unknown } | null)?.step
    return typeof seen === 'number' && seen > step
  } catch {
    return true
  }
}

/** Bytes of whole lines before the first that is no JSON or of a later step; a line without a step goes with those before it. */
const bytesUntil = (log: Buffer, step: number): number => {
  let begin = 0
  for (let end = log.indexOf(newline); end >= 0; end = log.indexOf(newline, begin)) {
    if (goesBeyond(log.toString('utf8', begin, end), step)) break
    begin = end + 1
  }
  return begin
}

const standingBytes = async (path: string, step: number): Promise<number> => {
  try {
    return bytesUntil(await readFile(path), step)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw cannotWrite(path, error)
  }
}

/**
 * Opens `log.jsonl` of a training folder: an empty one, or, to go on after `step`, the one that stands there with the lines of
 * later steps and a torn last line cut off.
 *
 * @throws EspalierError where it cannot be written.
 */
export const openMetricsLog = async (folder: string, step?: number): Promise<MetricsLog> => {
  const path = join(folder, logFile)
  await makeFolder(folder).catch(error => {
    throw cannotWrite(folder, error)
  })
  const file = await openAppendFile(path, { standing: step === undefined ? 0 : await standingBytes(path, step) })
  return { ...file, write: event => file.append(Buffer.from(`${JSON.stringify(event)}\n`)) }
}
