import { readFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { fileReason } from '../base/file-error.ts'
import { counted, listed } from '../base/format.ts'
import type { DataSet, Example } from './data-set.ts'
import type { DataProblem } from './error.ts'
import { hashOf, identityOf } from './fingerprint.ts'
import { findImages } from './folder.ts'
import type { Target } from './target.ts'
import type { WalkedFile } from './walk.ts'

/** A file and the one that an answer is held against. */
type PairOfFiles = readonly [image: WalkedFile, target: WalkedFile]

/** A name without its ending, by which files of two folders belong together. */
const stemOf = ({ name }: WalkedFile): string => name.slice(0, name.length - extname(name).length).normalize()

/** The images of a folder. Left: where there is none, or it cannot be read. */
const imagesIn = async (folder: string): Promise<E.Either<DataProblem, readonly WalkedFile[]>> => {
  const expected = 'a folder of images'
  try {
    const { images } = await findImages(folder)
    return images.length > 0 ? E.right(images) : E.left(problem('missing-file', folder, 'no images', expected))
  } catch (error) {
    return E.left(problem('missing-file', folder, fileReason(error), `${expected} that can be read`))
  }
}

const readPairs =
  (pairs: readonly PairOfFiles[], kind: 'mask' | 'image'): DataSet['read'] =>
  async (from, to) => {
    const read = pairs.slice(from, to).map(async ([image, target]): Promise<Example> => {
      const [bytes, targetBytes] = await Promise.all([readFile(image.path), readFile(target.path)])
      const of = new Uint8Array(bytes)
      const held: Target = { kind, image: new Uint8Array(targetBytes), where: target.path, of }
      return { image: of, where: image.path, target: held }
    })
    try {
      return E.right(await Promise.all(read))
    } catch (error) {
      const { path = 'images' } = error as NodeJS.ErrnoException
      return E.left(problem('unreadable-file', path, fileReason(error), 'a file that can be read'))
    }
  }

/** The images of one folder, each with the file of its name in another: a mask, or what it should become. */
export const openPaired = async (
  folder: string,
  targets: string,
  kind: 'mask' | 'image',
): Promise<E.Either<DataProblem, DataSet>> => {
  const found = E.sequenceArray([await imagesIn(folder), await imagesIn(targets)])
  if (E.isLeft(found)) return found
  const [images, others] = found.right
  const byStem = new Map(others.map(file => [stemOf(file), file]))
  const pairs = images.flatMap((image): readonly PairOfFiles[] => {
    const target = byStem.get(stemOf(image))
    return target === undefined ? [] : [[image, target]]
  })
  if (pairs.length < images.length) {
    const alone = images.filter(image => !byStem.has(stemOf(image))).map(({ name }) => name)
    const expected = `a file of the same name, but for its ending, for each image of ${folder}`
    return E.left(problem('missing-file', targets, `none for ${listed(alone)}`, expected))
  }
  const wanted = new Set(images.map(stemOf))
  const doubled = others.filter(file => wanted.has(stemOf(file)) && byStem.get(stemOf(file)) !== file)
  if (doubled.length > 0) {
    const seen = `several of one name: ${listed(doubled.map(({ name }) => name))}`
    return E.left(problem('bad-reference', targets, seen, 'one file for each image'))
  }
  const unused = others.length - new Set(pairs.map(([, { path }]) => path)).size
  return E.right({
    name: basename(resolve(folder)),
    folder,
    count: pairs.length,
    labelled: false,
    targets: kind,
    ...(unused === 0 ? {} : { notes: [`${counted(unused, 'file')} of ${targets} without an image in ${folder}.`] }),
    identity: async () =>
      E.right(hashOf(pairs.map(files => JSON.stringify(files.map(({ name }) => name.normalize()))))),
    read: readPairs(pairs, kind),
  })
}

/** Images that are to be had back from the means of their pixels, square by square of so many. */
export const downscaled = (data: DataSet, times: number): DataSet => {
  const reduced = E.map((examples: readonly Example[]) =>
    examples.map(({ image, where }): Example => ({ image, where, times, target: { kind: 'image', image, where } })),
  )
  const { pick } = data
  return {
    ...{ name: data.name, folder: data.folder, count: data.count, notes: data.notes },
    ...{ labelled: false, targets: 'image', times },
    ...identityOf(data, `downscale ${times}`),
    read: async (from, to) => reduced(await data.read(from, to)),
    pick: pick && (async indices => reduced(await pick(indices))),
  }
}
