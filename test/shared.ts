import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A path under the folder of real data beside the repository; tests that need it skip where it is absent. */
export const sharedPath = (...parts: readonly string[]): string =>
  fileURLToPath(new URL(`../../shared/${parts.join('/')}`, import.meta.url))

export const hasShared = existsSync(sharedPath('oracle'))
