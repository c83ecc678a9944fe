import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { openImages } from '../../../src/data/images.ts'
import type { DataSet } from '../../../src/data/index.ts'
import { createZooNetwork } from '../../../src/index.ts'
import { fitLabelled } from '../../../src/network/fit-data.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

let png: Buffer
beforeAll(async () => {
  png = await sharp(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } })
    .png()
    .toBuffer()
})

const bmp = 'BM\xf6\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'

/** A folder of files: images, or those with other contents; and of links. */
const folderOf = async (
  names: readonly string[],
  {
    others = {},
    links = {},
    folders = [],
  }: Readonly<Record<string, unknown>> & {
    readonly others?: Readonly<Record<string, string>>
    readonly links?: Readonly<Record<string, string>>
    readonly folders?: readonly string[]
  } = {},
): Promise<string> => {
  const root = join(await temporaryFolder('images'), 'set')
  const write = async (name: string, contents: Buffer): Promise<void> => {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), contents)
  }
  for (const name of folders) await mkdir(join(root, name), { recursive: true })
  for (const name of names) await write(name, png)
  for (const [name, text] of Object.entries(others)) await write(name, Buffer.from(text, 'latin1'))
  for (const [name, target] of Object.entries(links)) await symlink(target, join(root, name))
  return root
}

const opened = async (root: string, labels?: string): Promise<DataSet> => orThrow(await openImages(root, labels))

/** The names of all images from the folder on, with their labels. */
const imagesOf = async (root: string, data: DataSet): Promise<readonly (readonly [string, number | undefined])[]> =>
  orThrow(await data.read(0, data.count)).map(({ where, label }) => [where.slice(root.length + 1), label] as const)

describe('a folder of images', () => {
  it('has a class a folder, by code point, and a folder’s images in the order in which Python walks it', async () => {
    const root = await folderOf(['\u{1f600}/a', '\ufb01/a', 'b/10', 'b/2', 'b/c/1', 'b/c-d/1', 'b/c/e/1', 'Z/a'])
    const data = await opened(root)
    expect(data.classes).toEqual(['Z', 'b', '\ufb01', '\u{1f600}'])
    expect((await imagesOf(root, data)).map(([name]) => name)).toEqual(
      ['Z/a', 'b/10', 'b/2', 'b/c/1', 'b/c-d/1', 'b/c/e/1', '\ufb01/a', '\u{1f600}/a'].map(name => name),
    )
    expect(data.notes).toEqual(['3 of 8 images lie in folders of their class’s folder.'])
  })

  it('is not what systems and archives leave in it', async () => {
    const others = Object.fromEntries(
      ['._a.png', '.DS_Store', 'cat/._0.png', 'cat/Thumbs.db', 'dog/desktop.ini', '__MACOSX/cat/._0.png'].map(name => [
        name,
        '\0\x05\x16\x07',
      ]),
    )
    const root = await folderOf(['cat/0.png', 'dog/0.png', '@eaDir/cat.png', '.git/a.png'], { others })
    const data = await opened(root)
    expect([data.classes, data.count, data.notes]).toEqual([['cat', 'dog'], 2, undefined])
  })

  it('has labels to offer, where a file of them lies among its images', async () => {
    const others = { 'a.csv': 'x,y\n1,2\n', 'labels.csv': 'file,class_index\n0.png,1\n' }
    const root = await folderOf(['0.png'], { others })
    const data = await opened(root)
    const labels = join(root, 'labels.csv')
    expect([data.labelled, data.labelsFile]).toEqual([false, labels])
    expect(data.notes).toEqual([
      `Labels are in ${labels}, which is not read: --labels ${labels} reads them.`,
      '1 file passed over, no image: a.csv.',
    ])
    const network = createZooNetwork('cifar-resnet-8?classes=2')
    expect(() => fitLabelled(network, data, undefined)).toThrow(`Try: --labels ${labels}`)
    expect((await opened(root, labels)).notes).toEqual(['1 file passed over, no image: a.csv.'])
  })

  it('is read whatever its images are called, and what is none is named', async () => {
    const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    const root = await folderOf(['cat/0.jfif', 'cat/1', 'cat/2.PNG', 'cat/3.bmp'], {
      others: { 'cat/4.png': bmp, 'cat/5.svg': svg, 'cat/readme': 'x', 'cat/list.csv': 'y', 'cat/empty': '' },
    })
    const data = await opened(root)
    expect((await imagesOf(root, data)).map(([name]) => name)).toEqual(
      ['0.jfif', '1', '2.PNG', '3.bmp'].map(n => `cat/${n}`),
    )
    expect(data.notes).toEqual([
      '1 file passed over, BMP, which is not read here: cat/4.png.',
      '1 file passed over, SVG, which is a drawing and has no pixels: cat/5.svg.',
      '1 file passed over, empty: cat/empty.',
      '2 files passed over, no image: cat/list.csv, cat/readme.',
    ])
  })

  it('keeps what is called an image and is damaged, to be said when it is decoded', async () => {
    const data = await opened(await folderOf(['a.png'], { others: { 'b.jpg': '', 'c.png': 'no image' } }))
    expect([data.count, data.notes]).toEqual([3, undefined])
  })

  it('has no class where a folder has no images, and images beside folders are no part of it', async () => {
    const root = await folderOf(['cat/0.png', 'dog/0.png', 'sheet.png'], {
      others: { 'aa/notes.txt': 'x' },
      folders: ['bb'],
    })
    const data = await opened(root)
    expect([data.classes, data.folders, data.count]).toEqual([['cat', 'dog'], ['aa', 'bb', 'cat', 'dog'], 2])
    expect(data.notes).toEqual([
      'No images in 2 folders: aa, bb.',
      '1 image not read, beside the folders of classes: sheet.png.',
      '1 file passed over, no image: aa/notes.txt.',
    ])
  })

  it('has links in it, which are followed, once, and named where they lead nowhere', async () => {
    const elsewhere = await folderOf(['real/0.png', 'real/in/1.png', 'one.png'])
    const root = await folderOf(['cat/0.png'], {
      links: {
        dog: join(elsewhere, 'real'),
        'cat/1.png': join(elsewhere, 'one.png'),
        'cat/round': '../cat',
        'cat/up': '..',
        'cat/self': 'self',
        'cat/gone.png': 'nowhere.png',
      },
    })
    const data = await opened(root)
    expect(await imagesOf(root, data)).toEqual([
      ['cat/0.png', 0],
      ['cat/1.png', 0],
      ['dog/0.png', 1],
      ['dog/in/1.png', 1],
    ])
    expect(data.notes).toEqual([
      '1 of 4 images lie in folders of their class’s folder.',
      '2 links followed out of the folder: dog, cat/1.png.',
      '1 file passed over, a link that leads nowhere: cat/gone.png.',
      '2 files passed over, a link to a folder that is read already: cat/round, cat/up.',
      '1 file passed over, a link that leads back to itself: cat/self.',
    ])
  })

  it('says what numbers as names come to, and refuses the folders of splits', async () => {
    const numbers = ['0', '1', '10', '2', '3', '4', '5', '6', '7', '8', '9'].map(name => `${name}/a.png`)
    expect((await opened(await folderOf(numbers))).notes?.join()).toContain('10 is class 2')
    expect((await opened(await folderOf(['0/a.png', '1/a.png']))).notes).toBeUndefined()
    const root = await folderOf(['train/cat/0.png', 'val/cat/0.png'])
    expect(await openImages(root)).toMatchObject(
      E.left({ seen: 'folders of folders of images: train, val', hint: `images:${root}/train` }),
    )
  })

  it('is labelled by a CSV file in folders, too, in whatever form Unicode has its names', async () => {
    const root = await folderOf(['cat/0.png', 'e\u0301.png'], {
      others: { 'labels.csv': 'file,class_index\ncat/0.png,1\n\u00e9.png,2\n' },
    })
    const file = join(root, 'labels.csv')
    await writeFile(file, 'file,class_index\ncat/0.png,1\n\u00e9.png,2\nb.png,3\n')
    const data = await opened(root, file)
    expect(await imagesOf(root, data)).toEqual([
      ['e\u0301.png', 2],
      ['cat/0.png', 1],
    ])
    expect(data.notes).toEqual([`${file}: a row for files that are not in ${root}: b.png.`])
    await writeFile(file, 'file,class_index\n\u00e9.png,2\n')
    expect((await opened(root, file)).notes).toEqual(['1 image not read, in folders: cat/0.png.'])
  })

  it('says what there is where there is no image', async () => {
    const none = await openImages(await folderOf([], { others: { 'a.bmp': bmp, 'b.txt': 'x' } }))
    expect(E.isLeft(none) && none.left.seen).toBe(
      'no images; 1 file passed over, BMP, which is not read here: a.bmp; 1 file passed over, no image: b.txt',
    )
  })

  it.skipIf(!hasShared).each([
    ['real', 6, 0],
    ['appledouble', 6, 0],
    ['macosx', 6, 0],
    ['nested', 9, 1],
    ['exts', 9, 2],
    ['stray', 6, 1],
  ])('is read as it is, with what it is not: %s (needs ../shared)', async (name, images, notes) => {
    const data = await opened(sharedPath('cases', 'folder-contents', name))
    expect([data.count, data.classes, data.notes?.length ?? 0]).toEqual([images, ['a_red', 'b_green', 'c_blue'], notes])
  })
})
