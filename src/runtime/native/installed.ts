import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { type Accelerator, cacheFolder, type Installation, installationIn } from './layout.ts'

/** What an installation says of itself; it is the last file written into one. */
export const InstalledManifest = t.type({
  tensorflow: t.string,
  accelerator: t.union([t.literal('cpu'), t.literal('nvidia')]),
  wheels: t.array(t.type({ file: t.string, sha256: t.string })),
  files: t.array(t.type({ path: t.string, bytes: t.number })),
  addon: t.type({ origin: t.union([t.literal('prebuilt'), t.literal('built')]), source: t.string }),
})

export type InstalledManifest = t.TypeOf<typeof InstalledManifest>

export interface Installed extends Installation {
  readonly contents: InstalledManifest
}

const whole = async (folder: string, file: { readonly path: string; readonly bytes: number }): Promise<boolean> =>
  stat(join(folder, file.path)).then(
    s => s.size === file.bytes,
    () => false,
  )

/** The installation for one kind of accelerator, if every file that its manifest names is there with its size. */
export const findInstalled = async (cache: string, accelerator: Accelerator): Promise<Installed | undefined> => {
  const place = installationIn(cache, accelerator)
  try {
    const contents = InstalledManifest.decode(JSON.parse(await readFile(place.manifest, 'utf8')))
    if (E.isLeft(contents)) return undefined
    const files = await Promise.all(contents.right.files.map(file => whole(place.folder, file)))
    return files.every(Boolean) ? { ...place, contents: contents.right } : undefined
  } catch {
    return undefined
  }
}

/** The best installation in a cache folder: with NVIDIA's libraries before without. */
export const bestInstalled = async (cache: string = cacheFolder()): Promise<Installed | undefined> =>
  (await findInstalled(cache, 'nvidia')) ?? (await findInstalled(cache, 'cpu'))
