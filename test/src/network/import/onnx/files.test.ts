import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../../../../ir/error.ts'
import { alignedInPlace } from '../../../../../src/network/import/onnx/aligned.ts'
import { importOnnx } from '../../../../../src/network/import/onnx/index.ts'
import { onnxSchema } from '../../../../../src/network/import/onnx/schema.ts'
import { temporaryFolder } from '../../../../temporary-folder.ts'
import { encode, importBytes, list, type ModelSpec, networkIn, networkOf, node, numbers, problemsOf } from './model.ts'

const small: ModelSpec = {
  input: ['n', 3, 4, 4],
  floats: { w: numbers([5, 3, 3, 3]), b: numbers([5]) },
  nodes: [node('Conv', 'x w b', 'a'), node('GlobalAveragePool', 'a', 'p'), node('Flatten', 'p', 'y')],
}
const bytes = encode(small)

const problem = async (data: Uint8Array): Promise<string> => {
  const result = await importBytes(data)
  return E.isLeft(result) ? result.left : 'nothing'
}

describe('bad files', () => {
  it('names what is no ONNX file', async () => {
    expect(await problem(new Uint8Array())).toBe('model.onnx: saw an empty file; expected an ONNX model.')
    const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
    expect(await problem(png)).toBe(
      'model.onnx, byte 10: saw field 0 of wire type 0 (first bytes 89 50 4e 47 0d 0a 1a 0a); expected a field number and a wire type, in an ONNX model.\n  Try: is this an ONNX file?',
    )
    expect(await problem(Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'))).toContain(
      'saw a Git LFS pointer; expected an ONNX model.\n  Try: git lfs pull',
    )
    expect(await problem(Uint8Array.from([8, 8]))).toContain('saw no graph (first bytes 08 08)')
  })

  it('names the byte where a truncated file ends', async () => {
    const cut = bytes.subarray(0, bytes.length - 40)
    expect(await problem(cut)).toMatch(
      /^model\.onnx, byte \d+ \(graph\): saw \d+ bytes from byte \d+ on, where only \d+ are left; expected a field inside its message, in an ONNX model\.\n {2}Try: the file may be cut short/,
    )
  })

  it('has a problem for every prefix of a file', async () => {
    for (let length = 0; length < bytes.length; length += 7)
      expect(await problem(bytes.subarray(0, length))).not.toBe('nothing')
  })

  it('never throws, whatever the bytes', async () => {
    const folder = await temporaryFolder('onnx')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async data => {
        expect(E.isLeft(await importBytes(data, {}, folder))).toBe(true)
      }),
      { numRuns: 200 },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        async edits => {
          const data = Uint8Array.from(bytes)
          for (const [at, byte] of edits) data[at] = byte
          await importBytes(data, {}, folder)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('refuses a file of countless tiny values before it decodes them', async () => {
    // Field 7 (the graph) with two million empty nodes, and as many again.
    const nodes = new Uint8Array(9_000_000).map((_, k) => (k % 2 === 0 ? 0x0a : 0))
    const length = nodes.length
    const header = [
      0x3a,
      (length & 0x7f) | 0x80,
      ((length >> 7) & 0x7f) | 0x80,
      ((length >> 14) & 0x7f) | 0x80,
      length >> 21,
    ]
    expect(await problem(Uint8Array.from([...header, ...nodes]))).toContain('saw over 4000000 values')
  })

  it('checks the number of values against the extents before anything is allocated', async () => {
    const lying = (tensor: object) =>
      problemsOf({ ...small, floats: { b: numbers([5]) }, raw: [{ name: 'w', ...tensor }] })
    expect(await lying({ data_type: 1, dims: [5, 3, 3, 3], raw_data: Buffer.alloc(16) })).toBe(
      'model.onnx, initializer w: saw 16 bytes; expected 540 for float [5,3,3,3].',
    )
    expect(await lying({ data_type: 1, dims: [1e6, 1e6, 1e3], float_data: [1] })).toContain('saw 1 values')
    expect(await lying({ data_type: 1, dims: [-5, 3, 3, 3], float_data: [] })).toContain('saw extents [-5,3,3,3]')
    expect(await lying({ data_type: 8, dims: [1] })).toContain('saw element type 8; expected one of float')
  })

  it('bounds what a few bytes may ask for', async () => {
    const image = { input: ['n', 3, 4, 4] }
    const asked = (ints: ModelSpec['ints'], ...nodes: ModelSpec['nodes']) =>
      problemsOf({ ...image, nodes, ...(ints === undefined ? {} : { ints }) })
    const huge = list(1e12)
    expect(await asked({ huge }, node('ConstantOfShape', 'huge', 'a'), node('Add', 'x a', 'y'))).toContain(
      'saw a constant of shape [1000000000000] of 1000000000000 values at import; expected 268435456 in all',
    )
    const row = list(1 << 27)
    const rows = ['a', 'b', 'c'].map(name => node('ConstantOfShape', 'row', name))
    expect(await asked({ row }, ...rows, node('Sum', 'x a b c', 'y'))).toContain('saw a constant of shape [134217728]')
    const sizes = list(1, 3, 1e9, 4)
    expect(await asked({ sizes }, node('Resize', 'x _ _ sizes', 'y'))).toContain('saw a height or width of 1000000000')
    expect(
      await problemsOf({ ...image, opset: 18, nodes: [node('Split', 'x', 'y', { axis: 1, num_outputs: 1e15 })] }),
    ).toContain('saw 1000000000000000 parts')
  })

  it('says when there is no file, or something else', async () => {
    const folder = await temporaryFolder('onnx')
    const at = async (path: string) => {
      const result = await importOnnx(path)()
      return E.isLeft(result) ? renderProblems(result.left) : 'nothing'
    }
    expect(await at(join(folder, 'absent.onnx'))).toContain('absent.onnx: saw no such file; expected an ONNX file.')
    expect(await at(folder)).toContain('saw something that is not a file')
  })
})

describe('weights in half precision and outside the file', () => {
  const spec = (w: object): ModelSpec => ({ ...small, floats: { b: numbers([5]) }, raw: [{ name: 'w', ...w }] })
  const external = (location: string, more: readonly object[] = []): ModelSpec =>
    spec({
      data_type: 1,
      dims: [5, 3, 3, 3],
      data_location: 1,
      external_data: [{ key: 'location', value: location }, ...more],
    })
  const filter = Float32Array.from({ length: 135 }, (_, k) => k / 8)

  it('widens float16, bfloat16 and double', async () => {
    const first = async (w: object) => {
      const network = await networkIn(encode(spec({ dims: [5, 3, 3, 3], ...w })))
      return network.parameters.get('w')?.data[0]
    }
    const halves = (bits: number) => Buffer.from(new Uint16Array(135).fill(bits).buffer)
    expect(await first({ data_type: 10, raw_data: halves(0x3e00) })).toBe(1.5)
    expect(await first({ data_type: 16, raw_data: halves(0x3fc0) })).toBe(1.5)
    expect(await first({ data_type: 11, double_data: new Array(135).fill(1.5) })).toBe(1.5)
    expect(await first({ data_type: 10, int32_data: new Array(135).fill(0x3e00) })).toBe(1.5)
  })

  it('reads numbers wherever in the file they begin', async () => {
    const raw = Buffer.from(filter.buffer)
    for (const name of ['w', 'w2', 'w34', 'w456']) {
      const nodes = [node('Conv', `x ${name} b`, 'a'), ...small.nodes.slice(1)]
      const others = [{ name: 'before', data_type: 1, dims: [33], raw_data: Buffer.alloc(132, 1) }]
      const file = encode({
        ...small,
        nodes,
        floats: {},
        raw: [
          ...others,
          { name, data_type: 1, dims: [5, 3, 3, 3], raw_data: raw },
          { name: 'b', data_type: 1, dims: [5], raw_data: raw.subarray(0, 20) },
        ],
      })
      const { parameters } = await networkIn(file)
      expect(parameters.get(name)?.data.slice(0, 6)).toEqual(Float32Array.of(0, 27 / 8, 54 / 8, 81 / 8, 108 / 8, 9 / 8))
      expect(parameters.get('b')?.data).toEqual(filter.slice(0, 5))
    }
  })

  it('copies no long field of a file to read it, and leaves its neighbours', () => {
    for (const past of [0, 1, 2, 3]) {
      const file = new Uint8Array(300).fill(7)
      const field = file.subarray(96 + past, 96 + past + 128).fill(1)
      const moved = alignedInPlace(field, file)
      expect([moved.buffer === file.buffer, moved.byteOffset, moved.length]).toEqual([true, 96, 128])
      expect(moved.every(byte => byte === 1)).toBe(true)
      expect([...file.subarray(0, 96), ...file.subarray(96 + past + 128)].every(byte => byte === 7)).toBe(true)
    }
    const others = new Uint8Array(300)
    for (const field of [others.subarray(5, 100), new Uint8Array(new ArrayBuffer(300), 5, 200)])
      expect(alignedInPlace(field, others)).toBe(field)
  })

  it("reads parts of files in the model's folder", async () => {
    const folder = await temporaryFolder('onnx')
    writeFileSync(join(folder, 'weights.bin'), Buffer.concat([Buffer.alloc(8), Buffer.from(filter.buffer)]))
    const bounds = [
      { key: 'offset', value: '8' },
      { key: 'length', value: '540' },
    ]
    const network = await networkIn(encode(external('weights.bin', bounds)), {}, folder)
    // OIHW to HWIO: the second value is the second output's first.
    expect(network.parameters.get('w')?.data[1]).toBe(27 / 8)
    const long = await importBytes(encode(external('weights.bin', [{ key: 'length', value: '5400' }])), {}, folder)
    expect(long).toMatchObject(E.left(expect.stringContaining('saw bytes 0 to 5400 of weights.bin')))
  })

  it('never leaves the folder', async () => {
    const outside = await temporaryFolder('onnx')
    const folder = join(outside, 'model')
    mkdirSync(folder)
    writeFileSync(join(outside, 'weights.bin'), filter)
    symlinkSync(join(outside, 'weights.bin'), join(folder, 'link.bin'))
    for (const location of ['../weights.bin', '/etc/hostname', 'link.bin', '.', ''])
      expect(await importBytes(encode(external(location)), {}, folder)).toMatchObject(
        E.left(expect.stringContaining('initializer w: saw data at')),
      )
    expect(await importBytes(encode(external('absent.bin')), {}, folder)).toMatchObject(
      E.left(expect.stringContaining('expected a file absent.bin')),
    )
  })
})

describe('what is asked for and not supported', () => {
  it('names every op at once, with its node', async () => {
    const text = await problemsOf({
      input: ['n', 3, 4, 4],
      nodes: [
        node('Conv', 'x w', 'a'),
        { op: 'GridSample', in: ['a', 'x'], out: ['b'], name: 'warp' },
        node('Relu', 'b', 'c'),
        { op: 'FusedConv', domain: 'com.example', in: ['c'], out: ['d'], name: 'fused' },
        node('Gemm', 'x w', 'e', { transA: 1 }),
        node('Sum', 'd e', 'y'),
      ],
      floats: { w: numbers([5, 3, 3, 3]) },
    })
    expect(text).toContain('model.onnx, node warp: saw op GridSample; expected ops that have a translation')
    expect(text).toContain('model.onnx, node fused: saw op com.example.FusedConv')
    expect(text).toContain('model.onnx, node Gemm of e (Gemm): saw transA = 1; expected 0: examples are rows')
    expect(text.match(/: saw /g)).toHaveLength(3)
  })

  it('leaves out nodes that no output needs', async () => {
    expect(await problemsOf({ ...small, nodes: [...small.nodes, node('GridSample', 'a x', 'unused')] })).toBe('nothing')
  })

  it('names attributes that nothing knows', async () => {
    const nodes = [node('Relu', 'x', 'r', { mystery: 1 }), ...small.nodes]
    expect(
      await problemsOf({ ...small, nodes: nodes.map(n => (n.op === 'Conv' ? { ...n, in: ['r', 'w', 'b'] } : n)) }),
    ).toContain('node Relu of r (Relu): saw attribute mystery; expected Relu without it in opset 17')
  })

  it('bounds the opset', async () => {
    expect(await problemsOf({ ...small, opset: 8 })).toContain('model.onnx: saw opset 8; expected opset 9 to 25')
    expect(await problemsOf({ ...small, opset: 25 })).toBe('nothing')
    expect(await problemsOf({ ...small, opset: 26 })).toContain('saw opset 26')
  })

  it('wants the size of the image, from the file or the caller', async () => {
    const open: ModelSpec = { ...small, input: ['n', 3, 'height', 'width'] }
    expect(await problemsOf(open)).toContain(
      'model.onnx, input x: saw shape [n,3,height,width]; expected known channels, height and width',
    )
    expect(await problemsOf(open)).toContain('Try: say the height and width of the images (--size HxW)')
    for (const input of [
      ['n', 3, 'h', 'w'],
      ['', 3, '', ''],
      [0, 3, 0, -1],
      [1, 3, 4, '?'],
    ])
      expect(await problemsOf({ ...small, input }, { size: [4, 6] })).toBe('nothing')
    expect(await problemsOf({ ...small, input: ['n', 'c', 8, 8] })).toContain(
      'with as many channels as its images have',
    )
  })

  it('keeps the name that weights are saved beside for itself', async () => {
    const reserved = { __metadata__: numbers([5, 3, 3, 3]), b: numbers([5]) }
    const nodes = [node('Conv', 'x __metadata__ b', 'a'), ...small.nodes.slice(1)]
    const network = await networkOf({ ...small, floats: reserved, nodes })
    expect([...network.parameters.keys()]).toEqual(['__metadata__.2', 'b'])
  })

  it('names an op once, with how often it is there, behind the first of them too', async () => {
    const later = ['GridSample', 'CumSum', 'GridSample', 'LSTM', 'LSTM', 'LSTM', 'Relu']
    const nodes = later.map((op, k) => node(op, k === 0 ? 'x' : `v${k - 1}`, k === later.length - 1 ? 'y' : `v${k}`))
    const two = nodes.map(n => (n.op === 'Relu' || n.op === 'LSTM' ? n : { ...n, in: [...n.in, 'x'] }))
    const text = await problemsOf({ ...small, nodes: two })
    expect(text).toContain('node GridSample of v0: saw op GridSample, in 2 nodes; expected ops that have a translation')
    expect(text).toContain('node CumSum of v1: saw op CumSum;')
    expect(text).toContain(
      'node LSTM of v3: saw op LSTM, in 3 nodes; expected ops that have a translation.\n  Try: only feed-forward',
    )
    expect(text.match(/: saw /g)).toHaveLength(3)
  })

  it('refuses whole numbers as pixels unless they are cast', async () => {
    const bytes = (nodes: ModelSpec['nodes']) => {
      const type = onnxSchema.lookupType('ModelProto')
      const model = type.toObject(type.decode(encode({ ...small, nodes })), { bytes: Buffer })
      model.graph.input[0].type.tensor_type.elem_type = 2
      return type.encode(type.fromObject(model)).finish()
    }
    const cast = [node('Cast', 'x', 'f', { to: 1 }), node('Conv', 'f w b', 'a'), ...small.nodes.slice(1)]
    expect(await problem(bytes(cast))).toBe('nothing')
    expect(await problem(bytes(small.nodes))).toContain(
      'input x: saw an image of uint8; expected floating-point values',
    )
  })

  it('refuses outputs that nothing says what they are', async () => {
    expect(await problemsOf({ ...small, outputs: ['a'] })).toContain(
      'saw output a of type Map[2,2,5], and nothing that shows what it is; expected --answers to say it: map-classes,',
    )
    expect(await problemsOf({ ...small, outputs: ['y', 'p'] })).toContain('saw output y of type Vector[5], and nothing')
  })

  it('names values that nothing writes', async () => {
    expect(await problemsOf({ ...small, nodes: [node('Relu', 'nowhere', 'y')] })).toContain(
      'saw input nowhere; expected an input, an initializer or the output of a node',
    )
  })
})
