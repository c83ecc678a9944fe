import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { sizeOf, type Tensor } from '../../../../ir/tensor.ts'
import { orThrow } from '../../../../src/base/error.ts'
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  readSafetensorsFile,
  writeSafetensors,
} from '../../../../src/network/weights/safetensors.ts'
import { hasShared, sharedPath } from '../../../shared.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'

const file = (header: string, payload: Uint8Array = new Uint8Array()): Uint8Array => {
  const json = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + json.length + payload.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(payload, 8 + json.length)
  return bytes
}

const tensors = fc
  .dictionary(
    fc.string({ unit: 'binary', maxLength: 12 }).filter(name => name !== '__metadata__'),
    fc
      .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
      .chain(shape =>
        fc
          .float32Array({ minLength: sizeOf(shape), maxLength: sizeOf(shape) })
          .map((data): Tensor => ({ shape, data: Float32Array.from(data) })),
      ),
    { maxKeys: 6 },
  )
  .map(entries => new Map(Object.entries(entries)))
const metadata = fc
  .dictionary(fc.string({ maxLength: 8 }), fc.string(), { maxKeys: 4 })
  .map(m => new Map(Object.entries(m)))

const tags = (bytes: Uint8Array): readonly string[] => {
  const decoded = decodeSafetensors(bytes)
  return E.isLeft(decoded) ? decoded.left.map(p => p.tag) : []
}

const folder = await temporaryFolder('safetensors')

describe('safetensors', () => {
  it('decodes what it encodes, to the bit', () => {
    fc.assert(
      fc.property(tensors, metadata, (written, notes) => {
        const decoded = decodeSafetensors(encodeSafetensors(written, notes))
        expect(E.isRight(decoded)).toBe(true)
        if (E.isLeft(decoded)) return
        expect(new Map([...decoded.right.metadata].sort())).toEqual(new Map([...notes].sort()))
        expect([...decoded.right.tensors.keys()].sort()).toEqual([...written.keys()].sort())
        for (const [name, { shape, data }] of written) {
          const read = decoded.right.tensors.get(name)!
          expect(read.shape).toEqual(shape)
          expect(Buffer.from(read.data.buffer).equals(Buffer.from(data.buffer))).toBe(true)
        }
      }),
    )
  })

  it('encodes equal tensors to equal bytes, whatever their order, with aligned data', () => {
    fc.assert(
      fc.property(tensors, metadata, (written, notes) => {
        const bytes = encodeSafetensors(written, notes)
        expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0)
        expect(encodeSafetensors(new Map([...written].reverse()), new Map([...notes].reverse()))).toEqual(bytes)
      }),
    )
  })

  it('keeps names that an object would mangle', () => {
    const one: Tensor = { shape: [1], data: Float32Array.of(1) }
    const names = ['__proto__', 'constructor', '10', '9', 'a\u0000"b']
    const decoded = decodeSafetensors(encodeSafetensors(new Map(names.map(name => [name, one]))))
    expect(E.isRight(decoded) && [...decoded.right.tensors.keys()].sort()).toEqual([...names].sort())
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })

  it('widens every float dtype and leaves integers out', () => {
    const entries = {
      half: { dtype: 'F16', shape: [7], data_offsets: [0, 14] },
      brain: { dtype: 'BF16', shape: [3], data_offsets: [14, 20] },
      count: { dtype: 'I64', shape: [], data_offsets: [20, 28] },
      wide: { dtype: 'F64', shape: [1, 1], data_offsets: [28, 36] },
    }
    const payload = new Uint8Array(36)
    const view = new DataView(payload.buffer)
    const halves = [0x0001, 0x0400, 0x3c01, 0x7bff, 0xc000, 0xfc00, 0x7e00]
    for (const [i, bits] of halves.entries()) view.setUint16(2 * i, bits, true)
    for (const [i, bits] of [0x3f80, 0xc049, 0x7f80].entries()) view.setUint16(14 + 2 * i, bits, true)
    view.setFloat64(28, 0.1, true)
    const decoded = decodeSafetensors(file(JSON.stringify(entries), payload))
    expect(
      E.isRight(decoded) && new Map([...decoded.right.tensors].map(([name, { data }]) => [name, [...data]])),
    ).toEqual(
      new Map([
        ['half', [2 ** -24, 2 ** -14, 1 + 2 ** -10, 65504, -2, Number.NEGATIVE_INFINITY, Number.NaN]],
        ['brain', [1, -3.140625, Number.POSITIVE_INFINITY]],
        ['wide', [Math.fround(0.1)]],
      ]),
    )
  })

  it.each([
    ['no length', new Uint8Array(7), 'bad-header'],
    ['a length beyond the file', file('{}').subarray(0, 9), 'bad-header'],
    ['a huge length', new Uint8Array(16).fill(255), 'bad-header'],
    ['no JSON', file('{"a":'), 'bad-header'],
    ['no object', file('[]'), 'bad-header'],
    ['no UTF-8', new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 255]), 'bad-header'],
    ['a negative extent', file('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}'), 'bad-header'],
    [
      'a fractional extent',
      file('{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,2]}}', new Uint8Array(2)),
      'bad-header',
    ],
    ['a non-string in the metadata', file('{"__metadata__":{"epoch":1}}'), 'bad-header'],
    ['an unknown dtype', file('{"a":{"dtype":"toString","shape":[],"data_offsets":[0,0]}}'), 'unsupported-dtype'],
    [
      'a shape that lies',
      file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', new Uint8Array(4)),
      'bad-offsets',
    ],
    [
      'a shape beyond all bounds',
      file('{"a":{"dtype":"F32","shape":[1e15,1e15],"data_offsets":[0,4]}}', new Uint8Array(4)),
      'bad-offsets',
    ],
    [
      'offsets beyond the file',
      file('{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}', new Uint8Array(4)),
      'bad-offsets',
    ],
    [
      'offsets in the wrong order',
      file('{"a":{"dtype":"F32","shape":[],"data_offsets":[4,0]}}', new Uint8Array(4)),
      'bad-offsets',
    ],
    [
      'bytes that no tensor has',
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', new Uint8Array(2)),
      'bad-offsets',
    ],
    ['a hole', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', new Uint8Array(2)), 'bad-offsets'],
    [
      'an overlap',
      file(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        new Uint8Array(3),
      ),
      'bad-offsets',
    ],
  ])('refuses %s', (_, bytes, tag) => {
    expect(tags(bytes)).toEqual([tag])
  })

  it('refuses headers deeper than the stack, in a few words', () => {
    const deep = (open: string, inner: string, close: string): string =>
      open.repeat(100_000) + inner + close.repeat(100_000)
    const headers = [
      deep('[', '', ']'),
      deep('{"a":', '1', '}'),
      `{"a":${deep('[', '', ']')}}`,
      `{"a":{"dtype":"F32","shape":${deep('[', '', ']')},"data_offsets":[0,4]}}`,
      `{"__metadata__":${deep('{"a":', '1', '}')}}`,
    ]
    for (const header of headers) {
      const decoded = decodeSafetensors(file(header, new Uint8Array(4)))
      expect(E.isLeft(decoded) && decoded.left.map(({ tag, seen }) => [tag, seen.length < 200])).toEqual([
        ['bad-header', true],
      ])
    }
  })

  it('refuses shapes whose size no number holds', () => {
    const huge = 2 ** 53 - 1
    for (const shape of [new Array(21).fill(huge), [...new Array(21).fill(huge), 0], [huge, huge]]) {
      const header = `{"a":{"dtype":"F32","shape":[${shape}],"data_offsets":[0,0]}}`
      const decoded = decodeSafetensors(file(header))
      expect(E.isLeft(decoded) && decoded.left[0].tag).toBe('bad-offsets')
    }
  })

  it.skipIf(!hasShared)('refuses a header that somebody nested deep', async () => {
    const decoded = await readSafetensors(sharedPath('cases', 'hostile', 'deep-header.safetensors'))()
    expect(E.isLeft(decoded) && decoded.left[0].tag).toBe('bad-header')
  })

  it('reports every bad tensor at once', () => {
    const bad = { dtype: 'F32', shape: [2], data_offsets: [0, 4] }
    expect(tags(file(JSON.stringify({ a: bad, b: bad }), new Uint8Array(4)))).toEqual(['bad-offsets', 'bad-offsets'])
  })

  it('survives flipped bytes and truncation, and never holds more data than the file', () => {
    let refused = 0
    let accepted = 0
    const edit = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(
        tensors,
        fc.array(edit, { maxLength: 2 }),
        fc.option(fc.nat(), { freq: 1 }),
        (written, edits, cut) => {
          const whole = encodeSafetensors(written)
          const headerEnd = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true))
          for (const [at, value] of edits) whole[at % headerEnd] = value
          const bytes = cut === null ? whole : whole.subarray(0, cut % whole.length)
          const decoded = decodeSafetensors(bytes)
          if (E.isLeft(decoded)) {
            refused++
            expect(decoded.left.length).toBeGreaterThan(0)
          } else {
            accepted++
            const held = [...decoded.right.tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0)
            expect(held).toBeLessThanOrEqual(2 * bytes.length)
          }
        },
      ),
      { numRuns: 2000 },
    )
    expect(refused).toBeGreaterThan(500)
    expect(accepted).toBeGreaterThan(100)
  })

  it('writes whole files, leaves no temporary ones, and says where it cannot', async () => {
    const path = join(folder, 'w.safetensors')
    const one = new Map([['a', { shape: [2], data: Float32Array.of(1, 2) }]])
    expect(await writeSafetensors(path, one, new Map([['epoch', '3']]))()).toEqual(E.right(undefined))
    expect(await readSafetensorsFile(path)()).toEqual(E.right({ tensors: one, metadata: new Map([['epoch', '3']]) }))
    const failed = await writeSafetensors(join(folder, 'absent', 'w.safetensors'), one)()
    expect(E.isLeft(failed) && failed.left.map(p => p.tag)).toEqual(['unwritable-file'])
    expect(await readdir(folder)).toEqual(['w.safetensors'])
  })

  it('names a missing file, a folder and a truncated file', async () => {
    const path = join(folder, 'cut.safetensors')
    await writeFile(path, encodeSafetensors(new Map([['a', { shape: [100], data: new Float32Array(100) }]])))
    await truncate(path, 200)
    for (const [at, tag] of [
      [join(folder, 'absent'), 'missing-file'],
      [folder, 'unreadable-file'],
      [path, 'bad-offsets'],
    ] as const) {
      const read = await readSafetensors(at)()
      expect(E.isLeft(read) && read.left.map(p => [p.tag, p.where.startsWith(at)])).toEqual([[tag, true]])
    }
  })

  it.skipIf(!hasShared)('reads a real PyTorch network (needs ../shared)', async () => {
    const path = sharedPath('models', 'cifar100_resnet20.safetensors')
    const read = orThrow(await readSafetensors(path)())
    expect(read.get('conv1.weight')?.shape).toEqual([16, 3, 3, 3])
    expect(read.get('fc.weight')?.shape).toEqual([100, 64])
    expect([...read.keys()].filter(name => name.includes('num_batches_tracked'))).toEqual([])
    const values = [...read.values()].reduce((sum, { data }) => sum + data.length, 0)
    expect(values * 4).toBeLessThan((await readFile(path)).length)
    expect([...read.values()].every(({ data }) => data.every(Number.isFinite))).toBe(true)
  })
})
