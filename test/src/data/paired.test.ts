import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { type Batch, batches, type DataSet, openData, type Preprocess } from '../../../src/data/index.ts'
import { decodeMask } from '../../../src/data/mask.ts'
import { chunksOf, pngOf } from '../../../src/data/png.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

type Bytes = readonly number[]

/** A grey PNG of bytes, row by row. */
const grey = (width: number, bytes: Bytes): Promise<Buffer> =>
  sharp(Buffer.from(bytes), { raw: { width, height: bytes.length / width, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()

/** The same with a palette, whose colours its bytes number. */
const withPalette = async (width: number, bytes: Bytes): Promise<Uint8Array> => {
  const [head, ...rest] = chunksOf(await grey(width, bytes))
  const colours = Uint8Array.from({ length: 768 }, (_, k) => (k * 91) % 256)
  return pngOf([{ ...head, data: head.data.with(9, 3) }, { name: 'PLTE', data: colours }, ...rest])
}

const rgb = (width: number, bytes: Bytes): Promise<Buffer> =>
  sharp(Buffer.from(bytes.flatMap(value => [value, value, value])), {
    raw: { width, height: bytes.length / width, channels: 3 },
  })
    .png()
    .toBuffer()

const folderOf = async (files: Readonly<Record<string, Uint8Array>>): Promise<string> => {
  const folder = await temporaryFolder('paired')
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), bytes)
  }
  return folder
}

const opened = async (reference: string): Promise<DataSet> => orThrow(await openData(reference))

const refused = async (reference: string): Promise<string> => {
  const data = await openData(reference)
  if (E.isRight(data)) throw new Error('opened')
  return `${data.left.where}: ${data.left.seen}; ${data.left.expected}`
}

const batchOf = async (data: DataSet, preprocess: Preprocess & { own?: boolean }, times = 1): Promise<Batch> => {
  for await (const batch of batches(data, { batch: data.count, preprocess, times })) return batch
  throw new Error('no batch')
}

const numbers = [0, 1, 2, 255, 20, 3] as const

describe('a mask', () => {
  it('has the numbers of its pixels, grey or with a palette', async () => {
    for (const png of [await grey(3, numbers), await withPalette(3, numbers)])
      expect(orThrow(await decodeMask(png, 'it'))).toEqual({ data: Uint8Array.from(numbers), height: 2, width: 3 })
  })

  it('has them of fewer bits', async () => {
    const few = await sharp(Buffer.from([0, 0, 0, 200, 200, 200]), { raw: { width: 2, height: 1, channels: 3 } })
      .png({ palette: true, colours: 2 })
      .toBuffer()
    expect(chunksOf(few)[0].data[8]).toBe(1)
    const { data } = orThrow(await decodeMask(few, 'it'))
    expect([...data].toSorted()).toEqual([0, 1])
  })

  it('is refused where its pixels are no numbers', async () => {
    const jpeg = await sharp(await rgb(1, [0]))
      .jpeg()
      .toBuffer()
    for (const [bytes, seen] of [
      [await rgb(3, numbers), 'a mask of colours'],
      [jpeg, 'a mask that is no PNG'],
      [(await grey(3, numbers)).subarray(0, 66), 'a PNG that ends within its chunk IDAT'],
    ] as const)
      expect(await decodeMask(new Uint8Array(bytes), 'it')).toMatchObject({ left: { where: 'it', seen } })
  })
})

describe('masks:IMAGES,MASKS', () => {
  it('has a mask for each image by its name, cut as it is, each pixel that of the nearest', async () => {
    const folder = await folderOf({
      'images/a/1.jpg': await rgb(4, [0, 1, 2, 3]),
      'masks/a/1.png': await withPalette(4, [0, 1, 2, 3]),
      'masks/2.png': await grey(1, [0]),
    })
    const data = await opened(`masks:${folder}/images,${folder}/masks`)
    expect([data.count, data.labelled, data.targets]).toEqual([1, false, 'mask'])
    expect(data.notes).toEqual([`1 file of ${folder}/masks without an image in ${folder}/images.`])
    const wide = await batchOf(data, { size: [2, 8] })
    const row = [0, 0, 1, 1, 2, 2, 3, 3]
    expect(wide.targets).toEqual([{ kind: 'mask', size: [2, 8], data: Uint8Array.from([...row, ...row]) }])
    const cut = await batchOf(data, { size: [1, 2], resize: 'none' })
    expect(cut.targets).toMatchObject([{ data: Uint8Array.of(1, 2) }])
  })

  it('is refused where a mask has not the extents of its image', async () => {
    const folder = await folderOf({ 'images/1.png': await rgb(2, [0, 1]), 'masks/1.png': await grey(3, numbers) })
    const data = await opened(`masks:${folder}/images,${folder}/masks`)
    await expect(batchOf(data, { size: [1, 2] })).rejects.toThrow(/masks\/1\.png: .*2 × 3 pixels.*1 × 2.*as many/s)
  })

  it('lies as its image does when that stands upright', async () => {
    const turned = await sharp(await rgb(3, [1, 2, 3, 4, 5, 6]))
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer()
    const masked = async (width: number, of: Bytes) => {
      const folder = await folderOf({ 'images/1.png': turned, 'masks/1.png': await grey(width, of) })
      return batchOf(await opened(`masks:${folder}/images,${folder}/masks`), { size: [3, 2] })
    }
    const { images, targets } = await masked(2, [4, 1, 5, 2, 6, 3])
    expect([...images].filter((_, k) => k % 3 === 0)).toEqual([4, 1, 5, 2, 6, 3])
    expect(targets).toMatchObject([{ data: Uint8Array.of(4, 1, 5, 2, 6, 3) }])
    await expect(masked(3, [1, 2, 3, 4, 5, 6])).rejects.toThrow(
      /2 × 3 pixels for an image of 3 × 2, as it stands upright/,
    )
  })

  it('is refused where an image has none, and with one folder', async () => {
    const folder = await folderOf({ 'images/1.png': await rgb(1, [0]), 'masks/2.png': await grey(1, [0]) })
    expect(await refused(`masks:${folder}/images,${folder}/masks`)).toBe(
      `${folder}/masks: none for 1.png; a file of the same name, but for its ending, for each image of ${folder}/images`,
    )
    await writeFile(join(folder, 'masks/1.png'), await grey(1, [0]))
    await writeFile(join(folder, 'masks/1.jpg'), await rgb(1, [0]))
    expect(await refused(`masks:${folder}/images,${folder}/masks`)).toContain('several of one name: 1.jpg')
    expect(await refused(`masks:${folder}`)).toContain('two folders and a comma between them')
    expect(await refused(`masks:${folder}/images,${folder}/none`)).toContain(`${folder}/none: `)
  })
})

const ramp = Array.from({ length: 36 }, (_, k) => k * 7)

describe('pairs:LOW,HIGH', () => {
  it('has what each image should become, cut where it is cut and so many times as large', async () => {
    const folder = await folderOf({
      'low/1.png': await rgb(3, ramp.slice(0, 9)),
      'high/1.png': await rgb(6, ramp),
    })
    const data = await opened(`pairs:${folder}/low,${folder}/high?range=0:1`)
    const { images, targets } = await batchOf(data, { size: [1, 1], resize: 'none', channels: 1 }, 2)
    expect([...images]).toEqual([28])
    expect(targets).toEqual([{ kind: 'image', size: [2, 2], data: Uint8Array.of(98, 105, 140, 147) }])
  })
})

describe('pairs:LOW,HIGH, too', () => {
  it('is refused where one is not so many times as large as the other', async () => {
    const folder = await folderOf({ 'low/1.png': await rgb(3, ramp.slice(0, 9)), 'high/1.png': await rgb(6, ramp) })
    const data = await opened(`pairs:${folder}/low,${folder}/high`)
    await expect(batchOf(data, { size: [1, 1] }, 3)).rejects.toThrow(/6 × 6 pixels.*3 × 3.*3 times as many a side/s)
  })
})

describe('downscale:N,images:DIR', () => {
  it('feeds the means of squares, not rounded, and wants the image back', async () => {
    const folder = await folderOf({
      'a.png': await rgb(6, ramp),
      'labels.csv': Buffer.from('file,class_index\na.png,0\n'),
    })
    const data = await opened(`downscale:2,images:${folder}`)
    expect([data.times, data.labelled, data.labelsFile]).toEqual([2, false, undefined])
    const { images, targets } = await batchOf(data, { size: [1, 1], resize: 'none' }, 2)
    expect([...images]).toEqual([122.5, 122.5, 122.5])
    expect(targets).toMatchObject([{ size: [2, 2], data: { length: 12 } }])
  })

  it('cuts off what is no whole square of an image at its own extents', async () => {
    const folder = await folderOf({ 'a.png': await rgb(6, ramp.slice(0, 30)) })
    const { size, images, targets } = await batchOf(
      await opened(`downscale:4,images:${folder}`),
      { size: [1, 1], own: true },
      4,
    )
    expect([size, images.length]).toEqual([[1, 1], 3])
    expect(targets).toMatchObject([{ size: [4, 4] }])
  })

  it('leaves images out that are too small and not resized', async () => {
    const folder = await folderOf({ 'a.png': await rgb(6, ramp) })
    const data = await opened(`downscale:2,images:${folder}`)
    await expect(batchOf(data, { size: [4, 4], resize: 'none' }, 2)).rejects.toThrow(
      /a\.png: .*6 × 6 pixels.*at least 8 × 8/s,
    )
  })

  it('is refused without a number or images', async () => {
    expect(await refused('downscale:images:x')).toContain('a whole number from 2')
    expect(await refused('downscale:1,images:x')).toContain('a whole number from 2')
  })
})
