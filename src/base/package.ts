import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const rootAbove = (folder: string): string =>
  existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder))

/** The folder of this package's `package.json`, from the source tree and from `dist` alike. */
export const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)))

/** This package's `package.json`. */
export const packageManifest: { readonly version: string; readonly config?: unknown } = JSON.parse(
  readFileSync(join(packageRoot, 'package.json'), 'utf8'),
)

export const packageVersion = packageManifest.version
