import { readSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { linesOf, readText } from '../base/read-text.ts'
import type { DataSet, Example } from './data-set.ts'
import type { DataProblem } from './error.ts'
import { hashOf } from './fingerprint.ts'
import type { Preprocess } from './preprocess.ts'

/** The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): rows of labels and three planes of 32 × 32 bytes. */
interface Layout {
  readonly name: 'cifar10' | 'cifar100'
  /** Bytes before the planes; the last is the label. */
  readonly labels: number
  readonly classCount: number
  readonly files: Readonly<Record<'train' | 'test', readonly string[]>>
  readonly classFile: string
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

const side = 32
const plane = side * side

export const cifarLayouts: Readonly<Record<'cifar10' | 'cifar100', Layout>> = {
  cifar10: {
    name: 'cifar10',
    labels: 1,
    classCount: 10,
    files: { train: [1, 2, 3, 4, 5].map(n => `data_batch_${n}.bin`), test: ['test_batch.bin'] },
    classFile: 'batches.meta.txt',
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
  },
  cifar100: {
    name: 'cifar100',
    labels: 2,
    classCount: 100,
    files: { train: ['train.bin'], test: ['test.bin'] },
    classFile: 'fine_label_names.txt',
    mean: [0.507, 0.4865, 0.4409],
    std: [0.2673, 0.2564, 0.2761],
  },
}

const preprocessOf = ({ mean, std }: Layout): Preprocess => ({ size: [side, side], scale: 1 / 255, mean, std })

/** A file of the data set, and the number of its first row. */
interface Part {
  readonly path: string
  readonly first: number
  readonly rows: number
}

const partsOf = async (
  layout: Layout,
  folder: string,
  split: 'train' | 'test',
): Promise<E.Either<DataProblem, readonly Part[]>> => {
  const rowBytes = layout.labels + 3 * plane
  const parts: Part[] = []
  let first = 0
  for (const file of layout.files[split]) {
    const path = join(folder, file)
    let size: number
    try {
      size = (await stat(path)).size
    } catch {
      return E.left(
        problem(
          'missing-file',
          path,
          'no such file',
          `${layout.files[split].join(', ')} of ${layout.name}'s binary version in ${folder}`,
        ),
      )
    }
    if (size === 0 || size % rowBytes !== 0)
      return E.left(
        problem(
          'bad-length',
          path,
          `${size} bytes`,
          `a multiple of ${rowBytes}: ${layout.labels} of labels and 3 × ${plane} of pixels a row`,
          'the binary version of the data set, unpacked',
        ),
      )
    parts.push({ path, first, rows: size / rowBytes })
    first += size / rowBytes
  }
  return E.right(parts)
}

const interleaved = (row: Uint8Array): Uint8Array => {
  const data = new Uint8Array(3 * plane)
  for (let c = 0; c < 3; c++) for (let i = 0; i < plane; i++) data[3 * i + c] = row[c * plane + i]
  return data
}

/** Read on this thread: asking another for a row takes longer than the row. */
const readRows = ({ fd }: FileHandle, rowBytes: number, from: number, to: number): Uint8Array => {
  const bytes = new Uint8Array((to - from) * rowBytes)
  const bytesRead = readSync(fd, bytes, 0, bytes.length, from * rowBytes)
  if (bytesRead !== bytes.length) throw new Error(`only ${bytesRead} of ${bytes.length} bytes could be read`)
  return bytes
}

type Read = Promise<E.Either<DataProblem, readonly Example[]>>

const exampleOf = (layout: Layout, row: Uint8Array, where: string): E.Either<DataProblem, Example> => {
  const label = row[layout.labels - 1]
  return label >= layout.classCount
    ? E.left(problem('bad-labels', where, `label ${label}`, `0 to ${layout.classCount - 1}`, `is this ${layout.name}?`))
    : E.right({
        image: { data: interleaved(row.subarray(layout.labels)), height: side, width: side },
        label,
        where,
      })
}

/** Runs of a part's rows, from … to − 1, with the file opened once for all. */
const readRuns = async (layout: Layout, part: Part, runs: readonly (readonly [from: number, to: number])[]): Read => {
  const rowBytes = layout.labels + 3 * plane
  try {
    const handle = await open(part.path, 'r')
    try {
      const read = runs.map(([from, to]) => readRows(handle, rowBytes, from, to))
      return E.traverseArray(([row, number]: readonly [Uint8Array, number]) =>
        exampleOf(layout, row, `${part.path}, row ${number}`),
      )(
        runs.flatMap(([from, to], k) =>
          Array.from(
            { length: to - from },
            (_, i) => [read[k].subarray(i * rowBytes, (i + 1) * rowBytes), from + i] as const,
          ),
        ),
      )
    } finally {
      await handle.close()
    }
  } catch (error) {
    return E.left(problem('unreadable-file', part.path, (error as Error).message, 'a file that can be read'))
  }
}

/** Rows from … to − 1 of all parts together. */
const readRange = async (layout: Layout, parts: readonly Part[], from: number, to: number): Read => {
  const examples: Example[] = []
  for (const part of parts) {
    const [begin, end] = [Math.max(from - part.first, 0), Math.min(to - part.first, part.rows)]
    if (begin >= end) continue
    const rows = await readRuns(layout, part, [[begin, end]])
    if (E.isLeft(rows)) return rows
    examples.push(...rows.right)
  }
  return E.right(examples)
}

/** Rows anywhere in all parts together, in the order asked for. */
const readRowsAt = async (layout: Layout, parts: readonly Part[], indices: readonly number[]): Read => {
  const examples = new Array<Example>(indices.length)
  for (const part of parts) {
    const places = [...indices.keys()].filter(k => indices[k] >= part.first && indices[k] < part.first + part.rows)
    if (places.length === 0) continue
    const rows = await readRuns(
      layout,
      part,
      places.map(k => [indices[k] - part.first, indices[k] - part.first + 1] as const),
    )
    if (E.isLeft(rows)) return rows
    rows.right.forEach((example, k) => {
      examples[places[k]] = example
    })
  }
  return E.right(examples)
}

/** The names that stand in the data set's folder, if they do. */
/** So many rows are read at a time where their labels alone are wanted. */
const rowsAtOnce = 2000

/** A hash of all labels. */
const labelsHash = async (layout: Layout, parts: readonly Part[]): Promise<E.Either<DataProblem, string>> => {
  const rowBytes = layout.labels + 3 * plane
  const labels: Uint8Array[] = []
  for (const { path, rows } of parts) {
    try {
      const file = await open(path, 'r')
      try {
        for (let from = 0; from < rows; from += rowsAtOnce) {
          const n = Math.min(rowsAtOnce, rows - from)
          const read = readRows(file, rowBytes, from, from + n)
          labels.push(Uint8Array.from({ length: n }, (_, k) => read[k * rowBytes + layout.labels - 1]))
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      return E.left(problem('unreadable-file', path, (error as Error).message, 'a file that can be read'))
    }
  }
  return E.right(hashOf([layout.name, ...labels]))
}

const classNames = async (path: string): Promise<E.Either<DataProblem, readonly string[] | undefined>> => {
  const text = await readText(path)()
  if (E.isRight(text)) return E.right(linesOf(text.right).filter(line => line !== ''))
  return text.left.tag === 'missing-file' ? E.right(undefined) : text
}

/** Opens a folder with the binary version of CIFAR-10 or CIFAR-100; rows are read when they are asked for. */
export const openCifar = async (
  name: 'cifar10' | 'cifar100',
  folder: string,
  split: 'train' | 'test',
): Promise<E.Either<DataProblem, DataSet>> => {
  const layout = cifarLayouts[name]
  const parts = await partsOf(layout, folder, split)
  if (E.isLeft(parts)) return parts
  const named = await classNames(join(folder, layout.classFile))
  if (E.isLeft(named)) return named
  const classes = named.right
  const { right } = parts
  return E.right({
    name: `${name} ${split}`,
    count: right.reduce((rows, part) => rows + part.rows, 0),
    labelled: true,
    classCount: layout.classCount,
    classes: classes?.length === layout.classCount ? classes : undefined,
    preprocess: preprocessOf(layout),
    identity: () => labelsHash(layout, right),
    read: (from, to) => readRange(layout, right, from, to),
    pick: indices => readRowsAt(layout, right, indices),
  })
}
