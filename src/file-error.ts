const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'no such file or folder',
  EISDIR: 'a folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a file system that is read-only',
  ENOSPC: 'a full disk',
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

/** What stood in the way of reading or writing a file, in words. */
export const fileReason = (error: unknown): string =>
  reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))

/** Whether the machine failed rather than the path that was given: no one can mend it by another argument. */
export const isMachineFailure = (error: unknown): boolean => ['EDQUOT', 'EIO', 'ENOSPC'].includes(codeOf(error))
