import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelOptions, openModel } from '../execute/model.ts'
import { readCompiledFolder } from '../open/compiled-folder.ts'
import type { Source, Version } from './models.ts'
import { type ServedModel, servedModel, tryOut } from './served-model.ts'

/** Where a version of a model runs, how its predictions are joined, and who is told of its batches. */
export type ExecutionOf = (name: string) => ModelOptions

/** Opens a compiled folder, and has it answer once. @throws EspalierError */
const openFolder = async (
  folder: string,
  name: string,
  version: string,
  executionOf: ExecutionOf,
): Promise<ServedModel> => {
  const { compiled, meaning } = await readCompiledFolder(folder)
  const model = await openModel({ ...compiled, meaning }, executionOf(name))
  const served = servedModel(name, version, model)
  await tryOut(served)
  return served
}

/** Names, sizes and times of the files of a folder: a copy that is under way changes them. */
const markOf = async (folder: string): Promise<string> => {
  const names = (await readdir(folder)).sort()
  const facts = await Promise.all(names.map(name => stat(join(folder, name))))
  return JSON.stringify(facts.map(({ size, mtimeMs, ino }, k) => [names[k], size, mtimeMs, ino]))
}

const isVersion = (name: string): boolean => /^[1-9]\d{0,17}$/.test(name)

const foldersIn = async (path: string): Promise<readonly string[]> => {
  const entries = await readdir(path)
  const facts = await Promise.all(entries.map(name => stat(join(path, name)).catch(() => undefined)))
  return entries.filter((name, k) => facts[k]?.isDirectory() === true && !name.startsWith('.')).sort()
}

/** The models in a folder: a folder each, `NAME`, with a compiled folder for each version, `NAME/1`. */
export const modelsFolder =
  (root: string, executionOf: ExecutionOf): Source =>
  async () => {
    const found = new Map<string, readonly Version[]>()
    for (const name of await foldersIn(root)) {
      const numbers = (await foldersIn(join(root, name))).filter(isVersion)
      const newestFirst = numbers.sort((a, b) => (BigInt(a) < BigInt(b) ? 1 : -1))
      const versions = newestFirst.map(async (version): Promise<Version> => {
        const folder = join(root, name, version)
        return { version, mark: await markOf(folder), open: () => openFolder(folder, name, version, executionOf) }
      })
      found.set(name, await Promise.all(versions))
    }
    return found
  }
