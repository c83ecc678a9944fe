import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isMachineFailure } from '../file-error.ts'

/** The names in a folder are on the disk, where its file system and the platform let a folder be asked for that. */
const syncFolder = async (folder: string): Promise<void> => {
  try {
    const opened = await open(folder, 'r')
    await opened.sync().finally(() => opened.close())
  } catch (error) {
    if (isMachineFailure(error)) throw error
  }
}

/**
 * Writes a file beside its place, then renames it there: a reader sees the old file or the new one, never a part. Files that are replaced
 * one after the other are on the disk in this order, also where the power goes.
 */
export const replaceFile = async (path: string, bytes: Uint8Array): Promise<void> => {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
}
