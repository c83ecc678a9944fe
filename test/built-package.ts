import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the built package: whoever needs it first builds it. */
    readonly builtPackage: string
  }
}

/** Keeps a folder for one build of the package, which all test files share. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-package-'))
  provide('builtPackage', folder)
  return () => rm(folder, { recursive: true, force: true })
}
