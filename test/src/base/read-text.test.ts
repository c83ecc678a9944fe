import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { readJson } from '../../../src/base/read-json.ts'
import { decodeText, linesOf, readText } from '../../../src/base/read-text.ts'
import { readPlan } from '../../../src/compile/read-plan.ts'
import { attempted } from '../../attempted.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const folder = await temporaryFolder('text')

const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16()

const wide = Buffer.from('\ufeffröd 🟥', 'utf16le')

describe('text', () => {
  it.each([
    ['UTF-8', Buffer.from('röd 🟥')],
    ['UTF-8 with a mark', Buffer.from('\ufeffröd 🟥')],
    ['UTF-16, lowest byte first', wide],
    ['UTF-16, highest byte first', swapped(wide)],
  ])('is read from %s', (_, bytes) => {
    expect(decodeText(bytes, 'a.txt')).toEqual(E.right('röd 🟥'))
  })

  it('is empty where the file is', () => {
    expect(decodeText(Buffer.alloc(0), 'a.txt')).toEqual(E.right(''))
    expect(decodeText(Buffer.from('\ufeff'), 'a.txt')).toEqual(E.right(''))
  })

  it.each([
    ['Latin-1', Buffer.from('röd', 'latin1'), '0xf6 at byte 1, which is no UTF-8'],
    ['Latin-1 after a mark', Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xe9]), '0xe9 at byte 4, which is no UTF-8'],
    ['a character cut short', Buffer.from('aé').subarray(0, 2), '0xc3 at byte 1, which is no UTF-8'],
    ['half of a pair', Buffer.from([0xed, 0xa0, 0x80]), '0xed at byte 0, which is no UTF-8'],
    ['UTF-16 without a mark', Buffer.from('red', 'utf16le'), 'a zero as character 2'],
    ['UTF-16 of an odd length', wide.subarray(0, 5), 'UTF-16 with half a character in it'],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x72, 0, 0, 0]), 'text in UTF-32'],
  ])('is refused: %s', (_, bytes, seen) => {
    expect(decodeText(bytes, 'a.txt')).toMatchObject(E.left({ tag: 'malformed-file', where: 'a.txt', seen }))
  })

  it('names the first bad byte of a long file', () => {
    const bytes = Buffer.concat([Buffer.from('é'.repeat(50_000)), Buffer.of(0xff), Buffer.from('é')])
    expect(decodeText(bytes, 'a.txt')).toMatchObject(E.left({ seen: '0xff at byte 100000, which is no UTF-8' }))
  })

  it('has lines under any system’s ends', () => {
    for (const text of ['a\nb\n', 'a\r\nb\r\n', 'a\rb\r', 'a\nb']) expect(linesOf(text)).toEqual(['a', 'b'])
    expect(linesOf('a\u2028b\n\n')).toEqual(['a\u2028b', ''])
  })

  it('of a file that is not there is a problem', async () => {
    expect(await readText(join(folder, 'absent.txt'))()).toMatchObject(E.left({ tag: 'missing-file' }))
  })
})

describe('JSON', () => {
  it('is read under a byte-order mark, and a plan with it', async () => {
    const path = join(folder, 'plan.json')
    await writeFile(path, '\ufeff{"a": [1]}')
    expect(await readJson(path)()).toEqual(E.right({ a: [1] }))
    await writeFile(path, Buffer.from('\ufeff{"a": "å"}', 'utf16le'))
    expect(await readJson(path)()).toEqual(E.right({ a: 'å' }))
    await writeFile(path, '\ufeff"flip-1-max"')
    const plan = await attempted(readPlan(path))
    expect(E.isLeft(plan) && plan.left.map(({ tag }) => tag)).not.toContain('malformed-file')
  })
})
