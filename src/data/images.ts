import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { fileReason } from '../file-error.ts'
import type { DataSet, Example } from './data-set.ts'
import type { DataProblem } from './error.ts'
import { absentNote, labelFiles, readLabels } from './labels.ts'

const extensions = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']

export const isImageFile = (name: string): boolean => extensions.includes(extname(name).toLowerCase())

interface ImageFile {
  readonly path: string
  readonly label?: number
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const readFiles =
  (files: readonly ImageFile[]): DataSet['read'] =>
  async (from, to) => {
    const read = files.slice(from, to).map(
      async ({ path, label }): Promise<Example> => ({
        image: new Uint8Array(await readFile(path)),
        where: path,
        ...(label === undefined ? {} : { label }),
      }),
    )
    try {
      return E.right(await Promise.all(read))
    } catch (error) {
      const { path } = error as NodeJS.ErrnoException
      return E.left(problem('unreadable-file', path ?? 'images', fileReason(error), 'a file that can be read'))
    }
  }

const dataSet = (name: string, files: readonly ImageFile[], classes?: readonly string[]): DataSet => ({
  name,
  count: files.length,
  labelled: files.every(file => file.label !== undefined),
  ...(classes === undefined ? {} : { classes, classCount: classes.length }),
  read: readFiles(files),
})

/** One image, without a label. */
export const openImage = (path: string): DataSet => dataSet(basename(path), [{ path }])

/** A folder of images in one level, with the labels of a CSV file where one is given. */
const openFlat = async (
  folder: string,
  names: readonly string[],
  labelsFile: string | undefined,
): Promise<E.Either<DataProblem, DataSet>> => {
  const paths = names.map(name => join(folder, name))
  if (labelsFile === undefined)
    return E.right(
      dataSet(
        basename(folder),
        paths.map(path => ({ path })),
      ),
    )
  const rows = await readLabels(labelsFile)
  if (E.isLeft(rows)) return rows
  const labelling = labelFiles(names, rows.right, labelsFile, folder)
  if (E.isLeft(labelling)) return labelling
  const { labels, absent } = labelling.right
  return E.right({
    ...dataSet(
      basename(folder),
      paths.map((path, k) => ({ path, label: labels[k] })),
    ),
    labelsBelow: labels.reduce((most, label) => Math.max(most, label + 1), 0),
    ...(absent.length === 0 ? {} : { notes: [absentNote(labelsFile, absent, folder)] }),
  })
}

/** A folder for each class, numbered in alphabetical order. */
const openClassFolders = async (
  folder: string,
  classes: readonly string[],
): Promise<E.Either<DataProblem, DataSet>> => {
  const files: ImageFile[] = []
  for (const [label, name] of classes.entries()) {
    const entries = await readdir(join(folder, name))
    files.push(
      ...entries
        .filter(isImageFile)
        .sort(byName)
        .map(file => ({ path: join(folder, name, file), label })),
    )
  }
  return files.length === 0 ? E.left(noImages(folder)) : E.right(dataSet(basename(folder), files, classes))
}

const noImages = (folder: string): DataProblem =>
  problem('missing-file', folder, 'no images', `files ending in ${extensions.join(' ')}, or folders of them`)

/** A folder of images: a folder a class, or flat, then labelled by a CSV file (`file,class_index`) or not at all. */
export const openImages = async (folder: string, labelsFile?: string): Promise<E.Either<DataProblem, DataSet>> => {
  try {
    if (!(await stat(folder)).isDirectory())
      return E.left(problem('missing-file', folder, 'a file', 'a folder of images'))
    const entries = await readdir(folder, { withFileTypes: true })
    const names = entries.filter(entry => !entry.isDirectory() && isImageFile(entry.name)).map(entry => entry.name)
    if (names.length > 0) return openFlat(folder, names.sort(byName), labelsFile)
    const folders = entries.filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).map(entry => entry.name)
    if (folders.length === 0) return E.left(noImages(folder))
    if (labelsFile !== undefined)
      return E.left(
        problem(
          'bad-labels',
          labelsFile,
          `labels for ${folder}, a folder a class`,
          'labels for a flat folder of images',
        ),
      )
    return await openClassFolders(folder, folders.sort(byName))
  } catch (error) {
    return E.left(problem('missing-file', folder, fileReason(error), 'a folder of images that can be read'))
  }
}
