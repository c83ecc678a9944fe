import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EspalierError } from '../../ir/index.ts'
import type { Files, Outcome, Trial } from './format.ts'
import type { Case } from './mutant.ts'
import { signatureOf } from './signature.ts'

/** What came of a case: it was opened, refused with problems, or something happened that must not. */
export interface Tried {
  readonly outcome: 'opened' | 'refused' | 'finding'
  readonly tags: readonly string[]
  readonly notes: readonly string[]
  /** Of a processor. */
  readonly milliseconds: number
  /** How far the memory of the process grew, in bytes. */
  readonly growth: number
  readonly signature?: string
  readonly detail?: string
}

const hashOf = (files: Files): number => {
  const hash = createHash('sha256')
  for (const [name, bytes] of files) hash.update(name).update('\0').update(bytes)
  return hash.digest().readUInt32LE(0)
}

const write = (folder: string, files: Files): void => {
  for (const [name, bytes] of files) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
}

/** Errors that reach nobody who could handle them. */
const stray: unknown[] = []
process.on('unhandledRejection', error => stray.push(error))
process.on('uncaughtException', error => stray.push(error))

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

interface Trying {
  /** An empty folder of its own, which is gone afterwards. */
  readonly folder: string
  /** Whether no check is left out. */
  readonly thorough: boolean
  readonly stage: Trial['stage']
}

const outcomeOf = async ({ format, files }: Case, place: Trial): Promise<Outcome> => {
  try {
    return await format.open(files, place)
  } catch (error) {
    if (error instanceof EspalierError) return error.problems.map(({ tag }) => tag)
    throw error
  }
}

/** What this process has computed so far, in milliseconds: a busy machine makes it wait, and not compute more. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Tries a case in this process. */
export const attempt = async (tried: Case, { folder, thorough, stage }: Trying): Promise<Tried> => {
  const notes: string[] = []
  const hash = hashOf(tried.files)
  const place: Trial = {
    folder,
    stage,
    note: text => notes.push(text),
    wants: (check, oneIn) => thorough || (hash + check.length * 7) % oneIn === 0,
  }
  const before = process.resourceUsage().maxRSS
  const resident = process.memoryUsage.rss()
  const begun = processorTime()
  let outcome: Outcome = []
  const errors: unknown[] = []
  try {
    try {
      write(folder, tried.files)
    } catch {
      return { outcome: 'refused', tags: ['file-system'], notes, milliseconds: 0, growth: 0 }
    }
    outcome = await outcomeOf(tried, place)
  } catch (error) {
    errors.push(error)
  }
  const milliseconds = processorTime() - begun
  const highest = process.resourceUsage().maxRSS
  const growth = highest > before ? Math.max(0, highest * 1024 - resident) : 0
  rmSync(folder, { recursive: true, force: true })
  await turn()
  errors.push(...stray.splice(0))
  const common = { notes, milliseconds, growth }
  if (errors.length > 0) {
    const [error] = errors
    return { outcome: 'finding', tags: [], ...common, ...signatureOf(error, tried.format.name) }
  }
  return outcome === 'opened' ? { outcome, tags: [], ...common } : { outcome: 'refused', tags: outcome, ...common }
}
