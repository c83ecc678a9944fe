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
    ['cifar100:D', 'cifar100:D', 'the same images'],
    ['cifar100:D?split=train', 'cifar100:D', undefined],
    ['cifar10:D', 'cifar100:D', undefined],
    ['cifar100:D?range=0:10', 'cifar100:D?range=10:20', undefined],
    ['cifar100:D?range=0:11', 'cifar100:D?range=10:20', 'images 10 to 10 of both'],
    ['cifar100:D', 'cifar100:D?range=3:7', 'images 3 to 6 of both'],
    ['images:D?range=0:9', 'images:D', 'images 0 to 8 of both'],
    ['images:D?part=0/2', 'images:D?part=1/2', undefined],
    ['images:D?part=0/2', 'images:D?part=3/4', undefined],
    ['images:D?part=1/2', 'images:D?part=3/4', 'the same images'],
    ['images:D?part=1/2', 'images:D?part=1/3', 'the same images'],
    ['images:D?part=1/4', 'images:D?range=2:5', undefined],
    ['images:D?range=2:6', 'images:D?part=1/4', 'images 2 to 5 of both'],
    ['images:D?part=1/4', 'images:D', 'the same images'],
    ['generated:orientation?split=train', 'generated:orientation', undefined],
  ])('of %s and %s', async (a, b, shared) => {
    expect(await sharedImages(a, b)).toBe(shared)
  })

  it('knows a folder under another name', async () => {
    const [a, b] = [`cifar100:${folder}`, `cifar100:${folder}-link?range=0:5`]
    expect(await sharedImages(a, b)).toBe('images 0 to 4 of both')
  })

  it('says what is no reference', async () => {
    await expect(sharedImages('cifra:D', 'cifar100:D')).rejects.toMatchObject({ problems: [{ tag: 'bad-reference' }] })
  })
})
