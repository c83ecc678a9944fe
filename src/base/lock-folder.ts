import { randomUUID } from 'node:crypto'
import { readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { EspalierError } from '../../ir/index.ts'
import { cannotWrite, sourceProblem } from './error.ts'
import { makeFolder } from './make-folder.ts'
import { isRunning, processStart } from './process-start.ts'
import { parseJson } from './read-json.ts'

const Holder = t.strict({
  pid: t.number,
  /** When the process began, as the system says it. */
  start: t.string,
  host: t.string,
  /** Of process numbers: a container has its own. */
  namespace: t.string,
  since: t.string,
})
type Holder = t.TypeOf<typeof Holder>

const second = 1000
/** Signs of life of a process that another machine or container cannot look up. */
const lifeSign = 60 * second
const silence = 10 * lifeSign
/** Between the making of a lock and its contents. */
const writing = 10 * second
/** Of processes that begin at once, how often the first looks whether the others have given way, and how long between. */
const patience = { looks: 20, milliseconds: 50 }

const isLock = (name: string): boolean => /^lock-.*\.json$/.test(name)

const self = async (): Promise<Holder> => ({
  pid: process.pid,
  start: await processStart(process.pid),
  host: hostname(),
  namespace: await readlink('/proc/self/ns/pid').catch(() => ''),
  since: new Date().toISOString(),
})

/** A lock that counts, with its holder where it can be read. */
interface Lock {
  readonly name: string
  readonly holder: Holder | undefined
  readonly here: boolean
}

/** A lock that counts; one that does not is removed, which nobody can mistake: names do not come again. */
const lockAt = async (folder: string, name: string, own: Holder): Promise<readonly Lock[]> => {
  const path = join(folder, name)
  const found = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => undefined)
  if (found === undefined) return []
  const [text, { mtimeMs }] = found
  const json = parseJson(path, text)
  const decoded = E.isRight(json) ? Holder.decode(json.right) : json
  const holder = E.isRight(decoded) ? decoded.right : undefined
  const here = holder?.host === own.host && holder.namespace === own.namespace
  const age = Date.now() - mtimeMs
  const counts = here ? await isRunning(holder.pid, holder.start) : age < (holder === undefined ? writing : silence)
  if (counts) return [{ name, holder, here }]
  await rm(path, { force: true })
  return []
}

const inUse = (folder: string, { holder, here }: Lock): EspalierError => {
  const who = holder === undefined ? 'that just begins' : `${holder.pid}${here ? '' : ` on ${holder.host}`}`
  const since = holder === undefined ? '' : `, at work there since ${holder.since}`
  const elsewhere = here ? '' : `; the folder is free ${silence / lifeSign} minutes after its last sign of life`
  return new EspalierError([
    sourceProblem(
      'folder-in-use',
      folder,
      `another process, ${who}${since}`,
      'a folder that nobody else writes to',
      `wait until it ends, or another folder${elsewhere}`,
    ),
  ])
}

/**
 * Makes a folder this process's own until the returned function is called. A process that is gone, however it ended, holds nothing.
 *
 * Everyone leaves a file of its own and then looks for others': whoever comes second sees the first.
 *
 * @throws EspalierError where another process holds it, or it cannot be written to
 */
export const lockFolder = async (folder: string): Promise<() => Promise<void>> => {
  const holder = await self()
  const own = `lock-${randomUUID()}.json`
  const path = join(folder, own)
  const others = async (): Promise<readonly Lock[]> => {
    const names = (await readdir(folder)).filter(name => isLock(name) && name !== own)
    return (await Promise.all(names.map(name => lockAt(folder, name, holder)))).flat()
  }
  try {
    await makeFolder(folder)
    await writeFile(path, `${JSON.stringify(holder)}\n`, { flag: 'wx' })
    for (let look = 1; ; look++) {
      const there = await others()
      if (there.length === 0) break
      if (look > patience.looks || there.some(({ name }) => name < own)) throw inUse(folder, there[0])
      await wait(patience.milliseconds)
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => {})
    throw error instanceof EspalierError ? error : cannotWrite(folder, error)
  }
  const living = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }, lifeSign).unref()
  return async () => {
    clearInterval(living)
    await rm(path, { force: true })
  }
}
