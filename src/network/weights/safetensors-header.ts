import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { problem } from '../../../ir/error.ts'
import { excerpt } from '../../../ir/excerpt.ts'
import { sizeOf } from '../../../ir/tensor.ts'
import type { WeightsProblem } from './error.ts'

/** Bytes an element takes, for each dtype that a file may carry; float8 and narrower are refused. */
const widths = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const

export type Dtype = keyof typeof widths

/** Where one tensor lies: bytes `[begin, end)` after the header. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly entries: readonly TensorEntry[]
  readonly metadata: ReadonlyMap<string, string>
}

const Count = t.refinement(t.number, n => Number.isSafeInteger(n) && n >= 0, 'non-negative integer')
const Entry = t.strict({ dtype: t.string, shape: t.array(Count), data_offsets: t.tuple([Count, Count]) })
const Metadata = t.record(t.string, t.string)

/** The key that the format keeps for metadata: no tensor can have this name. */
export const metadataKey = '__metadata__'

const isDtype = (name: string): name is Dtype => Object.hasOwn(widths, name)

const readEntry = (where: string, name: string, value: unknown): E.Either<WeightsProblem, TensorEntry> => {
  const at = `${where}, tensor ${excerpt(name)}`
  const decoded = Entry.decode(value)
  if (E.isLeft(decoded))
    return E.left(
      problem('bad-header', at, excerpt(value), '{"dtype": name, "shape": [extents], "data_offsets": [begin, end]}'),
    )
  const { dtype, shape, data_offsets } = decoded.right
  const [begin, end] = data_offsets
  if (!isDtype(dtype))
    return E.left(problem('unsupported-dtype', at, dtype, `one of ${Object.keys(widths).join(', ')}`))
  const bytes = sizeOf(shape) * widths[dtype]
  return end - begin === bytes
    ? E.right({ name, dtype, shape, begin, end })
    : E.left(
        problem(
          'bad-offsets',
          at,
          `${end - begin} bytes, [${begin}, ${end})`,
          `${bytes} bytes for ${dtype} [${shape}]`,
        ),
      )
}

/** The format allows neither holes nor overlap: sorted by offset, entries tile the payload. */
const checkTiling = (
  where: string,
  entries: readonly TensorEntry[],
  payloadBytes: number,
): E.Either<readonly WeightsProblem[], readonly TensorEntry[]> => {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let next = 0
  for (const { name, begin, end } of sorted) {
    const at = `${where}, tensor ${excerpt(name)}`
    if (end > payloadBytes)
      return E.left([
        problem(
          'bad-offsets',
          at,
          `bytes [${begin}, ${end})`,
          `an end within the ${payloadBytes} bytes of data`,
          truncated,
        ),
      ])
    if (begin !== next)
      return E.left([
        problem('bad-offsets', at, `a begin at byte ${begin}`, `${next}, where the tensor before it ends`),
      ])
    next = end
  }
  return next === payloadBytes
    ? E.right(entries)
    : E.left([problem('bad-offsets', where, `${payloadBytes} bytes of data`, `${next}, where the last tensor ends`)])
}

const truncated = 'the file may be cut short; fetch it again'

/**
 * Checks the JSON header of a safetensors file, which is not trusted, against the bytes that follow it: every
 * tensor's bytes are as many as its shape says, and together they tile the payload.
 */
export const parseHeader = (
  where: string,
  text: string,
  payloadBytes: number,
): E.Either<readonly WeightsProblem[], SafetensorsHeader> => {
  const parsed = E.tryCatch((): unknown => JSON.parse(text), String)
  if (E.isLeft(parsed)) return E.left([problem('bad-header', where, parsed.left, 'a JSON object')])
  const json = parsed.right
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return E.left([problem('bad-header', where, excerpt(json), 'a JSON object')])
  const fields = Object.entries(json)
  const metadata = Metadata.decode(fields.find(([name]) => name === metadataKey)?.[1] ?? {})
  if (E.isLeft(metadata))
    return E.left([problem('bad-header', `${where}, ${metadataKey}`, 'other values', 'an object of strings')])
  const read = fields.filter(([name]) => name !== metadataKey).map(([name, value]) => readEntry(where, name, value))
  const problems = read.flatMap(entry => (E.isLeft(entry) ? [entry.left] : []))
  if (problems.length > 0) return E.left(problems)
  return F.pipe(
    checkTiling(
      where,
      read.flatMap(entry => (E.isRight(entry) ? [entry.right] : [])),
      payloadBytes,
    ),
    E.map(entries => ({ entries, metadata: new Map(Object.entries(metadata.right)) })),
  )
}
