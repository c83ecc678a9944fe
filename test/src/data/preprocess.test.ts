import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { decodePreprocess, normalizeInto, readPreprocess } from '../../../src/data/index.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const good = {
  size: [227, 227],
  resize: 'shorter-side',
  resize_to: 256,
  crop: 'center',
  scale: 1,
  mean: [123, 117, 104],
  std: [1, 1, 1],
}

const folder = await temporaryFolder('preprocess')

describe('a preprocessing manifest', () => {
  it('is what its file says', async () => {
    await writeFile(join(folder, 'good.json'), JSON.stringify(good))
    expect(await readPreprocess(join(folder, 'good.json'))()).toEqual(E.right(good))
  })

  it.skipIf(!hasShared)('of the real network is read (needs ../shared)', async () => {
    expect(await readPreprocess(sharedPath('models', 'imagenet_squeezenet.preprocess.json'))()).toEqual(E.right(good))
  })

  it.each([
    ['no object', 3],
    ['no size', { scale: 1 }],
    ['one extent', { ...good, size: [227] }],
    ['an extent of 0', { ...good, size: [0, 227] }],
    ['an unknown resize', { ...good, resize: 'fit' }],
    ['no resize_to', { size: [2, 2], resize: 'shorter-side' }],
    ['a crop that does not fit', { ...good, resize_to: 226 }],
    ['an unknown crop', { ...good, crop: 'left' }],
    ['two means', { ...good, mean: [1, 2] }],
    ['a std of 0', { ...good, std: [1, 0, 1] }],
    ['a text for a number', { ...good, scale: '1/255' }],
    ['an unknown key', { ...good, resizeTo: 256 }],
  ])('is refused with %s', (_, json) => {
    const decoded = decodePreprocess(json, 'p.json')
    expect(E.isLeft(decoded) && decoded.left.length > 0).toBe(true)
    if (E.isLeft(decoded))
      for (const problem of decoded.left)
        expect([problem.tag, problem.where.startsWith('p.json')]).toEqual(['bad-preprocess', true])
  })

  it('has a square’s size in one number', () => {
    expect(decodePreprocess({ size: 8 }, 'p.json')).toEqual(E.right({ size: [8, 8] }))
    expect(E.isLeft(decodePreprocess({ size: 0 }, 'p.json'))).toBe(true)
    const expected = '[height, width] in pixels, or the side of a square'
    expect(decodePreprocess({ size: {} }, 'p.json')).toMatchObject(E.left([{ seen: 'an object', expected }]))
  })

  it('is read under a byte-order mark', async () => {
    await writeFile(join(folder, 'mark.json'), `\ufeff${JSON.stringify(good)}`)
    expect(await readPreprocess(join(folder, 'mark.json'))()).toEqual(E.right(good))
  })

  it('is refused where it is missing or no JSON', async () => {
    await writeFile(join(folder, 'bad.json'), '{"size": [1, 1]')
    for (const [name, tag] of [
      ['absent.json', 'missing-file'],
      ['bad.json', 'malformed-file'],
    ] as const) {
      const read = await readPreprocess(join(folder, name))()
      expect(E.isLeft(read) && read.left.map(p => [p.tag, p.where])).toEqual([[tag, join(folder, name)]])
    }
  })

  it('turns a pixel into (pixel · scale − mean) / std of its channel', () => {
    const into = new Float32Array(9).fill(7)
    normalizeInto(Uint8Array.of(10, 20, 30), { size: [1, 1], scale: 0.5, mean: [1, 2, 3], std: [2, 4, 8] }, into, 3)
    expect([...into]).toEqual([7, 7, 7, 2, 2, 1.5, 7, 7, 7])
    normalizeInto(Uint8Array.of(10, 20, 30), { size: [1, 1], mean: [10], std: [5] }, into, 0)
    expect([...into.subarray(0, 3)]).toEqual([0, 2, 4])
    normalizeInto(Uint8Array.of(10, 20, 30), { size: [1, 1] }, into, 6)
    expect([...into.subarray(6)]).toEqual([10, 20, 30])
  })
})
