import { createRequire } from 'node:module'
import { either as E } from 'fp-ts'
import type { KoffiFunc, LibraryHandle } from 'koffi'
import { problem } from '../../../ir/error.ts'
import type { RuntimeProblem } from '../error.ts'
import { cacheFolder } from '../native/layout.ts'
import { findKoffi } from './check.ts'
import { findOpenvino } from './installed.ts'

/** A pointer of the library's. */
export type Handle = { readonly handle: unique symbol }

/** What a call of the library's that fails throws, with what the library says of it. */
export class OpenvinoError extends Error {
  override readonly name = 'OpenvinoError'
}

/** OpenVINO's C interface, as far as graphs need it. Whatever gives a handle leaves it to the caller to free. */
export interface Openvino {
  readonly version: string
  readonly readModel: (onnx: Uint8Array) => Promise<Handle>
  readonly inputCount: (model: Handle) => number
  readonly hasInput: (model: Handle, name: string) => boolean
  readonly hasOutput: (model: Handle, name: string) => boolean
  readonly reshape: (model: Handle, shapes: ReadonlyMap<string, readonly number[]>) => void
  readonly compile: (model: Handle, properties: Readonly<Record<string, string>>) => Promise<Handle>
  readonly createRequest: (compiled: Handle) => Handle
  readonly tensor: (request: Handle, name: string) => Handle
  /** A view of a float32 tensor's memory, which ends with the tensor. */
  readonly floats: (tensor: Handle) => Float32Array
  readonly shape: (tensor: Handle) => readonly number[]
  readonly infer: (request: Handle) => Promise<void>
  readonly free: (kind: 'model' | 'compiled_model' | 'infer_request' | 'tensor', handle: Handle) => void
}

type Koffi = typeof import('koffi')
type Status = KoffiFunc<(...args: unknown[]) => number>

const float32 = 4

/** The C interface has no shape of rank 0: of a scalar it says this. */
const invalidParameter = -14

const mostOfAReason = 300

/** Deep graphs recurse deeply when they are compiled and freed; koffi's own stacks are of 2 MB and of 128 KB. */
const stackBytes = 8 << 20

/** A pointer's memory must stay where it is until a call on another thread is done, so what it reads is held here. */
const held = new Set<readonly unknown[]>()

/** What OpenVINO says went wrong, without the places in its source. */
const reasonIn = (message: string): string =>
  message
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !/^(Exception from |Check '.*' failed at )/.test(line))
    .join(' ')
    .replace(/While validating node '.*' with friendly_name '(.*)':/, 'node $1:')
    .slice(0, mostOfAReason)

const bind = (koffi: Koffi, lib: LibraryHandle): Openvino => {
  const handle = koffi.pointer('void')
  const outHandle = koffi.out(koffi.pointer(handle))
  const outSize = koffi.out(koffi.pointer('size_t'))
  const dimension = koffi.struct({ min: 'int64_t', max: 'int64_t' })
  const partialShape = koffi.struct({ least: 'int64_t', most: 'int64_t', dims: koffi.pointer(dimension) })
  const shape = koffi.struct({ rank: 'int64_t', dims: koffi.pointer('int64_t') })
  const property = koffi.struct({ key: 'str', value: 'str' })
  const version = koffi.struct({ build: 'str', description: 'str' })
  const func = (name: string, ...types: unknown[]): Status => lib.func(name, 'int', types as never) as Status
  const lastMessage = lib.func('ov_get_last_err_msg', 'str', [])
  const statusMessage = lib.func('ov_get_error_info', 'str', ['int'])

  const check = (status: number): void => {
    if (status !== 0) throw new OpenvinoError(reasonIn(lastMessage() ?? '') || statusMessage(status))
  }
  const call = (f: Status, ...args: unknown[]): void => check(f(...args))
  const made = (f: Status, ...args: unknown[]): Handle => {
    const out = [null]
    call(f, ...args, out)
    return out[0] as never
  }
  const counted = (f: Status, ...args: unknown[]): number => {
    const out = [0]
    call(f, ...args, out)
    return Number(out[0])
  }
  const callAside = async (f: Status, ...args: unknown[]): Promise<void> => {
    held.add(args)
    try {
      check(
        await new Promise<number>((resolve, reject) =>
          f.async(...args, (error: Error | null, status: number) => (error ? reject(error) : resolve(status))),
        ),
      )
    } finally {
      held.delete(args)
    }
  }
  const madeAside = async (f: Status, ...args: unknown[]): Promise<Handle> => {
    const out = [null]
    await callAside(f, ...args, out)
    return out[0] as never
  }

  const getVersion = func('ov_get_openvino_version', koffi.out(koffi.pointer(version)))
  const createCore = func('ov_core_create', outHandle)
  const read = func('ov_core_read_model_from_memory_buffer', handle, handle, 'size_t', handle, outHandle)
  const inputs = func('ov_model_inputs_size', handle, outSize)
  const input = func('ov_model_const_input_by_name', handle, 'str', outHandle)
  const output = func('ov_model_const_output_by_name', handle, 'str', outHandle)
  const freePort = lib.func('ov_output_const_port_free', 'void', [handle])
  const reshape = func('ov_model_reshape', handle, koffi.pointer('str'), koffi.pointer(partialShape), 'size_t')
  const compile = func(
    'ov_core_compile_model_props',
    ...[handle, handle, 'str', 'size_t', koffi.pointer(property), outHandle],
  )
  const createRequest = func('ov_compiled_model_create_infer_request', handle, outHandle)
  const getTensor = func('ov_infer_request_get_tensor', handle, 'str', outHandle)
  const elementType = func('ov_tensor_get_element_type', handle, koffi.out(koffi.pointer('int')))
  const byteSize = func('ov_tensor_get_byte_size', handle, outSize)
  const data = func('ov_tensor_data', handle, outHandle)
  const getShape = func('ov_tensor_get_shape', handle, koffi.out(koffi.pointer(shape)))
  const freeShape = func('ov_shape_free', koffi.inout(koffi.pointer(shape)))
  const infer = func('ov_infer_request_infer', handle)
  const free = {
    model: lib.func('ov_model_free', 'void', [handle]),
    compiled_model: lib.func('ov_compiled_model_free', 'void', [handle]),
    infer_request: lib.func('ov_infer_request_free', 'void', [handle]),
    tensor: lib.func('ov_tensor_free', 'void', [handle]),
  }
  const hasPort = (find: Status, model: Handle, name: string): boolean => {
    const port = [null]
    if (find(model, name, port) !== 0) return false
    freePort(port[0])
    return true
  }

  const said = { build: '' }
  call(getVersion, said)
  const core = made(createCore)
  return {
    version: said.build.split('-')[0] as string,
    readModel: onnx => madeAside(read, core, onnx, onnx.length, null),
    inputCount: model => counted(inputs, model),
    hasInput: (model, name) => hasPort(input, model, name),
    hasOutput: (model, name) => hasPort(output, model, name),
    reshape: (model, shapes) => {
      const partial = [...shapes.values()].map(dims => ({
        least: dims.length,
        most: dims.length,
        dims: dims.map(n => ({ min: n, max: n })),
      }))
      call(reshape, model, [...shapes.keys()], partial, shapes.size)
    },
    compile: (model, properties) => {
      const list = Object.entries(properties).map(([key, value]) => ({ key, value }))
      return madeAside(compile, core, model, 'CPU', list.length, list)
    },
    createRequest: compiled => made(createRequest, compiled),
    tensor: (request, name) => made(getTensor, request, name),
    floats: tensor => {
      if (counted(elementType, tensor) !== float32) throw new OpenvinoError('A value that is not of float32.')
      return new Float32Array(koffi.view(made(data, tensor), counted(byteSize, tensor)))
    },
    shape: tensor => {
      const found = { rank: 0, dims: null }
      const status = getShape(tensor, found)
      if (status === invalidParameter) return []
      check(status)
      const dims: ArrayLike<number | bigint> = koffi.decode(found.dims, 'int64_t', Number(found.rank))
      freeShape(found)
      return Array.from(dims, Number)
    },
    infer: request => callAside(infer, request),
    free: (kind, freed) => free[kind](freed),
  }
}

let loaded: Openvino | undefined

/** Loads OpenVINO once a process; it stays until the process ends. Left: it is not set up, or does not load here. */
export const loadOpenvino = async (cache: string = cacheFolder()): Promise<E.Either<RuntimeProblem, Openvino>> => {
  if (loaded !== undefined) return E.right(loaded)
  const package_ = findKoffi()
  if (E.isLeft(package_)) return package_
  const installed = await findOpenvino(cache)
  if (installed === undefined)
    return E.left(
      problem('not-set-up', cache, 'no whole installation', 'OpenVINO', 'run `espalier setup --with openvino`'),
    )
  try {
    const koffi: Koffi = createRequire(import.meta.url)(package_.right)
    koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes })
    loaded ??= bind(koffi, koffi.load(installed.library))
    return E.right(loaded)
  } catch (error) {
    const seen = (error as Error).message
    return E.left(
      problem('library-does-not-load', installed.library, seen, 'a library that loads', 'run `espalier doctor`'),
    )
  }
}
