import { existsSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFolder } from '../../../src/base/make-folder.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

describe('a folder that is made', () => {
  it('comes with those it lies in, and may be there already', async () => {
    const folder = await temporaryFolder('make')
    const deep = join(folder, 'a/b/c')
    await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, 'a/d'))])
    await makeFolder(deep)
    expect((await stat(deep)).isDirectory()).toBe(true)
  })

  it('is refused where a file stands on the way', async () => {
    const file = join(await temporaryFolder('make'), 'file')
    await writeFile(file, '')
    for (const wrong of [file, join(file, 'x'), join(file, 'x/y')])
      await expect(makeFolder(wrong)).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it.skipIf(!existsSync('/proc/self'))('is refused, and soon, where a file system has no place for one', async () => {
    for (const wrong of ['/proc/espalier', '/proc/espalier/x'])
      await expect(makeFolder(wrong)).rejects.toMatchObject({ code: expect.stringMatching(/^E(NOENT|ACCES|PERM)$/) })
  })
})
