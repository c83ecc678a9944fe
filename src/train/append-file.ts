import { open } from 'node:fs/promises'
import { cannotWrite } from '../base/error.ts'

/** A file that grows. Calls are made one after the other. @throws EspalierError from each that cannot write. */
export interface AppendFile {
  readonly append: (bytes: Uint8Array) => Promise<void>
  /** Returns once what was appended is on the disk. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Opens a file to append to: a new one, or `standing` cut off after so many bytes. @throws EspalierError */
export const openAppendFile = async (
  path: string,
  { standing }: { readonly standing?: number },
): Promise<AppendFile> => {
  const orCannotWrite = <A>(task: Promise<A>): Promise<A> =>
    task.catch(error => {
      throw cannotWrite(path, error)
    })
  const file = await orCannotWrite(open(path, standing === undefined ? 'wx' : 'a'))
  if (standing !== undefined) await orCannotWrite(file.truncate(standing))
  return {
    append: bytes => orCannotWrite(file.appendFile(bytes)),
    flush: () => orCannotWrite(file.datasync()),
    close: async () => {
      await orCannotWrite(file.datasync())
      await orCannotWrite(file.close())
    },
  }
}
