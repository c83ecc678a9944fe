import { stat } from 'node:fs/promises'
import { cannotWrite } from '../base/error.ts'
import { replaceFile } from '../base/replace-file.ts'
import { makeParent } from '../base/replace-folder.ts'

/** A device or a pipe would be replaced by a file of its name. */
const notReplaced = (): Error =>
  Object.assign(new Error('a device or a pipe, in whose place no file is put'), { code: 'ENODEV' })

/** Makes the folder of a file that will be written, and refuses now what would fail after the work is done. @throws EspalierError */
export const prepareFile = async (path: string): Promise<void> => {
  await makeParent(path)
  const standing = await stat(path).catch(() => undefined)
  if (standing?.isDirectory() === true) throw cannotWrite(path, new Error('a folder'))
  if (standing?.isFile() === false) throw cannotWrite(path, notReplaced())
}

/** Writes a file whole or not at all. @throws EspalierError */
export const writeWhole = async (path: string, contents: string | Uint8Array): Promise<void> => {
  try {
    await replaceFile(path, typeof contents === 'string' ? Buffer.from(contents) : contents)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}
