import { constants } from 'node:fs'
import { access, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { cannotWrite } from './error.ts'
import { makeFolder } from './make-folder.ts'
import { besidePath, putInPlace, sweepBeside } from './put-in-place.ts'

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    found => found.isDirectory(),
    () => false,
  )

/** Gives a folder another name, where it is there. */
const movedAway = async (folder: string, to: string): Promise<boolean> => {
  if (!(await isFolder(folder))) return false
  try {
    await rename(folder, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Whether another folder came to the place in the meantime. */
const isOccupied = (error: unknown): boolean =>
  ['EEXIST', 'ENOTEMPTY', ...(process.platform === 'win32' ? ['EPERM'] : [])].includes(codeOf(error))

/** Others may put theirs in the same place: whoever comes last stays. */
const attempts = 100

/** Puts a folder where another one stands, which is moved away first, and back where this fails. */
const replace = async (made: string, folder: string): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const old = await besidePath(folder, 'old')
    const stood = await movedAway(folder, old)
    try {
      await putInPlace(made, folder)
      return await rm(old, { recursive: true, force: true })
    } catch (error) {
      const another = isOccupied(error) && attempt < attempts
      if (stood) await (another ? rm(old, { recursive: true, force: true }) : rename(old, folder))
      if (!another) throw error
    }
  }
}

/** Makes the folder that something will be put in, which is to be writable. @throws EspalierError that names `path` */
export const makeParent = async (path: string): Promise<void> => {
  const parent = dirname(resolve(path))
  try {
    await makeFolder(parent)
    await access(parent, constants.W_OK)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

/**
 * Writes files, by their paths in it, as a folder, which appears whole or not at all; one that stands there is replaced, and stands again where
 * that fails.
 */
export const replaceFolder = async (folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  await makeFolder(dirname(folder))
  await sweepBeside(folder)
  const made = await besidePath(folder, 'new')
  try {
    await mkdir(made)
    for (const [name, bytes] of files) {
      const path = join(made, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, bytes)
    }
    await replace(made, folder)
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}
