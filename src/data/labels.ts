import { extname } from 'node:path'
import { parse } from 'csv-parse/sync'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { linesOf, readText } from '../base/read-text.ts'
import type { DataProblem } from './error.ts'
import type { WalkedFile } from './walk.ts'

/** Class names of a file, one a line, the first of class 0; lines after the last name may be blank. */
export const readClassNames = async (path: string): Promise<E.Either<DataProblem, readonly string[]>> => {
  const text = await readText(path, 'a file of class names, one a line')()
  if (E.isLeft(text)) return text
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

/** The class of each file by its name, from a CSV with the columns `file,class_index`; names are in Unicode's NFC. */
export const readLabels = async (path: string): Promise<E.Either<DataProblem, ReadonlyMap<string, number>>> => {
  const text = await readText(path, 'a CSV file with the columns file,class_index')()
  if (E.isLeft(text)) return text
  let rows: readonly Readonly<Record<string, string>>[]
  try {
    rows = parse(text.right, { columns: true, skip_empty_lines: true, trim: true })
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
    const refuse = (seen: string, expected: string) =>
      E.left(problem('bad-labels' as const, `${path}, row ${k + 2}`, seen, expected))
    const label = Number(class_index)
    if (!/^\d+$/.test(class_index) || !Number.isSafeInteger(label))
      return refuse(`class_index ${JSON.stringify(class_index)}`, 'a whole number from 0')
    const name = composed(file)
    const before = labels.get(name)
    if (before !== undefined && before !== label)
      return refuse(`class ${label} for ${file}, ${before} before`, 'one class for each file')
    labels.set(name, label)
  }
  return E.right(labels)
}

/** Of CSV files in a folder of images the first that has these columns: it may be the images' labels. */
export const labelsAmong = async (files: readonly WalkedFile[]): Promise<string | undefined> => {
  for (const { path, name } of files) {
    if (name.includes('/') || extname(name).toLowerCase() !== '.csv') continue
    if (E.isRight(await readLabels(path))) return path
  }
  return undefined
}

/** What the rows of a CSV say of the files of a folder. */
export interface Labelling {
  /** One for each file. */
  readonly labels: readonly number[]
  /** Files of rows that are not in the folder. */
  readonly absent: readonly string[]
}

const fewOf = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`

/** Gives every file of a folder its row's class, whichever Unicode normal form the two names are in. */
export const labelFiles = (
  names: readonly string[],
  labels: ReadonlyMap<string, number>,
  labelsFile: string,
  folder: string,
): E.Either<DataProblem, Labelling> => {
  const refuse = (seen: string, expected: string) => E.left(problem('bad-labels' as const, labelsFile, seen, expected))
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
  if (unlabelled.length > 0) return refuse(`no row for ${fewOf(unlabelled)}`, `a row for each image of ${folder}`)
  return E.right({
    labels: names.map(name => labels.get(composed(name)) as number),
    absent: [...labels.keys()].filter(name => !files.has(name)),
  })
}

/** A line on rows whose files are not there. */
export const absentNote = (labelsFile: string, absent: readonly string[], folder: string): string =>
  `${labelsFile}: ${absent.length === 1 ? 'a row' : `${absent.length} rows`} for files that are not in ${folder}: ${fewOf(absent)}.`
