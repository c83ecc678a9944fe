import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { type Accelerator, cacheFolder, type Installation, installationIn } from './layout.ts'

/** What came out of which wheels. */
export const InstalledFiles = t.type({
  wheels: t.array(t.type({ file: t.string, sha256: t.string })),
  files: t.array(t.type({ path: t.string, bytes: t.number })),
})

export type InstalledFiles = t.TypeOf<typeof InstalledFiles>

/** What an installation says of itself; it is the last file written into one. */
export const InstalledManifest = t.type({
  tensorflow: t.string,
  accelerator: t.union([t.literal('cpu'), t.literal('nvidia')]),
  ...InstalledFiles.props,
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

/** A folder's manifest, if every file that it names is there with its size. */
export const wholeContents = async <A extends InstalledFiles>(
  codec: t.Decoder<unknown, A>,
  { folder, manifest }: { readonly folder: string; readonly manifest: string },
): Promise<A | undefined> => {
  try {
    const contents = codec.decode(JSON.parse(await readFile(manifest, 'utf8')))
    if (E.isLeft(contents)) return undefined
    const files = await Promise.all(contents.right.files.map(file => whole(folder, file)))
    return files.every(Boolean) ? contents.right : undefined
  } catch {
    return undefined
  }
}

/** The whole installation for one kind of accelerator. */
export const findInstalled = async (cache: string, accelerator: Accelerator): Promise<Installed | undefined> => {
  const place = installationIn(cache, accelerator)
  const contents = await wholeContents(InstalledManifest, place)
  return contents === undefined ? undefined : { ...place, contents }
}

/** The best installation in a cache folder: with NVIDIA's libraries before without. */
export const bestInstalled = async (cache: string = cacheFolder()): Promise<Installed | undefined> =>
  (await findInstalled(cache, 'nvidia')) ?? (await findInstalled(cache, 'cpu'))
