import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Writes files as a folder, which appears whole or not at all; one that stands there is replaced, and stands again where
 * that fails.
 */
export const replaceFolder = async (folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  const temporary = `${folder}.${process.pid}.tmp`
  const replaced = `${folder}.${process.pid}.old`
  try {
    await mkdir(dirname(folder), { recursive: true })
    await mkdir(temporary)
    for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes)
    const stood = await exists(folder)
    if (stood) await rename(folder, replaced)
    try {
      await rename(temporary, folder)
    } catch (error) {
      if (stood) await rename(replaced, folder)
      throw error
    }
    await rm(replaced, { recursive: true, force: true })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

const exists = (folder: string): Promise<boolean> =>
  readdir(folder).then(
    () => true,
    () => false,
  )
