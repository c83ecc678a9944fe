import { either as E, function as F } from 'fp-ts'
import { problem } from '../../ir/error.ts'
import type { RuntimeProblem } from './error.ts'
import { loadOnnxruntime } from './onnxruntime.ts'
import { checkOpenvino } from './openvino/check.ts'
import { findOpenvino } from './openvino/installed.ts'

/** An optional runtime of exported graphs, under the name of its executor. */
export interface GraphRuntime {
  readonly name: 'onnx' | 'openvino'
  readonly works: boolean
  readonly version: string | undefined
  /** What computes, or why it does not. */
  readonly describe: string
  /** How to get it, where it is not there. */
  readonly hint: string | undefined
}

type Found = E.Either<RuntimeProblem, { readonly version: string; readonly describe: string }>

const report = (name: GraphRuntime['name'], found: Found): GraphRuntime =>
  F.pipe(
    found,
    E.match(
      ({ seen, hint }): GraphRuntime => ({ name, works: false, version: undefined, describe: seen, hint }),
      ({ version, describe }) => ({ name, works: true, version, describe, hint: undefined }),
    ),
  )

const onnxruntime = (): Found =>
  E.map(({ version, folder }: { readonly version: string; readonly folder: string }) => ({
    version,
    describe: `onnxruntime ${version}, ${folder}`,
  }))(loadOnnxruntime())

const openvino = async (cache: string): Promise<Found> => {
  const installed = await findOpenvino(cache)
  if (installed === undefined)
    return E.left(problem('not-set-up', cache, 'not set up', 'OpenVINO', 'espalier setup --with openvino'))
  return E.map(({ version, device }: { readonly version: string; readonly device: string }) => ({
    version,
    describe: `OpenVINO ${version} on ${device}, ${installed.folder}`,
  }))(await checkOpenvino(installed.library))
}

/** Which of them are here; OpenVINO is tried in a process of its own. */
export const graphRuntimes = async (cache: string): Promise<readonly GraphRuntime[]> => [
  report('onnx', onnxruntime()),
  report('openvino', await openvino(cache)),
]
