import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/error.ts'
import type { RuntimeProblem } from './error.ts'

/** The package onnxruntime-node, which is the user's own to install. */
export interface Onnxruntime {
  readonly ort: typeof import('onnxruntime-node')
  readonly version: string
  readonly folder: string
}

/** Its install script would download CUDA's libraries; the CPU's are in the package. */
const installHint = 'npm install onnxruntime-node --ignore-scripts'

/** Beside this package first, then where a user of a global installation works. */
const ownPlaces = (): readonly string[] => [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href]

const entryFrom = (place: string): readonly string[] => {
  try {
    return [createRequire(place).resolve('onnxruntime-node')]
  } catch {
    return []
  }
}

/** Loads onnxruntime-node for a module in one of some places. Left: it is not there, or does not load here. */
export const loadOnnxruntime = (places: readonly string[] = ownPlaces()): E.Either<RuntimeProblem, Onnxruntime> => {
  const entry = places.flatMap(entryFrom)[0]
  if (entry === undefined)
    return E.left(
      problem('not-installed', 'onnxruntime-node', 'no such package', 'the package onnxruntime-node', installHint),
    )
  try {
    const require = createRequire(entry)
    const ort: Onnxruntime['ort'] = require(entry)
    return E.right({ ort, version: ort.env.versions.node ?? 'unknown', folder: dirname(dirname(entry)) })
  } catch (error) {
    const [seen = ''] = (error as Error).message.split('\n')
    return E.left(problem('not-installed', entry, seen, 'a package that loads here', installHint))
  }
}
