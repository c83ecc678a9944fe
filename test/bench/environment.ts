import { cpus } from 'node:os'
import { packageVersion } from '../../src/runtime/native/layout.ts'

/** What a figure was measured on. */
export const environment = (): { readonly machine: string; readonly versions: readonly string[] } => ({
  machine: `${cpus().length} cores, ${cpus()[0].model.trim()}`,
  versions: [`espalier ${packageVersion}`, `node ${process.version}`],
})

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
