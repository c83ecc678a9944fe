import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { sharedImages } from '../../../src/experiment/shared-images.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

let folder: string
beforeAll(async () => {
  folder = join(await temporaryFolder('shared'), 'data')
  await mkdir(folder)
  await symlink(folder, `${folder}-link`)
})

describe('sharedImages', () => {
  it.each([
    ['cifar100:D', 'cifar100:D', [0, Infinity]],
    ['cifar100:D?split=train', 'cifar100:D', null],
    ['cifar10:D', 'cifar100:D', null],
    ['cifar100:D?range=0:10', 'cifar100:D?range=10:20', null],
    ['cifar100:D?range=0:11', 'cifar100:D?range=10:20', [10, 11]],
    ['cifar100:D', 'cifar100:D?range=3:7', [3, 7]],
    ['images:D?range=0:9', 'images:D', [0, 9]],
    ['generated:orientation?split=train', 'generated:orientation', null],
  ])('of %s and %s', async (a, b, shared) => {
    expect(await sharedImages(a, b)).toEqual(shared)
  })

  it('knows a folder under another name', async () => {
    const [a, b] = [`cifar100:${folder}`, `cifar100:${folder}-link?range=0:5`]
    expect(await sharedImages(a, b)).toEqual([0, 5])
  })

  it('says what is no reference', async () => {
    await expect(sharedImages('cifra:D', 'cifar100:D')).rejects.toMatchObject({ problems: [{ tag: 'bad-reference' }] })
  })
})
