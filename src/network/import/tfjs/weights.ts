import { resolve } from 'node:path'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import { problem, sizeOf, type Tensor } from '../../../../ir/index.ts'
import { widenFloat16 } from '../../weights/float16.ts'
import type { ImportProblem } from '../error.ts'
import type { WeightEntry, WeightGroup } from './model-json.ts'
import { readShards } from './shards.ts'

const readers = {
  float32: { width: 4, read: (bytes: ArrayBuffer) => new Float32Array(bytes) },
  int32: { width: 4, read: (bytes: ArrayBuffer) => Float64Array.from(new Int32Array(bytes)) },
  int64: { width: 8, read: (bytes: ArrayBuffer) => Float64Array.from(new BigInt64Array(bytes), Number) },
  bool: { width: 1, read: (bytes: ArrayBuffer) => Float64Array.from(new Uint8Array(bytes), b => (b === 0 ? 0 : 1)) },
} as const

const codes = {
  uint8: { width: 1, read: (bytes: ArrayBuffer) => new Uint8Array(bytes) },
  uint16: { width: 2, read: (bytes: ArrayBuffer) => new Uint16Array(bytes) },
} as const

const isDtype = (name: string): name is keyof typeof readers => Object.hasOwn(readers, name)
const isCode = (name: string): name is keyof typeof codes => Object.hasOwn(codes, name)

/** How the bytes of one tensor are read: its width on disk and its values. */
interface Reading {
  readonly width: number
  readonly read: (bytes: ArrayBuffer) => Float32Array | Float64Array
}

const readingOf = (where: string, { name, dtype, quantization }: WeightEntry): E.Either<ImportProblem, Reading> => {
  const at = `${where}, weight ${name}`
  if (!isDtype(dtype))
    return E.left(problem('unsupported-type', at, dtype, `one of ${Object.keys(readers).join(', ')}`))
  if (quantization === undefined) return E.right(readers[dtype])
  if (quantization.dtype === 'float16' && dtype === 'float32')
    return E.right({ width: 2, read: bytes => widenFloat16(new Uint16Array(bytes)) })
  const { dtype: code, scale, min } = quantization
  if (!isCode(code) || (dtype !== 'float32' && dtype !== 'int32'))
    return E.left(
      problem(
        'unsupported-type',
        at,
        `${dtype} stored as ${code}`,
        'float32 as uint8, uint16 or float16, or int32 as uint8 or uint16',
      ),
    )
  if (scale === undefined || min === undefined)
    return E.left(problem('malformed-file', at, `${code} without scale or min`, 'both'))
  return E.right({
    width: codes[code].width,
    read: bytes => {
      const quantized = codes[code].read(bytes)
      const values = dtype === 'float32' ? new Float32Array(quantized.length) : new Float64Array(quantized.length)
      for (let i = 0; i < values.length; i++) {
        const value = quantized[i] * scale + min
        values[i] = dtype === 'float32' ? value : Math.round(value)
      }
      return values
    },
  })
}

const readGroup = (
  where: string,
  folder: string,
  { paths, weights }: WeightGroup,
): TE.TaskEither<readonly ImportProblem[], readonly (readonly [string, Tensor])[]> => {
  const readings = weights.map(entry => readingOf(where, entry))
  const problems = readings.flatMap(reading => (E.isLeft(reading) ? [reading.left] : []))
  if (problems.length > 0) return TE.left(problems)
  const known = readings.flatMap(reading => (E.isRight(reading) ? [reading.right] : []))
  const sizes = weights.map((entry, at) => sizeOf(entry.shape) * known[at].width)
  return F.pipe(
    readShards(
      folder,
      paths,
      sizes.reduce((a, b) => a + b, 0),
    ),
    TE.map(bytes => {
      let begin = 0
      return weights.map(({ name, shape }, at) => {
        const end = begin + sizes[at]
        // A typed array must start at a multiple of its width, which no manifest promises: hence the copy.
        const own = new Uint8Array(bytes.subarray(begin, end)).buffer
        begin = end
        return [name, { shape, data: known[at].read(own) }] as const
      })
    }),
  )
}

/**
 * The tensors of a model by name, quantized ones as the numbers they stand for. Floating-point values are float32,
 * integers and booleans are numbers in a float64 array.
 */
export const readWeights = (
  where: string,
  folder: string,
  groups: readonly WeightGroup[],
): TE.TaskEither<readonly ImportProblem[], ReadonlyMap<string, Tensor>> => {
  const paths = groups.flatMap(group => group.paths.map(path => resolve(folder, path)))
  if (new Set(paths).size !== paths.length)
    return TE.left([problem('malformed-file', `${where}, weightsManifest`, 'a shard twice', 'each shard once')])
  return F.pipe(
    TE.traverseSeqArray((group: WeightGroup) => readGroup(where, folder, group))(groups),
    TE.flatMapEither(read => {
      const entries = read.flat()
      const tensors = new Map(entries)
      return tensors.size === entries.length
        ? E.right(tensors)
        : E.left([problem('malformed-file', `${where}, weightsManifest`, 'two weights of one name', 'a name for each')])
    }),
  )
}
