import { rm, writeFile } from 'node:fs/promises'
import { besidePath, putInPlace, sweepBeside } from '../put-in-place.ts'

/** Writes a file beside its place, then puts it there: a reader sees the old file or the new one, never a part. */
export const replaceFile = async (path: string, bytes: Uint8Array): Promise<void> => {
  await sweepBeside(path)
  const made = await besidePath(path, 'new')
  try {
    await writeFile(made, bytes, { flag: 'wx' })
    await putInPlace(made, path)
  } catch (cause) {
    await rm(made, { force: true })
    throw cause
  }
}
