import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import {
  batches,
  type DataSet,
  examplesAt,
  openData,
  parseDataReference,
  readClassNames,
  readLabels,
  trainingReference,
} from '../../../src/data/index.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const opened = async (...of: Parameters<typeof openData>): Promise<DataSet> => orThrow(await openData(...of))

const problemOf = async (...of: Parameters<typeof openData>) => {
  const data = await openData(...of)
  if (E.isRight(data)) throw new Error('no problem')
  return data.left
}

describe('a data reference', () => {
  it('names a scheme, a place and a part', () => {
    expect(parseDataReference('cifar100:a/b:c?split=train&range=0:5000')).toEqual(
      E.right({ scheme: 'cifar100', path: 'a/b:c', split: 'train', range: [0, 5000] }),
    )
    expect(parseDataReference('images:d?part=1/4')).toEqual(E.right({ scheme: 'images', path: 'd', part: [1, 4] }))
    expect(parseDataReference('images:d')).toEqual(E.right({ scheme: 'images', path: 'd' }))
    expect(parseDataReference('C:\\a.JPG')).toEqual(E.right({ scheme: 'image', path: 'C:\\a.JPG' }))
  })

  it.each([
    'cifar100',
    'cifar100:',
    'nowhere',
    'cifar100:d?split=validation',
    'cifar100:d?range=5',
    'cifar100:d?range=5:5',
    'cifar100:d?range=-1:5',
    'cifar100:d?part=1',
    'cifar100:d?part=2/2',
    'cifar100:d?part=0/2&range=0:5',
    'generated:orientation?part=20000/30000',
    'generated:orientations',
  ])('is refused: %s', async reference => {
    expect((await problemOf(reference)).tag).toBe('bad-reference')
  })

  it('to a place whose name has signs of its own is that place, and a part of it may be meant', async () => {
    const root = await temporaryFolder('signs')
    const place = join(root, 'a?range=0:9#b c%20"\n')
    await mkdir(place)
    for (const scheme of ['images', 'cifar10'] as const)
      expect(parseDataReference(`${scheme}:${place}`)).toMatchObject(E.right({ scheme, path: place }))
    expect(parseDataReference(`images:${place}?range=1:2`)).toEqual(
      E.right({ scheme: 'images', path: place, range: [1, 2] }),
    )
    expect(trainingReference(`cifar10:${place}`)).toBe(`cifar10:${place}?split=train`)
    expect(parseDataReference(`images:${join(root, 'absent')}?range=1:2`)).toMatchObject(E.right({ range: [1, 2] }))
  })

  it('to part i of n is to every n-th image from number i on, in any order', async () => {
    const whole = orThrow(await (await opened('generated:orientation')).read(0, 8))
    const part = await opened('generated:orientation?part=1/3')
    expect(part.count).toBe(Math.ceil((10_000 - 1) / 3))
    expect(orThrow(await part.read(0, 3))).toEqual([whole[1], whole[4], whole[7]])
    expect(orThrow(await examplesAt(part, [2, 0]))).toEqual([whole[7], whole[1]])
  })

  it('with an unknown scheme is answered with the nearest', () => {
    const parsed = parseDataReference('cifar-100:d')
    expect(E.isLeft(parsed) && [parsed.left.seen, parsed.left.hint]).toEqual(['the scheme cifar-100', 'cifar100:d'])
  })

  it.each(['images:d?split=train', 'a.png?range=0:1&split=test'])(
    'names no split where there is none: %s',
    async reference => {
      expect(await problemOf(reference)).toMatchObject({
        tag: 'bad-reference',
        seen: expect.stringMatching(/^the option split for image/),
        expected: 'range or part',
      })
    },
  )

  it.each([
    ['cifar10:d', 'cifar10:d?split=train'],
    ['generated:orientation?range=0:9', 'generated:orientation?range=0:9&split=train'],
    ['cifar100:d?split=test', 'cifar100:d?split=test'],
    ['images:d?range=0:9', 'images:d?range=0:9'],
    ['a.png', 'a.png'],
    ['cifra:d', 'cifra:d'],
  ])('%s means %s to train on', (reference, meant) => {
    expect(trainingReference(reference)).toBe(meant)
  })

  it('to generated images reads them by seed and range', async () => {
    const preprocess = (await opened('generated:orientation')).preprocess!
    const first = async (reference: string, seed: number): Promise<readonly number[]> => {
      for await (const { images, labels } of batches(await opened(reference, { seed }), { batch: 1, preprocess }))
        return [...(labels ?? []), ...images]
      return []
    }
    const whole = await first('generated:orientation?range=7:9', 1)
    expect([whole.length, whole[0]]).toEqual([1 + 32 * 32 * 3, 7])
    expect(await first('generated:orientation?range=7:8', 1)).toEqual(whole)
    expect(await first('generated:orientation?range=7:9', 2)).not.toEqual(whole)
    expect(await first('generated:orientation?range=7:9&split=train', 1)).not.toEqual(whole)
  })
})

describe('images on disk', () => {
  let folder: string
  const preprocess = { size: [1, 1] } as const
  const dot = (value: number) =>
    sharp(Buffer.from([value, value, value]), { raw: { width: 1, height: 1, channels: 3 } })
      .png()
      .toBuffer()
  const readAll = async (data: DataSet): Promise<readonly (readonly [number, number | undefined])[]> => {
    const read: [number, number | undefined][] = []
    for await (const { n, images, labels } of batches(data, { batch: 2, preprocess }))
      for (let k = 0; k < n; k++) read.push([images[3 * k], labels?.[k]])
    return read
  }

  beforeAll(async () => {
    folder = await temporaryFolder('images')
    for (const [name, value] of [
      ['classes/cat/b.png', 2],
      ['classes/cat/a.png', 1],
      ['classes/ant/c.png', 3],
      ['flat/y.png', 5],
      ['flat/x.png', 4],
      ['flat/z.PNG', 6],
    ] as const) {
      await mkdir(join(folder, name, '..'), { recursive: true })
      await writeFile(join(folder, name), await dot(value))
    }
    await writeFile(join(folder, 'flat', 'notes.txt'), 'not an image')
    await mkdir(join(folder, 'empty'))
  })
  const csv = async (text: string): Promise<string> => {
    await writeFile(join(folder, 'labels.csv'), text)
    return join(folder, 'labels.csv')
  }

  it('in a folder a class are labelled by the folders in alphabetical order', async () => {
    const data = await opened(`images:${join(folder, 'classes')}`)
    expect(data.classes).toEqual(['ant', 'cat'])
    expect(await readAll(data)).toEqual([
      [3, 0],
      [1, 1],
      [2, 1],
    ])
  })

  it('in a flat folder are labelled by a CSV file, or not at all', async () => {
    const labels = await csv('\ufefffile,class_index\r\nz.PNG,9\r\nx.png,7\r\ny.png,8\r\n')
    const flat = `images:${join(folder, 'flat')}`
    // Upper case sorts first.
    const whole = [
      [4, 7],
      [5, 8],
      [6, 9],
    ]
    expect(await readAll(await opened(flat, { labels }))).toEqual(whole)
    expect(await readAll(await opened(`${flat}?range=1:3`, { labels }))).toEqual(whole.slice(1))
    const bare = await opened(flat)
    expect([bare.labelled, await readAll(bare)]).toEqual([
      false,
      [
        [4, undefined],
        [5, undefined],
        [6, undefined],
      ],
    ])
  })

  it('as one file are one image', async () => {
    expect(await readAll(await opened(join(folder, 'flat', 'x.png')))).toEqual([[4, undefined]])
  })

  it('are missing, empty, unlabelled or corrupt in so many words', async () => {
    expect((await problemOf(`images:${join(folder, 'absent')}`)).tag).toBe('missing-file')
    expect((await problemOf(`images:${join(folder, 'empty')}`)).tag).toBe('missing-file')
    expect((await problemOf(join(folder, 'absent.png'))).tag).toBe('missing-file')
    const unlabelled = await problemOf(`images:${join(folder, 'flat')}`, {
      labels: await csv('file,class_index\nx.png,1\n'),
    })
    expect([unlabelled.tag, unlabelled.seen]).toEqual(['bad-labels', 'no row for y.png, z.PNG'])
    await writeFile(join(folder, 'corrupt.png'), 'not an image')
    await expect(readAll(await opened(join(folder, 'corrupt.png')))).rejects.toMatchObject({
      problems: [{ tag: 'unreadable-image', where: join(folder, 'corrupt.png') }],
    })
  })

  it.each([
    ['name,index\na,1\n', 'columns name,index', ''],
    ['file,class_index\n', 'no rows', ''],
    ['file,class_index\na.png,1\nb.png,-1\n', 'class_index "-1"', ', row 3'],
    ['file,class_index\na.png,one\n', 'class_index "one"', ', row 2'],
    ['file,class_index\na.png,1\nb.png,0\na.png,2\n', 'class 2 for a.png, 1 before', ', row 4'],
  ])('have labels in a CSV file, which is refused: %j', async (text, seen, at) => {
    const path = await csv(text)
    const labels = await readLabels(path)
    expect(E.isLeft(labels) && [labels.left.tag, labels.left.seen, labels.left.where]).toEqual([
      'bad-labels',
      seen,
      path + at,
    ])
  })

  it('are matched with rows whose names are in another Unicode normal form, and rows without files are noted', async () => {
    await mkdir(join(folder, 'accents'))
    await writeFile(join(folder, 'accents', 'e\u0301.png'), await dot(1))
    await writeFile(join(folder, 'accents', '\u00e5.png'), await dot(2))
    const rows = 'file,class_index\n\u00e9.png,7\n"a\u030a.png",8\n'
    const flat = `images:${join(folder, 'accents')}`
    const data = await opened(flat, { labels: await csv(rows) })
    expect((await readAll(data)).map(([, label]) => label)).toEqual([7, 8])
    expect(data.notes).toBeUndefined()
    const more = await opened(flat, { labels: await csv(`${rows}gone.png,1\nlost.png,2\n`) })
    expect(more.notes).toEqual([expect.stringContaining('2 rows for files that are not in')])
    await writeFile(join(folder, 'accents', '\u00e9.png'), await dot(3))
    expect((await problemOf(flat, { labels: await csv(rows) })).seen).toMatch(/e\\u\{301\}.png and \\u\{e9\}.png$/)
  })

  it('have classes with names, one a line', async () => {
    await writeFile(join(folder, 'names.txt'), 'tench\r\ngreat white shark\r\n')
    expect(await readClassNames(join(folder, 'names.txt'))).toEqual(E.right(['tench', 'great white shark']))
    for (const text of ['\ufefftench\rgreat white shark\r', 'tench \ngreat white shark\n\n \n']) {
      await writeFile(join(folder, 'names.txt'), text)
      expect(await readClassNames(join(folder, 'names.txt'))).toEqual(E.right(['tench', 'great white shark']))
    }
    await writeFile(join(folder, 'names.txt'), 'tench\n\ngreat white shark\n')
    expect(await readClassNames(join(folder, 'names.txt'))).toMatchObject(
      E.left({ tag: 'bad-labels', where: `${join(folder, 'names.txt')}, line 2` }),
    )
    await writeFile(join(folder, 'names.txt'), '')
    for (const [name, tag] of [
      ['names.txt', 'bad-labels'],
      ['absent.txt', 'missing-file'],
    ]) {
      const read = await readClassNames(join(folder, name))
      expect(E.isLeft(read) && read.left.tag).toBe(tag)
    }
  })

  it.skipIf(!hasShared)('are read with real labels and names (needs ../shared)', async () => {
    const data = await opened(`images:${sharedPath('photos')}`, { labels: sharedPath('photos', 'labels.csv') })
    expect([data.count, data.labelled]).toEqual([100, true])
    const names = await readClassNames(sharedPath('photos', 'class_names.txt'))
    expect(E.isRight(names) && [names.right.length, names.right[0]]).toEqual([1000, 'tench'])
    for await (const batch of batches(data, { batch: 2, preprocess: { size: [8, 8] } })) {
      expect([batch.labels, batch.images.length]).toEqual([[0, 10], 2 * 8 * 8 * 3])
      break
    }
  })
})
