const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'no such file or folder',
  EEXIST: 'something there that is not a folder',
  EISDIR: 'a folder',
  ENAMETOOLONG: 'a name that is too long',
  ELOOP: 'symbolic links that lead back to themselves',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENOMEM: 'no memory left',
  EDQUOT: 'a full disk quota',
  EIO: 'a disk that fails',
  EFBIG: 'a file larger than the file system allows',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a file system that is read-only',
  ENOSPC: 'a full disk',
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

/** What stood in the way of reading or writing a file, in words. */
export const fileReason = (error: unknown): string =>
  reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))

/** What stood in the way of writing, in words: folders on the way are made, so what is missing is the place for them. */
export const writingReason = (error: unknown): string =>
  ({ ENOENT: 'a place where no file can be made', ENOTDIR: 'something there that is not a folder' })[codeOf(error)] ??
  fileReason(error)

/** Whether the disk or the system gave up on what it had begun. */
export const isMachineFailure = (error: unknown): boolean =>
  ['EDQUOT', 'EFBIG', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC'].includes(codeOf(error))

/**
 * Whether the system refuses to write where a path leads, rather than that the path leads nowhere: folders on the way are made, so
 * that nothing is missing but leave to write.
 */
export const isRefusedByMachine = (error: unknown): boolean =>
  isMachineFailure(error) || ['EACCES', 'ENOENT', 'ENODEV', 'ENXIO', 'EPERM', 'EROFS'].includes(codeOf(error))
