import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { fileReason } from '../base/file-error.ts'
import { openCifar } from './cifar.ts'
import { numberedBy } from './class-names.ts'
import { type DataSet, examplesAt } from './data-set.ts'
import type { DataProblem } from './error.ts'
import { identityOf } from './fingerprint.ts'
import { generatedNames, openGenerated } from './generated.ts'
import { openImage, openImages } from './images.ts'
import { downscaled, openPaired } from './paired.ts'

const schemes = ['cifar10', 'cifar100', 'images', 'generated', 'masks', 'pairs', 'downscale'] as const
type Scheme = (typeof schemes)[number] | 'image'

/** What a `--data` reference says: a scheme with a folder or name, or an image file, and the part that is meant. */
export interface DataReference {
  readonly scheme: Scheme
  readonly path: string
  /** Of data that has splits: not of folders of images and image files. */
  readonly split?: 'train' | 'test'
  /** Images from, to. */
  readonly range?: readonly [number, number]
  /** Part i, from 0, of n: images i, i + n, i + 2n …, so that every class of a folder has its share. */
  readonly part?: readonly [number, number]
}

type Query = Pick<DataReference, 'split' | 'range' | 'part'>

const forms =
  'cifar10:DIR, cifar100:DIR, images:DIR, masks:IMAGES,MASKS, pairs:LOW,HIGH, downscale:N,images:DIR, generated:NAME or an image file, with ?split=train&range=0:5000 or ?part=0/2 where not all is meant'

const refuse = (reference: string, seen: string, expected: string, hint?: string): E.Either<DataProblem, never> =>
  E.left(problem('bad-reference', `--data ${reference}`, seen, expected, hint))

const parsePlace = (reference: string, body: string): E.Either<DataProblem, Pick<DataReference, 'scheme' | 'path'>> => {
  const colon = body.indexOf(':')
  const named = body.slice(0, Math.max(colon, 0))
  const scheme = schemes.find(name => name === named)
  const path = body.slice(colon + 1)
  if (scheme !== undefined)
    return path === '' ? refuse(reference, `nothing after ${scheme}:`, forms) : E.right({ scheme, path })
  // One letter is a drive.
  if (!/^[\w-]{2,}$/.test(named) || extname(path) !== '') return E.right({ scheme: 'image', path: body })
  const [nearest] = [...schemes].sort((a, b) => distance(named, a) - distance(named, b))
  return refuse(reference, `the scheme ${named}`, forms, `${nearest}:${path}`)
}

const parseQuery = (reference: string, query: string, scheme: Scheme): E.Either<DataProblem, Query> => {
  const options = new URLSearchParams(query)
  const unsplit = !['cifar10', 'cifar100', 'generated'].includes(scheme)
  const known = [...(unsplit ? [] : ['split']), 'range', 'part']
  for (const key of options.keys())
    if (!known.includes(key)) return refuse(reference, `the option ${key} for ${scheme}`, known.join(' or '))
  const split = options.get('split') ?? 'test'
  if (split !== 'train' && split !== 'test') return refuse(reference, `split=${split}`, 'split=train or split=test')
  const of: Query = unsplit ? {} : { split }
  const [range, part] = [options.get('range'), options.get('part')]
  if (range !== null && part !== null) return refuse(reference, `range=${range} and part=${part}`, 'one of both')
  if (range !== null) {
    const ends = below(/^(\d+):(\d+)$/.exec(range))
    return ends === undefined
      ? refuse(reference, `range=${range}`, 'range=FROM:TO, FROM below TO')
      : E.right({ ...of, range: ends })
  }
  if (part === null) return E.right(of)
  const which = below(/^(\d+)\/(\d+)$/.exec(part))
  return which === undefined
    ? refuse(reference, `part=${part}`, 'part=I/N, part I of N, the first 0')
    : E.right({ ...of, part: which })
}

/** Two numbers that were found, the first below the second. */
const below = (found: RegExpExecArray | null): readonly [number, number] | undefined => {
  const [a, b] = [Number(found?.[1]), Number(found?.[2])]
  return a < b ? [a, b] : undefined
}

/** What stands before the last `?` and what after it; a path that is there with its `?` is one, and no part is meant. */
const splitAtQuery = (reference: string): readonly [body: string, query: string | undefined] => {
  const mark = reference.lastIndexOf('?')
  if (mark < 0) return [reference, undefined]
  const whole = parsePlace(reference, reference)
  if (E.isRight(whole) && whole.right.scheme !== 'generated' && existsSync(whole.right.path))
    return [reference, undefined]
  return [reference.slice(0, mark), reference.slice(mark + 1)]
}

export const parseDataReference = (reference: string): E.Either<DataProblem, DataReference> => {
  const [body, query = ''] = splitAtQuery(reference)
  const place = parsePlace(reference, body)
  if (E.isLeft(place)) return place
  return E.map((query: Query) => ({ ...place.right, ...query }))(parseQuery(reference, query, place.right.scheme))
}

/** A reference for training: the training split, where the data has splits and it does not say which. */
export const trainingReference = (reference: string): string => {
  const parsed = parseDataReference(reference)
  if (E.isLeft(parsed) || parsed.right.split === undefined) return reference
  const [, query] = splitAtQuery(reference)
  if (query === undefined) return `${reference}?split=train`
  return new URLSearchParams(query).has('split') ? reference : `${reference}&split=train`
}

/** The test split, whole, of the data that a reference names part of; undefined where the data has no splits. */
export const testReference = (reference: string): string | undefined => {
  const parsed = parseDataReference(reference)
  return E.isLeft(parsed) || parsed.right.split === undefined ? undefined : splitAtQuery(reference)[0]
}

/** The part of a data set from one image to another. */
export const part = (data: DataSet, [from, to]: readonly [number, number]): DataSet => ({
  ...data,
  count: to - from,
  ...identityOf(data, `${from}:${to}`),
  read: (a, b) => data.read(from + a, from + b),
  pick: indices =>
    examplesAt(
      data,
      indices.map(index => from + index),
    ),
})

/** Part i of n of a data set: every n-th image, from number i on. */
const everyNth = (data: DataSet, [i, n]: readonly [number, number]): DataSet => {
  const pick = (indices: readonly number[]) =>
    examplesAt(
      data,
      indices.map(index => i + n * index),
    )
  return {
    ...data,
    count: Math.ceil((data.count - i) / n),
    ...identityOf(data, `${i}/${n}`),
    read: (from, to) => pick(Array.from({ length: to - from }, (_, k) => from + k)),
    pick,
  }
}

/** What a reference does not say of data. */
export interface OpenDataOptions {
  /** A CSV file for a flat folder of images. */
  readonly labels?: string | undefined
  /** Of generated images. */
  readonly seed?: number
  /** The network's names of classes, by which the data's are numbered where it has names, too. */
  readonly classes?: readonly string[] | undefined
}

/** Two folders, between them a comma. */
const foldersOf = (reference: string, path: string): E.Either<DataProblem, readonly [string, string]> => {
  const folders = path.split(',')
  return folders.length === 2 && !folders.includes('')
    ? E.right([folders[0], folders[1]])
    : refuse(reference, path, 'two folders and a comma between them')
}

const openPairedFolders = async (
  reference: string,
  path: string,
  kind: 'mask' | 'image',
): Promise<E.Either<DataProblem, DataSet>> => {
  const folders = foldersOf(reference, path)
  return E.isLeft(folders) ? folders : openPaired(...folders.right, kind)
}

/** How many times, and of which images: `2,images:DIR`. */
const openDownscaled = async (path: string): Promise<E.Either<DataProblem, DataSet>> => {
  const parts = /^([1-9]\d?),(.+)$/.exec(path)
  if (parts === null || Number(parts[1]) < 2)
    return refuse(`downscale:${path}`, path, 'a whole number from 2 to 99 and images', 'downscale:2,images:DIR')
  return E.map((data: DataSet) => downscaled(data, Number(parts[1])))(await openData(parts[2]))
}

/** One image file, whatever it is called. */
const openFile = async (path: string): Promise<E.Either<DataProblem, DataSet>> => {
  const neither = refuse(path, 'neither a scheme nor an image file', forms, `images:${path}`)
  try {
    return (await stat(path)).isDirectory() ? neither : openImage(path)
  } catch (error) {
    return extname(path) === '' ? neither : E.left(problem('missing-file', path, fileReason(error), 'an image file'))
  }
}

const openWhole = async (
  { scheme, path, split = 'test' }: DataReference,
  { labels, seed = 0 }: OpenDataOptions,
): Promise<E.Either<DataProblem, DataSet>> => {
  switch (scheme) {
    case 'cifar10':
    case 'cifar100':
      return openCifar(scheme, path, split)
    case 'images':
      return openImages(path, labels)
    case 'masks':
      return openPairedFolders(`masks:${path}`, path, 'mask')
    case 'pairs':
      return openPairedFolders(`pairs:${path}`, path, 'image')
    case 'downscale':
      return openDownscaled(path)
    case 'generated': {
      const name = generatedNames.find(known => known === path)
      return name === undefined
        ? refuse(`generated:${path}`, `the name ${path}`, generatedNames.join(', '))
        : E.right(openGenerated(name, split, seed))
    }
    case 'image':
      return openFile(path)
  }
}

/** Opens what a `--data` reference names; images are read when they are asked for. */
export const openData = async (
  reference: string,
  options: OpenDataOptions = {},
): Promise<E.Either<DataProblem, DataSet>> => {
  const parsed = parseDataReference(reference)
  if (E.isLeft(parsed)) return parsed
  const { scheme, range, part: ofMany } = parsed.right
  if (options.labels !== undefined && scheme !== 'images')
    return refuse(reference, `--labels ${options.labels} for ${scheme}`, 'labels for images:DIR alone')
  const data = await openWhole(parsed.right, options)
  if (E.isLeft(data)) return data
  const { count } = data.right
  if (range !== undefined && range[1] > count)
    return refuse(reference, `range=${range.join(':')} of ${count} images`, `a range within 0:${count}`)
  if (ofMany !== undefined && ofMany[0] >= count)
    return refuse(reference, `part=${ofMany.join('/')} of ${count} images`, 'a part that has an image')
  const ranged = range === undefined ? data.right : part(data.right, range)
  const meant = ofMany === undefined ? ranged : everyNth(ranged, ofMany)
  return options.classes === undefined ? E.right(meant) : numberedBy(meant, options.classes)
}
