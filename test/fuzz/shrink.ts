import type { Tried } from './attempt.ts'
import type { Files } from './format.ts'
import type { Case } from './mutant.ts'

type Attempt = (format: string, files: Files) => Promise<Tried>

const sizeOf = (files: Files): number => [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0)

/** The smallest files found in some time that show the same finding; undefined where the case itself does not show it again. */
export const shrink = async (
  { format, files }: Case,
  signature: string,
  attempt: Attempt,
  milliseconds: number,
): Promise<Files | undefined> => {
  const shows = async (candidate: Files): Promise<boolean> =>
    (await attempt(format.name, candidate)).signature === signature
  if (!(await shows(files))) return undefined
  const deadline = performance.now() + milliseconds
  let smallest = files
  for (let progress = true; progress && performance.now() < deadline; ) {
    progress = false
    for (const candidate of format.smaller(smallest)) {
      if (performance.now() > deadline) break
      if (sizeOf(candidate) >= sizeOf(smallest) || !(await shows(candidate))) continue
      smallest = candidate
      progress = true
      break
    }
  }
  return smallest
}
