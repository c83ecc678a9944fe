import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { besidePath, sweepBeside } from '../../../src/base/put-in-place.ts'
import { replaceFile } from '../../../src/base/replace-file.ts'
import { replaceFolder } from '../../../src/base/replace-folder.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

let folder: string
beforeEach(async () => {
  folder = await temporaryFolder('place')
})

/** The number of a process that has ended. */
const gone = (): number => spawnSync(process.execPath, ['-e', '']).pid

/** What a process of that number would make beside a path. */
const besideOf = async (path: string, beside: 'new' | 'old', pid: number): Promise<string> =>
  (await besidePath(path, beside)).replace(`-${process.pid}-`, `-${pid}-`)

describe('what a killed process leaves beside a place', () => {
  it.each(['new', 'old'] as const)('is removed by the next that writes there, be it %s', async beside => {
    const path = join(folder, 'compiled')
    const left = await besideOf(path, beside, gone())
    await mkdir(left)
    await writeFile(join(left, 'graph.json'), '{')
    await replaceFolder(path, new Map([['graph.json', Buffer.from('{}')]]))
    expect(await readdir(folder)).toEqual(['compiled'])
    expect(await readFile(join(path, 'graph.json'), 'utf8')).toBe('{}')
  })

  it('is removed where the next writes a file', async () => {
    await writeFile(await besideOf(join(folder, 'other'), 'new', gone()), 'part')
    await replaceFile(join(folder, 'file'), Buffer.from('whole'))
    expect(await readdir(folder)).toEqual(['file'])
  })

  it('stands again where it had been moved away and nothing had come in its place', async () => {
    const path = join(folder, 'compiled')
    await mkdir(await besideOf(path, 'old', gone()))
    await sweepBeside(path)
    expect(await readdir(folder)).toEqual(['compiled'])
  })

  it('stays while its process lives, and so does another’s of the same number from before', async () => {
    const path = join(folder, 'file')
    const [own, earlier] = [await besidePath(path, 'new'), await besidePath(path, 'new')]
    const reused = earlier.replace(/-[\da-f]{8}(-[\da-f]{8}\.tmp)$/, '-00000000$1')
    for (const made of [own, reused]) await writeFile(made, '')
    await sweepBeside(path)
    expect(await readdir(folder)).toEqual([basename(own)])
  })

  it('of another machine stays for a day', async () => {
    const path = join(folder, 'file')
    const elsewhere = async (): Promise<string> =>
      (await besidePath(path, 'new')).replace(/\.[\da-f]{8}-/, '.00000000-')
    const [young, old] = [await elsewhere(), await elsewhere()]
    for (const made of [young, old]) await writeFile(made, '')
    const before = new Date(Date.now() - 25 * 60 * 60 * 1000)
    await utimes(old, before, before)
    await sweepBeside(path)
    expect(await readdir(folder)).toEqual([basename(young)])
  })

  it('is told from files of one’s own that look like it', async () => {
    const mine = ['file.tmp', 'file.old', 'file.1234.tmp', 'notes.old']
    for (const name of mine) await writeFile(join(folder, name), '')
    await replaceFile(join(folder, 'file'), Buffer.from('whole'))
    expect(await readdir(folder)).toEqual(['file', ...mine].sort())
  })
})

describe('a folder that several replace at once', () => {
  it('is one of theirs, whole, with nothing beside it', async () => {
    const path = join(folder, 'compiled')
    const files = (k: number) => new Map(['a', 'b'].map(name => [name, Buffer.from(`${k}`)] as const))
    await Promise.all(Array.from({ length: 12 }, (_, k) => replaceFolder(path, files(k))))
    const [a, b] = await Promise.all(['a', 'b'].map(name => readFile(join(path, name), 'utf8')))
    expect(a).toBe(b)
    expect(await readdir(folder)).toEqual(['compiled'])
  })

  it('is not put over a file', async () => {
    const path = join(folder, 'file')
    await writeFile(path, 'mine')
    await expect(replaceFolder(path, new Map())).rejects.toThrow('ENOTDIR')
    expect(await readFile(path, 'utf8')).toBe('mine')
    expect(await readdir(folder)).toEqual(['file'])
  })
})
