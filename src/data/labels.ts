import { extname } from 'node:path'
import { parse } from 'csv-parse/sync'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { problem } from '../../ir/index.ts'
import { parseJson } from '../base/read-json.ts'
import { linesOf, readText } from '../base/read-text.ts'
import type { DataProblem } from './error.ts'
import type { WalkedFile } from './walk.ts'

const Config = t.type({ id2label: t.record(t.string, t.string) })

/** The names that Hugging Face's `config.json` has for classes; undefined of a text that is none. */
const namesOfConfig = (path: string, text: string): E.Either<DataProblem, readonly string[]> | undefined => {
  if (!text.trimStart().startsWith('{')) return undefined
  const json = parseJson(path, text)
  if (E.isLeft(json)) return undefined
  const config = Config.decode(json.right)
  if (E.isLeft(config)) return undefined
  const { id2label } = config.right
  const names = Object.keys(id2label).map((_, k) => id2label[k])
  const missing = names.indexOf(undefined as never)
  return missing < 0
    ? E.right(names)
    : E.left(
        problem(
          'bad-labels',
          `${path}, id2label`,
          `${names.length} names, none of ${missing}`,
          'one for each class from 0 on',
        ),
      )
}

/** Class names of a file, one a line, the first of class 0, or of Hugging Face's `config.json`; lines after the last name may be blank. */
export const readClassNames = async (path: string): Promise<E.Either<DataProblem, readonly string[]>> => {
  const text = await readText(path, 'a file of class names, one a line')()
  if (E.isLeft(text)) return text
  const config = namesOfConfig(path, text.right)
  if (config !== undefined) return config
  const names = linesOf(text.right.trimEnd()).map(line => line.trim())
  const blank = names.indexOf('')
  if (blank < 0) return E.right(names)
  return names.length === 1
    ? E.left(problem('bad-labels', path, 'no names', 'a class name a line'))
    : E.left(
        problem('bad-labels', `${path}, line ${blank + 1}`, 'a blank line before the last name', 'a class name a line'),
      )
}

/** One name for all spellings of it that look alike: a composed character, or a letter and its marks. */
const composed = (name: string): string => name.normalize('NFC')

/** A name with all but plain letters, digits and signs as code points, for names that look alike. */
const spelledOut = (name: string): string =>
  name.replace(/[^ -~]/gu, character => `\\u{${(character.codePointAt(0) as number).toString(16)}}`)

type Row = Readonly<Record<string, string>>

const readRows = async (path: string, expected: string): Promise<E.Either<DataProblem, readonly Row[]>> => {
  const text = await readText(path, `a CSV file with ${expected}`)()
  if (E.isLeft(text)) return text
  try {
    const rows: readonly Row[] = parse(text.right, { columns: true, skip_empty_lines: true, trim: true })
    return rows.length > 0 ? E.right(rows) : E.left(problem('bad-labels', path, 'no rows', expected))
  } catch (error) {
    return E.left(problem('bad-labels', path, (error as Error).message, `CSV with ${expected}`))
  }
}

/** What each row says of its file, by its name in Unicode's NFC. Left: where two rows of a file differ. */
const byFile = <A>(
  path: string,
  rows: readonly Row[],
  of: (row: Row, where: string) => E.Either<DataProblem, A>,
  said: (value: A) => string,
): E.Either<DataProblem, ReadonlyMap<string, A>> => {
  const values = new Map<string, A>()
  for (const [k, row] of rows.entries()) {
    const where = `${path}, row ${k + 2}`
    const value = of(row, where)
    if (E.isLeft(value)) return value
    const name = composed(row.file)
    const before = values.get(name)
    if (before !== undefined && said(before) !== said(value.right)) {
      const seen = `${said(value.right)} for ${row.file}, ${said(before).replace('class ', '')} before`
      return E.left(problem('bad-labels', where, seen, 'one class for each file'))
    }
    values.set(name, value.right)
  }
  return E.right(values)
}

const classColumns = 'the columns file,class_index'

/** What a first line lacks that does not name the columns: commas, or the names. */
const columnsHint = (columns: readonly string[]): string =>
  columns.some(name => name.includes(';') || name.includes('\t'))
    ? 'commas between the columns'
    : `a first line file,class_index, class_index a number from 0, in the order of the network's class names`

/** The class of each file by its name, from a CSV with the columns `file,class_index`; names are in Unicode's NFC. */
export const readLabels = async (path: string): Promise<E.Either<DataProblem, ReadonlyMap<string, number>>> => {
  const rows = await readRows(path, classColumns)
  if (E.isLeft(rows)) return rows
  const columns = Object.keys(rows.right[0])
  if (!columns.includes('file') || !columns.includes('class_index'))
    return E.left(problem('bad-labels', path, `columns ${columns}`, classColumns, columnsHint(columns)))
  return byFile(
    path,
    rows.right,
    ({ class_index: text }, where) =>
      /^\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? E.right(Number(text))
        : E.left(
            problem(
              'bad-labels' as const,
              where,
              `class_index ${JSON.stringify(text)}`,
              'a whole number from 0',
              'the line of its name in the file of class names, counted from 0',
            ),
          ),
    label => `class ${label}`,
  )
}

/** Numbers of files: what the columns are called, and a row for each file by its name. */
export interface NumberTable {
  readonly columns: readonly string[]
  readonly rows: ReadonlyMap<string, readonly number[]>
}

/** The numbers of each file, from a CSV with a column `file` and others, all of them numbers: labels as 0 and 1, or what is to be told. */
export const readNumbers = async (path: string): Promise<E.Either<DataProblem, NumberTable>> => {
  const expected = 'the columns file,class_index; or file and columns of numbers'
  const rows = await readRows(path, expected)
  if (E.isLeft(rows)) return rows
  const columns = Object.keys(rows.right[0]).filter(name => name !== 'file')
  if (columns.length === Object.keys(rows.right[0]).length || columns.length === 0)
    return E.left(
      problem(
        'bad-labels',
        path,
        `columns ${Object.keys(rows.right[0])}`,
        expected,
        columnsHint(Object.keys(rows.right[0])),
      ),
    )
  const numbersOf = (row: Row, where: string): E.Either<DataProblem, readonly number[]> => {
    const strange = columns.find(name => row[name] === '' || !Number.isFinite(Number(row[name])))
    return strange === undefined
      ? E.right(columns.map(name => Number(row[name])))
      : E.left(problem('bad-labels', where, `${strange} ${JSON.stringify(row[strange])}`, 'a number'))
  }
  return E.map((numbers: ReadonlyMap<string, readonly number[]>): NumberTable => ({ columns, rows: numbers }))(
    byFile(path, rows.right, numbersOf, values => `${values}`),
  )
}

/** Of CSV files in a folder of images the first that has the columns of one: it may be the images' labels. */
export const labelsAmong = async (files: readonly WalkedFile[]): Promise<string | undefined> => {
  for (const { path, name } of files) {
    if (name.includes('/') || extname(name).toLowerCase() !== '.csv') continue
    if (E.isRight(await readLabels(path)) || E.isRight(await readNumbers(path))) return path
  }
  return undefined
}

/** What the rows of a CSV say of the files of a folder. */
export interface Labelling<A> {
  /** One for each file. */
  readonly labels: readonly A[]
  /** Files of rows that are not in the folder. */
  readonly absent: readonly string[]
}

const fewOf = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`

/** Gives every file of a folder what its row says, whichever Unicode normal form the two names are in. */
export const labelFiles = <A>(
  names: readonly string[],
  labels: ReadonlyMap<string, A>,
  labelsFile: string,
  folder: string,
): E.Either<DataProblem, Labelling<A>> => {
  const refuse = (seen: string, expected: string, hint?: string) =>
    E.left(problem('bad-labels' as const, labelsFile, seen, expected, hint))
  const files = new Map<string, string>()
  for (const name of names) {
    const twin = files.get(composed(name))
    if (twin !== undefined && labels.has(composed(name)))
      return refuse(
        `one name for two files of ${folder}, ${spelledOut(twin)} and ${spelledOut(name)}`,
        'files whose names differ by more than their Unicode normal form',
      )
    files.set(composed(name), name)
  }
  const unlabelled = names.filter(name => !labels.has(composed(name)))
  const absent = [...labels.keys()].filter(name => !files.has(name))
  if (unlabelled.length > 0)
    return refuse(
      `no row for ${fewOf(unlabelled)}`,
      `a row for each image of ${folder}`,
      absent.length === 0 ? undefined : `no file is called ${fewOf(absent)}, of which there are rows`,
    )
  return E.right({ labels: names.map(name => labels.get(composed(name)) as A), absent })
}

/** A line on rows whose files are not there. */
export const absentNote = (labelsFile: string, absent: readonly string[], folder: string): string =>
  `${labelsFile}: ${absent.length === 1 ? 'a row' : `${absent.length} rows`} for files that are not in ${folder}: ${fewOf(absent)}.`
