import { readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { fileReason } from '../base/file-error.ts'
import { counted, listed } from '../base/format.ts'
import type { DataSet, Example } from './data-set.ts'
import type { DataProblem } from './error.ts'
import { hashOf } from './fingerprint.ts'
import { type Found, findImages, whyNotImage } from './folder.ts'
import {
  absentNote,
  type Labelling,
  labelFiles,
  labelsAmong,
  type NumberTable,
  readLabels,
  readNumbers,
} from './labels.ts'
import type { WalkedFile } from './walk.ts'

interface ImageFile extends WalkedFile {
  readonly label?: number
  readonly numbers?: readonly number[]
}

const readFiles =
  (files: readonly ImageFile[]): DataSet['read'] =>
  async (from, to) => {
    const read = files.slice(from, to).map(
      async ({ path, label, numbers }): Promise<Example> => ({
        image: new Uint8Array(await readFile(path)),
        where: path,
        label,
        ...(numbers === undefined ? {} : { target: { kind: 'numbers', values: numbers } }),
      }),
    )
    try {
      return E.right(await Promise.all(read))
    } catch (error) {
      const { path } = error as NodeJS.ErrnoException
      return E.left(problem('unreadable-file', path ?? 'images', fileReason(error), 'a file that can be read'))
    }
  }

const dataSet = (
  name: string,
  files: readonly ImageFile[],
  { notes = [], ...more }: Pick<DataSet, 'classes' | 'folders' | 'notes' | 'labelsBelow' | 'targets' | 'columns'> = {},
): DataSet => ({
  name,
  count: files.length,
  labelled: files.every(file => file.label !== undefined),
  classCount: more.classes?.length,
  ...more,
  ...(notes.length === 0 ? {} : { notes }),
  identity: async () =>
    E.right(
      hashOf(files.map(({ name, label = null, numbers = label }) => JSON.stringify([name.normalize(), numbers]))),
    ),
  read: readFiles(files),
})

const formats = 'JPEG, PNG, WebP, GIF, TIFF or AVIF'

/** One image, without a label. */
export const openImage = async (path: string): Promise<E.Either<DataProblem, DataSet>> => {
  const what = await whyNotImage(path)
  return what === undefined
    ? E.right(dataSet(basename(path), [{ path, name: basename(path) }]))
    : E.left(problem('unreadable-image', path, what, `an image: ${formats}`))
}

/** Sentences on what was passed over in a folder, one for each kind of it. */
const passedOver = (found: Found): readonly string[] => {
  const kinds = [...new Set(found.passedOver.map(({ what }) => what))]
  return kinds.map(kind => {
    const names = found.passedOver.filter(({ what }) => what === kind).map(({ name }) => name)
    return `${counted(names.length, 'file')} passed over, ${kind}: ${listed(names)}.`
  })
}

const outside = ({ outside }: Found): readonly string[] =>
  outside.length === 0 ? [] : [`${counted(outside.length, 'link')} followed out of the folder: ${listed(outside)}.`]

const isNested = ({ name }: WalkedFile): boolean => name.includes('/')

const notRead = (images: readonly WalkedFile[], where: string): readonly string[] =>
  images.length === 0
    ? []
    : [`${counted(images.length, 'image')} not read, ${where}: ${listed(images.map(({ name }) => name))}.`]

/** Images without a word on their classes but for a file of labels among them, which is offered. */
const openUnlabelled = async (folder: string, found: Found): Promise<E.Either<DataProblem, DataSet>> => {
  const labelsFile = await labelsAmong(found.passedOver.map(({ name }) => ({ path: join(folder, name), name })))
  const others = found.passedOver.filter(({ name }) => !isSame(join(folder, name), labelsFile))
  const offer =
    labelsFile === undefined
      ? []
      : [`Labels are in ${labelsFile}, which is not read: --labels ${labelsFile} reads them.`]
  return E.right({
    ...dataSet(basename(resolve(folder)), found.images, {
      notes: [...offer, ...outside(found), ...passedOver({ ...found, passedOver: others })],
    }),
    labelsFile,
  })
}

/** What a CSV file says of files: a class each, or numbers. */
type Listing =
  | { readonly kind: 'classes'; readonly rows: ReadonlyMap<string, number> }
  | ({ readonly kind: 'numbers' } & NumberTable)

const readListing = async (labelsFile: string): Promise<E.Either<DataProblem, Listing>> => {
  const classes = await readLabels(labelsFile)
  if (E.isRight(classes)) return E.right({ kind: 'classes', rows: classes.right })
  const numbers = await readNumbers(labelsFile)
  if (E.isRight(numbers) && !numbers.right.columns.includes('class_index'))
    return E.right({ kind: 'numbers', ...numbers.right })
  return E.isLeft(numbers) && classes.left.where === labelsFile ? numbers : classes
}

/** Images with the labels of a CSV file: those at the first level, or in all where it names images in folders. */
const openListed = async (
  folder: string,
  found: Found,
  labelsFile: string,
): Promise<E.Either<DataProblem, DataSet>> => {
  const read = await readListing(labelsFile)
  if (E.isLeft(read)) return read
  const listing = read.right
  const deep = [...listing.rows.keys()].some(name => name.includes('/'))
  const images = found.images.filter(image => deep || !isNested(image))
  if (images.length === 0)
    return E.left(
      problem(
        'bad-labels',
        labelsFile,
        `labels for ${folder}, a folder a class`,
        'labels for a flat folder of images, or FOLDER/FILE in them',
      ),
    )
  const names = images.map(({ name }) => name)
  const notes = (absent: readonly string[]): readonly string[] => [
    ...(absent.length === 0 ? [] : [absentNote(labelsFile, absent, folder)]),
    ...(deep ? [] : notRead(found.images.filter(isNested), 'in folders')),
    ...outside(found),
    ...passedOver(found),
  ]
  const name = basename(resolve(folder))
  if (listing.kind === 'numbers')
    return E.map(({ labels, absent }: Labelling<readonly number[]>) =>
      dataSet(
        name,
        images.map((image, k) => ({ ...image, numbers: labels[k] })),
        { targets: 'numbers', columns: listing.columns, notes: notes(absent) },
      ),
    )(labelFiles(names, listing.rows, labelsFile, folder))
  return E.map(({ labels, absent }: Labelling<number>) =>
    dataSet(
      name,
      images.map((image, k) => ({ ...image, label: labels[k] })),
      {
        labelsBelow: labels.reduce((most, label) => Math.max(most, label + 1), 0),
        notes: notes(absent),
      },
    ),
  )(labelFiles(names, listing.rows, labelsFile, folder))
}

const splits = ['train', 'training', 'val', 'valid', 'validation', 'test', 'testing', 'eval']

const classOf = ({ name }: WalkedFile): string => name.slice(0, name.indexOf('/'))

/** Where class folders are written `train/cat/0.png`: the folders of splits are no classes. */
const refuseSplits = (
  folder: string,
  classes: readonly string[],
  images: readonly WalkedFile[],
): DataProblem | undefined => {
  const deeper = images.every(({ name }) => name.split('/').length > 2)
  if (!deeper || !classes.every(name => splits.includes(name.toLowerCase()))) return undefined
  const seen = `folders of folders of images: ${listed(classes)}`
  return problem('bad-labels', folder, seen, 'a folder for each class', `images:${join(folder, classes[0])}`)
}

const wholeNumber = /^\d+$/

/** On names that are numbers: by code point 10 comes before 2. */
const numbersApart = (classes: readonly string[]): readonly string[] => {
  const apart = classes.every(name => wholeNumber.test(name)) && classes.some((name, k) => Number(name) !== k)
  if (!apart) return []
  const [at] = classes.flatMap((name, k) => (Number(name) === k ? [] : [k]))
  return [
    `Folders are classes in the order of their names as text, as in Python: ${classes[at]} is class ${at}. Where they are numbers of classes, --classes FILE says so, a number a line.`,
  ]
}

/** A folder for each class, by code point, with all images below it. */
const openClassFolders = (folder: string, found: Found): E.Either<DataProblem, DataSet> => {
  const images = found.images.filter(isNested)
  const filled = new Set(images.map(classOf))
  const classes = found.folders.filter(name => filled.has(name))
  const split = refuseSplits(folder, classes, images)
  if (split !== undefined) return E.left(split)
  const labels = new Map(classes.map((name, label) => [name, label]))
  const files = images.map((image): ImageFile => ({ ...image, label: labels.get(classOf(image)) as number }))
  const empty = found.folders.filter(name => !filled.has(name))
  const deep = images.filter(({ name }) => name.split('/').length > 2)
  return E.right(
    dataSet(basename(resolve(folder)), files, {
      classes,
      folders: found.folders,
      notes: [
        ...(empty.length === 0 ? [] : [`No images in ${counted(empty.length, 'folder')}: ${listed(empty)}.`]),
        ...(deep.length === 0
          ? []
          : [`${deep.length} of ${counted(images.length, 'image')} lie in folders of their class’s folder.`]),
        ...notRead(
          found.images.filter(image => !isNested(image)),
          'beside the folders of classes',
        ),
        ...outside(found),
        ...passedOver(found),
        ...numbersApart(classes),
      ],
    }),
  )
}

const noImages = (folder: string, found: Found): DataProblem =>
  problem(
    'missing-file',
    folder,
    ['no images', ...passedOver(found).map(note => note.replace(/\.$/, ''))].join('; '),
    `images (${formats}), or folders of them`,
  )

const openFound = async (
  folder: string,
  found: Found,
  labelsFile: string | undefined,
): Promise<E.Either<DataProblem, DataSet>> => {
  if (labelsFile !== undefined) return openListed(folder, found, labelsFile)
  return found.images.some(isNested) ? openClassFolders(folder, found) : openUnlabelled(folder, found)
}

/**
 * A folder of images: a folder a class where there are images in folders, or flat; or as a CSV file labels them (`file,class_index`). What is an image is told by its
 * first bytes. Hidden files and what archives leave are no part of it, links are followed, and what else is passed over is said in the notes.
 */
export const openImages = async (folder: string, labelsFile?: string): Promise<E.Either<DataProblem, DataSet>> => {
  try {
    if (!(await stat(folder)).isDirectory())
      return E.left(problem('missing-file', folder, 'a file', 'a folder of images'))
    const all = await findImages(folder)
    const found = { ...all, passedOver: all.passedOver.filter(({ name }) => !isSame(join(folder, name), labelsFile)) }
    if (found.images.length === 0) return E.left(noImages(folder, found))
    return E.map((data: DataSet): DataSet => ({ ...data, folder }))(await openFound(folder, found, labelsFile))
  } catch (error) {
    return E.left(problem('missing-file', folder, fileReason(error), 'a folder of images that can be read'))
  }
}

const isSame = (a: string, b: string | undefined): boolean => b !== undefined && resolve(a) === resolve(b)
