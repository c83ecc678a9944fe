import { readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { isAlive } from '../../base/process-start.ts'
import { interrupted } from './download.ts'
import type { Attempt, SetupEvent } from './fetch.ts'

/** What every setup does around its work, so that nothing half-made is left or stands at a place. */

/** Half-made folders carry the process that makes them in their name; those of dead processes go. */
const clearHalfMade = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = /\.(\d+)\.tmp$/.exec(name)?.[1]
    if (pid !== undefined && (Number(pid) === process.pid || !isAlive(Number(pid))))
      await rm(join(folder, name), { recursive: true, force: true })
  }
}

const progressMilliseconds = 100

/** Progress is told ten times a second at most. */
export const throttled = (tell: (event: SetupEvent) => void): ((event: SetupEvent) => void) => {
  let last = 0
  return event => {
    if (event.state === 'progress' && Date.now() - last < progressMilliseconds) return
    last = event.state === 'progress' ? Date.now() : 0
    tell(event)
  }
}

export interface SetupFolders {
  readonly cache: string
  /** The folder that the installation is made in. */
  readonly temporary: string
  readonly downloads: string
}

/** The folders for a new installation, and none that a dead process left half-made. */
export const makeFolders = async ({ temporary, downloads }: SetupFolders): Promise<void> => {
  await clearHalfMade(dirname(temporary))
  await makeFolder(temporary)
  await makeFolder(downloads)
}

/** Does a setup's work and cleans up behind it. Left: also what the disk or the user stopped. */
export const attempt = async <A>(
  { cache, temporary, downloads }: SetupFolders,
  signal: AbortSignal | undefined,
  work: () => Attempt<A>,
): Attempt<A> => {
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted) return E.left(interrupted(downloads))
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOSPC'
      ? E.left(
          problem('no-space', cache, message, 'room on the disk', 'set ESPALIER_CACHE to a folder on another disk'),
        )
      : E.left(problem('cannot-write', cache, message, 'a folder that can be written', 'set ESPALIER_CACHE to one'))
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => {})
    for (const empty of [downloads, dirname(downloads)]) await rmdir(empty).catch(() => {})
  }
}
