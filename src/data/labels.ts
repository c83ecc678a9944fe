import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { fileReason } from '../file-error.ts'
import type { DataProblem } from './error.ts'

const readText = async (path: string, what: string): Promise<E.Either<DataProblem, string>> => {
  try {
    return E.right(await readFile(path, 'utf8'))
  } catch (error) {
    return E.left(problem('missing-file', path, fileReason(error), what))
  }
}

/** Class names of a file, one a line, the first of class 0. */
export const readClassNames = async (path: string): Promise<E.Either<DataProblem, readonly string[]>> => {
  const text = await readText(path, 'a file of class names, one a line')
  if (E.isLeft(text)) return text
  const names = text.right.replace(/\r?\n$/, '').split(/\r?\n/)
  return names.length === 1 && names[0] === ''
    ? E.left(problem('bad-labels', path, 'no names', 'a class name a line'))
    : E.right(names)
}

/** The class of each file, from a CSV with the columns `file,class_index`. */
export const readLabels = async (path: string): Promise<E.Either<DataProblem, ReadonlyMap<string, number>>> => {
  const text = await readText(path, 'a CSV file with the columns file,class_index')
  if (E.isLeft(text)) return text
  let rows: readonly Readonly<Record<string, string>>[]
  try {
    rows = parse(text.right, { columns: true, skip_empty_lines: true, bom: true, trim: true })
  } catch (error) {
    return E.left(problem('bad-labels', path, (error as Error).message, 'CSV with the columns file,class_index'))
  }
  if (rows.length === 0 || rows[0].file === undefined || rows[0].class_index === undefined)
    return E.left(
      problem(
        'bad-labels',
        path,
        rows.length === 0 ? 'no rows' : `columns ${Object.keys(rows[0]).join(',')}`,
        'the columns file,class_index',
      ),
    )
  const labels = new Map<string, number>()
  for (const [k, { file, class_index }] of rows.entries()) {
    if (!/^\d+$/.test(class_index))
      return E.left(
        problem(
          'bad-labels',
          `${path}, row ${k + 2}`,
          `class_index ${JSON.stringify(class_index)}`,
          'a whole number from 0',
        ),
      )
    labels.set(file, Number(class_index))
  }
  return E.right(labels)
}
