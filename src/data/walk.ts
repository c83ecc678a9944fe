import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { byCodePoint } from '../base/code-points.ts'
import { fileReason } from '../base/file-error.ts'

/** A file: where it is, and its name from the folder on, with slashes. */
export interface WalkedFile {
  readonly path: string
  readonly name: string
}

/** What is no image that can be read, and what it is instead. */
export interface PassedOver {
  readonly name: string
  readonly what: string
}

export interface Walked {
  readonly files: readonly WalkedFile[]
  /** The folders at the first level, by code point. */
  readonly folders: readonly string[]
  readonly passedOver: readonly PassedOver[]
  /** Links that lead out of the folder. */
  readonly outside: readonly string[]
}

/** What systems and archives leave in folders, beside names that begin with a dot. */
const leftovers = ['__macosx', 'thumbs.db', 'ehthumbs.db', 'desktop.ini', '@eadir', '$recycle.bin', 'icon\r']

const isLeftover = ({ name }: Dirent): boolean => name.startsWith('.') || leftovers.includes(name.toLowerCase())

/** So many files are looked into at a time. */
const atOnce = 32

/** What becomes of each, a bounded number at a time. */
export const inTurns = async <A, B>(all: readonly A[], of: (each: A) => Promise<B>): Promise<readonly B[]> => {
  const done = new Array<B>(all.length)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < all.length) {
      const k = next++
      done[k] = await of(all[k])
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, work))
  return done
}

type Looked = { readonly kind: 'file' | 'folder'; readonly leadsTo?: string } | { readonly passedOver: string }

const linkTroubles: Readonly<Record<string, string>> = {
  ENOENT: 'a link that leads nowhere',
  ENOTDIR: 'a link that leads nowhere',
  ELOOP: 'a link that leads back to itself',
}

/** What an entry of a folder is, and where it leads if it is a link. */
const look = async (path: string, entry: Dirent): Promise<Looked> => {
  try {
    const leadsTo = entry.isSymbolicLink() ? { leadsTo: await realpath(path) } : {}
    const is = entry.isFile() || entry.isDirectory() ? entry : await stat(path)
    if (is.isFile()) return { kind: 'file', ...leadsTo }
    return is.isDirectory() ? { kind: 'folder', ...leadsTo } : { passedOver: 'neither a file nor a folder' }
  } catch (error) {
    const trouble = entry.isSymbolicLink() ? linkTroubles[(error as NodeJS.ErrnoException).code ?? ''] : undefined
    return { passedOver: trouble ?? `not to be read: ${fileReason(error)}` }
  }
}

/** All files below a folder but what systems and archives leave there. Links are followed; within a folder of the first level no place is walked twice. @throws where the folder cannot be read */
export const walk = async (root: string): Promise<Walked> => {
  const files: WalkedFile[] = []
  const folders: string[] = []
  const passedOver: PassedOver[] = []
  const outside: string[] = []
  const home = await realpath(root)
  const isInside = (place: string): boolean => place === home || place.startsWith(home + sep)

  /** Sorts a folder's entries, and tells which folders are in it. */
  const enter = async (folder: string): Promise<readonly string[]> => {
    const entries = (await readdir(join(root, folder), { withFileTypes: true })).filter(entry => !isLeftover(entry))
    const looked = await inTurns(entries, entry => look(join(root, folder, entry.name), entry))
    const inner: string[] = []
    for (const [k, entry] of entries.entries()) {
      const [each, name] = [looked[k], folder === '' ? entry.name : `${folder}/${entry.name}`]
      if ('passedOver' in each) passedOver.push({ name, what: each.passedOver })
      else {
        if (each.leadsTo !== undefined && !isInside(each.leadsTo)) outside.push(name)
        if (each.kind === 'folder') inner.push(name)
        else files.push({ path: join(root, name), name })
      }
    }
    return inner.sort(byCodePoint)
  }

  const descend = async (folder: string, been: Set<string>): Promise<void> => {
    try {
      const place = await realpath(join(root, folder))
      if (been.has(place)) {
        passedOver.push({ name: folder, what: 'a link to a folder that is read already' })
        return
      }
      been.add(place)
      for (const inner of await enter(folder)) await descend(inner, been)
    } catch (error) {
      passedOver.push({ name: folder, what: `not to be read: ${fileReason(error)}` })
    }
  }

  for (const folder of await enter('')) {
    folders.push(folder)
    await descend(folder, new Set([home]))
  }
  return { files, folders, passedOver, outside }
}
