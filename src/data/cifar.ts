import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import type { DataSet, Example } from './data-set.ts'
import type { DataProblem } from './error.ts'
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

const readRows = async (handle: FileHandle, rowBytes: number, from: number, to: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array((to - from) * rowBytes)
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from * rowBytes)
  if (bytesRead !== bytes.length) throw new Error(`only ${bytesRead} of ${bytes.length} bytes could be read`)
  return bytes
}

const readPart = async (
  layout: Layout,
  part: Part,
  from: number,
  to: number,
): Promise<E.Either<DataProblem, readonly Example[]>> => {
  const rowBytes = layout.labels + 3 * plane
  try {
    const handle = await open(part.path, 'r')
    try {
      const bytes = await readRows(handle, rowBytes, from, to)
      const examples: Example[] = []
      for (let k = 0; k < to - from; k++) {
        const row = bytes.subarray(k * rowBytes, (k + 1) * rowBytes)
        const label = row[layout.labels - 1]
        const where = `${part.path}, row ${from + k}`
        if (label >= layout.classCount)
          return E.left(
            problem('bad-labels', where, `label ${label}`, `0 to ${layout.classCount - 1}`, `is this ${layout.name}?`),
          )
        examples.push({
          image: { data: interleaved(row.subarray(layout.labels)), height: side, width: side },
          label,
          where,
        })
      }
      return E.right(examples)
    } finally {
      await handle.close()
    }
  } catch (error) {
    return E.left(problem('unreadable-file', part.path, (error as Error).message, 'a file that can be read'))
  }
}

const classNames = async (path: string): Promise<readonly string[] | undefined> => {
  try {
    return (await readFile(path, 'utf8')).split(/\r?\n/).filter(line => line !== '')
  } catch {
    return undefined
  }
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
  const classes = await classNames(join(folder, layout.classFile))
  const { right } = parts
  return E.right({
    name: `${name} ${split}`,
    count: right.reduce((rows, part) => rows + part.rows, 0),
    labelled: true,
    classCount: layout.classCount,
    ...(classes === undefined || classes.length !== layout.classCount ? {} : { classes }),
    preprocess: preprocessOf(layout),
    read: async (from, to) => {
      const examples: Example[] = []
      for (const part of right) {
        const [begin, end] = [Math.max(from - part.first, 0), Math.min(to - part.first, part.rows)]
        if (begin >= end) continue
        const rows = await readPart(layout, part, begin, end)
        if (E.isLeft(rows)) return rows
        examples.push(...rows.right)
      }
      return E.right(examples)
    },
  })
}
