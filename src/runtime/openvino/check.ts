import { createRequire } from 'node:module'
import { either as E } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import type { RuntimeProblem } from '../error.ts'
import { command, lastLines } from '../native/command.ts'

export interface OpenvinoVersion {
  /** Such as `2026.4.1`. */
  readonly version: string
  /** The processor, as OpenVINO's CPU plugin names it. */
  readonly device: string
}

/** Where the package koffi is, with which C libraries are called. Left: npm left it out here. */
export const findKoffi = (): E.Either<RuntimeProblem, string> => {
  try {
    return E.right(createRequire(import.meta.url).resolve('koffi'))
  } catch {
    return E.left(
      problem(
        'not-installed',
        'koffi',
        'no such package',
        'the package with which C libraries are called',
        'npm install koffi',
      ),
    )
  }
}

const script = `
  const koffi = require(process.argv[1])
  const lib = koffi.load(process.argv[2])
  const version = lib.func('ov_get_openvino_version', 'int', [
    koffi.out(koffi.pointer(koffi.struct({ build: 'str', description: 'str' }))),
  ])
  const create = lib.func('int ov_core_create(_Out_ void **core)')
  const property = lib.func('int ov_core_get_property(void *core, str device, str key, _Out_ str *value)')
  const [info, core, device] = [{}, [null], [null]]
  const failed = version(info) || create(core) || property(core[0], 'CPU', 'FULL_DEVICE_NAME', device)
  if (failed) throw new Error(lib.func('str ov_get_error_info(int status)')(failed))
  process.stdout.write('found:' + JSON.stringify({ version: info.build.split('-')[0], device: device[0].trim() }))
`

/** Node's own report of an uncaught error, without the stack. */
const reasonIn = (output: string): string => /^\w*Error: .*$/m.exec(output)?.[0] ?? lastLines(output, 6)

/** Loads OpenVINO and its CPU plugin in a process of its own: a library that this processor cannot run would end ours. */
export const checkOpenvino = async (
  library: string,
  signal?: AbortSignal,
): Promise<E.Either<RuntimeProblem, OpenvinoVersion>> => {
  const koffi = findKoffi()
  if (E.isLeft(koffi)) return koffi
  const loaded = await command(process.execPath, ['-e', script, koffi.right, library], {
    env: { NODE_OPTIONS: '' },
    signal,
  })
  return E.isRight(loaded)
    ? E.right(JSON.parse(loaded.right.split('found:').at(-1) ?? ''))
    : E.left(
        problem(
          'library-does-not-load',
          library,
          `${loaded.left.code}: ${reasonIn(loaded.left.output)}`,
          'OpenVINO to load in a Node process',
          'OpenVINO needs glibc 2.28 and a processor with AVX2; without it other executors run',
        ),
      )
}
