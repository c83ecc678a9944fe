import { open, rm } from 'node:fs/promises'
import { besidePath, putInPlace, sweepBeside } from './put-in-place.ts'

/** Writes a file beside its place, then puts it there: a reader sees the old file or the new one, never a part. */
export const replaceFile = async (path: string, bytes: Uint8Array): Promise<void> => {
  await sweepBeside(path)
  const made = await besidePath(path, 'new')
  try {
    const file = await open(made, 'wx')
    await file.writeFile(bytes).finally(() => file.close())
    await putInPlace(made, path)
  } catch (cause) {
    await rm(made, { force: true })
    throw cause
  }
}
