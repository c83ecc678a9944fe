import { createHash, randomBytes } from 'node:crypto'
import { lstat, open, readdir, readlink, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isMachineFailure } from './file-error.ts'
import { processStart, runningSince } from './process-start.ts'

/** Who makes something beside its place: a process of a machine, or of a container that numbers its own. */
interface Maker {
  readonly machine: string
  readonly pid: number
  readonly start: string
}

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)

const found = async (): Promise<Maker> => ({
  machine: short(`${hostname()} ${await readlink('/proc/self/ns/pid').catch(() => '')}`),
  pid: process.pid,
  start: short(await processStart(process.pid)),
})
let known: Promise<Maker> | undefined
const self = (): Promise<Maker> => {
  known ??= found()
  return known
}

/** `new`: not yet whole; `old`: what stood in the place before. */
type Beside = 'new' | 'old'

/** A path beside another that no one else uses, and which tells who made it. */
export const besidePath = async (path: string, beside: Beside): Promise<string> => {
  const { machine, pid, start } = await self()
  return `${path}.${machine}-${pid}-${start}-${randomBytes(4).toString('hex')}.${beside === 'new' ? 'tmp' : 'old'}`
}

const madeBeside =
  /^(?<place>.+)\.(?<machine>[\da-f]{8})-(?<pid>\d+)-(?<start>[\da-f]{8})-[\da-f]{8}\.(?<beside>tmp|old)$/

const day = 24 * 60 * 60 * 1000

/** Whether no one will come back to it: its process is gone, or, of another machine, it has not changed for a day. */
const isAbandoned = async (path: string, { machine, pid, start }: Maker): Promise<boolean> => {
  const here = await self()
  if (machine !== here.machine) return Date.now() - (await lstat(path)).mtimeMs > day
  const since = await runningSince(pid)
  return since === undefined || (since !== '' && ![short(since), short('')].includes(start))
}

const sweep = async (folder: string, name: string): Promise<void> => {
  const made = madeBeside.exec(name)?.groups
  if (made === undefined) return
  const path = join(folder, name)
  if (!(await isAbandoned(path, { machine: made.machine, pid: Number(made.pid), start: made.start }))) return
  // Killed between the two renames of a replacement: what stood there stands again.
  const place = join(folder, made.place)
  if (made.beside === 'old' && (await lstat(place).catch(() => undefined)) === undefined) await rename(path, place)
  else await rm(path, { recursive: true, force: true })
}

const swept = new Set<string>()

/** Takes away, once a folder, what processes that were killed had begun there; what a living one makes stays. */
export const sweepBeside = async (path: string): Promise<void> => {
  const folder = dirname(resolve(path))
  if (swept.has(folder)) return
  swept.add(folder)
  for (const name of await readdir(folder).catch(() => [])) await sweep(folder, name).catch(() => {})
}

/** What was written to a file or a folder's names is on the disk, where its file system and the platform can be asked for that. */
const sync = async (path: string): Promise<void> => {
  try {
    const opened = await open(path, process.platform === 'win32' ? 'r+' : 'r')
    await opened.sync().finally(() => opened.close())
  } catch (error) {
    if (isMachineFailure(error)) throw error
  }
}

const syncAll = async (path: string): Promise<void> => {
  const found = await lstat(path)
  if (found.isDirectory()) for (const name of await readdir(path)) await syncAll(join(path, name))
  if (found.isDirectory() || found.isFile()) await sync(path)
}

/**
 * Gives a file or a folder that was made beside its place its name there: it is on the disk before, and its name after. So what
 * is put in place one after the other is there in this order, also where the power goes.
 */
export const putInPlace = async (made: string, place: string): Promise<void> => {
  await syncAll(made)
  await rename(made, place)
  await sync(dirname(place))
}
