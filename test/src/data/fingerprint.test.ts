import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { fingerprint, numberedBy, openData } from '../../../src/data/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

let root: string
const write = async (...names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await mkdir(join(root, name, '..'), { recursive: true })
    await writeFile(join(root, name), '')
  }
}
const of = async (reference: string, options = {}): Promise<string> =>
  orThrow(await fingerprint(orThrow(await openData(reference, options))))

beforeAll(async () => {
  root = await temporaryFolder('fingerprint')
  await write('one/a/0.png', 'one/b/0.png', 'same/a/0.png', 'same/b/0.png', 'files/a/1.png', 'files/b/0.png')
  await write('classes/b/0.png', 'classes/c/0.png', 'flat/0.png', 'flat/1.png')
})

describe('the fingerprint of data', () => {
  it('is that of folders with the same classes, names and labels, wherever they lie', async () => {
    const one = await of(`images:${join(root, 'one')}`)
    expect(one).toMatch(/^2 images of 2 classes \(a, b\), names and labels [0-9a-f]{16}$/)
    expect(await of(`images:${join(root, 'same')}`)).toBe(one)
    await rename(join(root, 'same'), join(root, 'moved'))
    expect(await of(`images:${join(root, 'moved')}`)).toBe(one)
    for (const other of ['files', 'classes', 'flat', 'one?range=0:1'])
      expect(await of(`images:${join(root, other)}`), other).not.toBe(one)
  })

  it('is another where labels are: in a file, and by the network’s names', async () => {
    const flat = `images:${join(root, 'flat')}`
    const labelled = async (rows: string): Promise<string> => {
      await writeFile(join(root, 'labels.csv'), `file,class_index\n${rows}`)
      return of(flat, { labels: join(root, 'labels.csv') })
    }
    expect(await labelled('0.png,0\n1.png,1\n')).toBe(await labelled('1.png,1\n0.png,0\n'))
    expect(await labelled('0.png,0\n1.png,1\n')).not.toBe(await labelled('0.png,1\n1.png,0\n'))
    const data = orThrow(await openData(`images:${join(root, 'one')}`))
    const prints = [
      ['a', 'b'],
      ['b', 'a'],
    ].map(names => fingerprint(orThrow(numberedBy(data, names))))
    const [same, turned] = (await Promise.all(prints)).map(orThrow)
    expect([same, turned === same]).toEqual([await of(`images:${join(root, 'one')}`), false])
  })

  it('of the binary CIFAR is that of its labels, and of generated images that of their seed', async () => {
    const rows = (...labels: readonly number[]) => Buffer.concat(labels.map(label => Buffer.alloc(3073, label)))
    await mkdir(join(root, 'cifar'))
    const cifar = async (...labels: readonly number[]): Promise<string> => {
      await writeFile(join(root, 'cifar', 'test_batch.bin'), rows(...labels))
      return of(`cifar10:${join(root, 'cifar')}`)
    }
    expect(await cifar(1, 2)).toBe(await cifar(1, 2))
    expect(await cifar(1, 2)).not.toBe(await cifar(2, 1))
    expect(await of('generated:orientation', { seed: 1 })).not.toBe(await of('generated:orientation', { seed: 2 }))
  })
})
