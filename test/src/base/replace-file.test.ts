import { type FileHandle, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { replaceFile } from '../../../src/base/replace-file.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await temporaryFolder('replace')
  path = join(folder, 'file')
  await writeFile(path, 'old')
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Has every `sync` of an open file go through `instead`. */
const syncing = async (instead: (file: FileHandle, sync: () => Promise<void>) => Promise<void>): Promise<void> => {
  const file = await open(path)
  const prototype: FileHandle = Object.getPrototypeOf(file)
  await file.close()
  const { sync } = prototype
  vi.spyOn(prototype, 'sync').mockImplementation(function (this: FileHandle) {
    return instead(this, () => sync.call(this))
  })
}

const failing = (code: string): Error => Object.assign(new Error(code), { code })

describe('a file that is replaced', () => {
  it('is on the disk before it has its name, and its name before the next is written', async () => {
    const seen: unknown[] = []
    await syncing(async (file, sync) => {
      const found = await file.stat()
      seen.push([found.isDirectory() ? 'folder' : found.size, await readFile(path, 'utf8')])
      await sync()
    })
    await replaceFile(path, Buffer.from('newer'))
    expect(seen).toEqual([
      [5, 'old'],
      ['folder', 'newer'],
    ])
    expect(await readdir(folder)).toEqual(['file'])
  })

  it('stands as it was where the disk fails, with nothing beside it', async () => {
    await syncing(() => Promise.reject(failing('EIO')))
    await expect(replaceFile(path, Buffer.from('newer'))).rejects.toThrow('EIO')
    expect(await readdir(folder)).toEqual(['file'])
    expect(await readFile(path, 'utf8')).toBe('old')
  })

  it.each([
    ['EINVAL', true],
    ['EIO', false],
  ])('where syncing its folder says %s: replaced is %s', async (code, replaced) => {
    await syncing(async (file, sync) => {
      if ((await file.stat()).isDirectory()) throw failing(code)
      await sync()
    })
    const done = await replaceFile(path, Buffer.from('newer')).then(
      () => true,
      () => false,
    )
    expect(done).toBe(replaced)
  })
})
