import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { byCodePoint } from '../base/code-points.ts'
import { fileReason } from '../base/file-error.ts'
import { headBytes, imageFormat } from './image-format.ts'
import { inTurns, type PassedOver, type Walked, type WalkedFile, walk } from './walk.ts'

/** What a folder holds: its images in the order in which Python's tools walk it, folder by folder, by code point. */
export interface Found extends Omit<Walked, 'files'> {
  readonly images: readonly WalkedFile[]
}

/** The first bytes of a file. */
const headOf = async (path: string): Promise<Uint8Array> => {
  const file = await open(path, 'r')
  try {
    const head = new Uint8Array(headBytes)
    const { bytesRead } = await file.read(head, 0, headBytes, 0)
    return head.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

const extensions = ['.jpg', '.jpeg', '.jfif', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']

/**
 * What a file is where it is no image that can be read; undefined where it is one by its first bytes. What is called an image and has the bytes of
 * nothing that is known is taken for a damaged one: that is found, and said, when it is decoded.
 */
export const whyNotImage = async (path: string): Promise<string | undefined> => {
  try {
    const head = await headOf(path)
    const format = imageFormat(head)
    if (format?.readable === true) return undefined
    if (format !== undefined)
      return format.name === 'SVG'
        ? 'SVG, which is a drawing and has no pixels'
        : `${format.name}, which is not read here`
    if (extensions.includes(extname(path).toLowerCase())) return undefined
    return head.length === 0 ? 'empty' : 'no image'
  } catch (error) {
    return `not to be read: ${fileReason(error)}`
  }
}

const folderOf = (name: string): string => name.slice(0, Math.max(name.lastIndexOf('/'), 0))

/** The images in a folder and in those below it, told by {@link whyNotImage}. @throws where the folder cannot be read */
export const findImages = async (root: string): Promise<Found> => {
  const { files, passedOver, ...rest } = await walk(root)
  const reasons = await inTurns(files, ({ path }) => whyNotImage(path))
  const others = files.flatMap(({ name }, k): readonly PassedOver[] => {
    const what = reasons[k]
    return what === undefined ? [] : [{ name, what }]
  })
  return {
    ...rest,
    images: files
      .filter((_, k) => reasons[k] === undefined)
      .sort((a, b) => byCodePoint(folderOf(a.name), folderOf(b.name)) || byCodePoint(a.name, b.name)),
    passedOver: [...passedOver, ...others].sort((a, b) => byCodePoint(a.name, b.name)),
  }
}
