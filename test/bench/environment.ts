import { cpus } from 'node:os'
import { packageVersion } from '../../src/base/package.ts'

/** What a figure was measured on. */
export const environment = (): { readonly machine: string; readonly versions: readonly string[] } => ({
  machine: `${cpus().length} cores, ${cpus()[0].model.trim()}`,
  versions: [`espalier ${packageVersion}`, `node ${process.version}`],
})
