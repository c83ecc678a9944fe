import { readFile, stat } from 'node:fs/promises'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import { sizeOf, type Tensor } from '../../../ir/tensor.ts'
import { replaceFile } from '../../base/replace-file.ts'
import { brokenSeal, seal, sealKey, unfilled } from '../../base/seal.ts'
import type { WeightsProblem } from './error.ts'
import { narrowFloat16, widenBfloat16, widenFloat16 } from './float16.ts'
import { metadataKey, parseHeader, type TensorEntry } from './safetensors-header.ts'

/** What a safetensors file holds: its floating-point tensors by name, and its metadata. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: ReadonlyMap<string, string>
}

const prefixBytes = 8
/** The bound of the reference implementation. */
const headerBytesAtMost = 100_000_000

const floats = (bytes: Uint8Array, entry: TensorEntry): Float32Array | undefined => {
  // A typed array must start at a multiple of its width, which no header promises: hence the copy. Every platform
  // that Node runs on stores numbers as the format does, lowest byte first.
  const own = (): ArrayBuffer => new Uint8Array(bytes.subarray(entry.begin, entry.end)).buffer
  switch (entry.dtype) {
    case 'F32':
      return new Float32Array(own())
    case 'F64':
      return Float32Array.from(new Float64Array(own()))
    case 'F16':
      return widenFloat16(new Uint16Array(own()))
    case 'BF16':
      return widenBfloat16(new Uint16Array(own()))
    default:
      return undefined
  }
}

const withoutSeal = (metadata: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...metadata].filter(([key]) => key !== sealKey))

/**
 * Reads the bytes of a safetensors file: float64, float32, float16 and bfloat16 tensors as float32, integers and
 * booleans left out (PyTorch's `num_batches_tracked`). Nothing is allocated before the header agrees with the bytes,
 * and the bytes with the checksum of {@link encodeSealedSafetensors} where they have one.
 *
 * @see https://github.com/huggingface/safetensors#format
 */
export const decodeSafetensors = (
  bytes: Uint8Array,
  where = 'safetensors',
): E.Either<readonly WeightsProblem[], Safetensors> => {
  const fail = (seen: string, expected: string) => E.left([problem('bad-header', where, seen, expected)] as const)
  if (bytes.length < prefixBytes) return fail(`${bytes.length} bytes`, `at least ${prefixBytes}, a header's length`)
  const announced = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (announced > BigInt(bytes.length - prefixBytes))
    return fail(
      `a header of ${announced} bytes`,
      `at most the ${bytes.length - prefixBytes} bytes that follow its length`,
    )
  if (announced > BigInt(headerBytesAtMost))
    return fail(`a header of ${announced} bytes`, `at most ${headerBytesAtMost}`)
  const end = prefixBytes + Number(announced)
  const text = E.tryCatch(
    () => new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(prefixBytes, end)),
    String,
  )
  if (E.isLeft(text)) return fail('a header that is not UTF-8', 'a JSON object in UTF-8')
  const payload = bytes.subarray(end)
  return F.pipe(
    parseHeader(where, text.right, payload.length),
    E.flatMap(header => {
      const broken = brokenSeal(bytes, end)
      return broken === undefined
        ? E.right(header)
        : E.left([
            problem('bad-checksum', where, broken.seen, broken.expected, 'write or copy the file again'),
          ] as const)
    }),
    E.map(({ entries, metadata }) => {
      const tensors = new Map<string, Tensor>()
      for (const entry of entries) {
        const data = floats(payload, entry)
        if (data !== undefined) tensors.set(entry.name, { shape: entry.shape, data })
      }
      return { tensors, metadata: withoutSeal(metadata) }
    }),
  )
}

const readProblem = (path: string, cause: unknown): WeightsProblem => {
  const code = (cause as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? problem('missing-file', path, 'no such file', 'a safetensors file')
    : problem('unreadable-file', path, cause instanceof Error ? cause.message : String(cause), 'a readable file')
}

const readBytes = async (path: string): Promise<Uint8Array> => {
  // A device or a pipe has no length to check the header against.
  if (!(await stat(path)).isFile()) throw new Error('something that is not a file')
  return readFile(path)
}

/** Reads a safetensors file with its metadata; see {@link decodeSafetensors}. */
export const readSafetensorsFile = (path: string): TE.TaskEither<readonly WeightsProblem[], Safetensors> =>
  F.pipe(
    TE.tryCatch(
      () => readBytes(path),
      cause => [readProblem(path, cause)],
    ),
    TE.flatMapEither(bytes => decodeSafetensors(bytes, path)),
  )

/** The floating-point tensors of a safetensors file, by name, in the layout they were saved in. */
export const readSafetensors = (path: string): TE.TaskEither<readonly WeightsProblem[], ReadonlyMap<string, Tensor>> =>
  F.pipe(
    readSafetensorsFile(path),
    TE.map(file => file.tensors),
  )

type Names<A> = ReadonlyMap<string, A>
const sorted = <A>(values: Names<A>): readonly (readonly [string, A])[] =>
  [...values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** How values are written: `F32`, or `F16` for half the bytes and three digits. */
export type WrittenDtype = 'F32' | 'F16'

/**
 * The bytes of a safetensors file: names in order of code units, data 8-byte aligned, so that equal tensors give equal
 * bytes.
 *
 * @throws RangeError for a tensor that does not fill its shape or is named `__metadata__`.
 */
export const encodeSafetensors = (
  tensors: Names<Tensor>,
  metadata: Names<string> = new Map(),
  dtype: WrittenDtype = 'F32',
): Uint8Array => {
  const width = dtype === 'F16' ? 2 : 4
  if (tensors.has(metadataKey)) throw new RangeError(`no tensor can be named ${metadataKey}`)
  const fields: string[] = []
  if (metadata.size > 0) fields.push(`${JSON.stringify(metadataKey)}:${objectOf(sorted(metadata).map(field))}`)
  let offset = 0
  for (const [name, { shape, data }] of sorted(tensors)) {
    if (sizeOf(shape) !== data.length) throw new RangeError(`${name}: ${data.length} values for [${shape}]`)
    const begin = offset
    offset += width * data.length
    fields.push(field([name, { dtype, shape, data_offsets: [begin, offset] }]))
  }
  const json = new TextEncoder().encode(objectOf(fields))
  const headerBytes = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(prefixBytes + headerBytes + offset)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true)
  bytes.fill(0x20, prefixBytes, prefixBytes + headerBytes).set(json, prefixBytes)
  const payload = dtype === 'F16' ? Uint16Array : Float32Array
  const values = new payload(bytes.buffer, prefixBytes + headerBytes, offset / width)
  let next = 0
  for (const [, { data }] of sorted(tensors)) {
    values.set(dtype === 'F16' ? narrowFloat16(data) : data, next)
    next += data.length
  }
  return bytes
}

// Written field by field: an object would reorder names that look like numbers and swallow `__proto__`.
const field = ([name, value]: readonly [string, unknown]): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`
const objectOf = (fields: readonly string[]): string => `{${fields.join(',')}}`

/** {@link encodeSafetensors} with a checksum of all bytes in the metadata: whoever reads the file notices what has changed since. */
export const encodeSealedSafetensors = (
  tensors: Names<Tensor>,
  metadata: Names<string> = new Map(),
  dtype: WrittenDtype = 'F32',
): Uint8Array => seal(encodeSafetensors(tensors, new Map([...metadata, [sealKey, unfilled]]), dtype))

/** Writes a safetensors file whole or not at all; see {@link encodeSealedSafetensors}. */
export const writeSafetensors = (
  path: string,
  tensors: Names<Tensor>,
  metadata: Names<string> = new Map(),
  dtype: WrittenDtype = 'F32',
): TE.TaskEither<readonly WeightsProblem[], void> =>
  TE.tryCatch(
    () => replaceFile(path, encodeSealedSafetensors(tensors, metadata, dtype)),
    cause => [
      problem('unwritable-file', path, cause instanceof Error ? cause.message : String(cause), 'a folder to write in'),
    ],
  )
