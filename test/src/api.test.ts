import { access, mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../src/base/error.ts'
import {
  type Compiled,
  compile,
  createModel,
  createZooNetwork,
  EspalierError,
  loadModel,
  loadNetwork,
  type Meaning,
  type Model,
  type ModelBackend,
  parsePlan,
  save,
} from '../../src/index.ts'
import { initialized, zoo } from '../../src/network/zoo/index.ts'
import { bestInstalled } from '../../src/runtime/native/installed.ts'
import { tensorflowJs } from '../../src/runtime/native/load.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const hasNative = (await bestInstalled()) !== undefined
const tensorBackends: readonly ModelBackend[] = ['cpu', 'wasm', ...(hasNative ? (['node-gpu'] as const) : [])]
const backends: readonly ModelBackend[] = ['reference', ...tensorBackends]

const side = 16
const meaning: Meaning = {
  preprocess: { size: [side, side], scale: 1 / 255, mean: [0.5], std: [0.25] },
  classes: ['ant', 'bee', 'cat', 'dog'],
}
const imageSize = side * side * 3
const inputs = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n * imageSize }, (_, i) => Math.sin((i + 1) * (seed + 0.7)))

/** A network that takes small images. */
const smallNetwork = (seed: number) =>
  initialized(orThrow(zoo('cifar-resnet-8?classes=4', { size: [side, side] })), seed)

let compiled: Compiled
let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('api')
  compiled = compile(smallNetwork(3), parsePlan('flip-1-geo'), { meaning })
})

const using = async <A>(opened: Model, use: (m: Model) => Promise<A>): Promise<A> => {
  try {
    return await use(opened)
  } finally {
    opened.dispose()
  }
}

const expectNear = (seen: Float32Array, wanted: Float32Array, tolerance = 1e-4): void => {
  expect(seen.length).toBe(wanted.length)
  seen.forEach((value, i) => {
    expect(Math.abs(value - wanted[i])).toBeLessThan(tolerance)
  })
}

/** The same numbers again; threads of TensorFlow's may add them up in another order. */
const expectSame = (backend: ModelBackend, seen: Float32Array, wanted: Float32Array): void => {
  if (backend === 'node-gpu') expectNear(seen, wanted, 1e-5)
  else expect(seen).toEqual(wanted)
}

describe.each(backends)('a model on %s', backend => {
  const open = () => createModel(compiled, { backend })

  it('gives scores of every class and their softmax, as the evaluator does', async () => {
    const reference = await using(await createModel(compiled, { backend: 'reference' }), m => m.predict(inputs(2, 0)))
    await using(await open(), async m => {
      expect(m).toMatchObject({ network: 'cifar-resnet-8', plan: 'flip-1-geo', backend })
      const { n, classes, logits, probabilities } = await m.predict(inputs(2, 0))
      expect([n, classes, logits.length, probabilities.length]).toEqual([2, 4, 8, 8])
      expectNear(logits, reference.logits)
      expectNear(probabilities, reference.probabilities)
      for (const row of [0, 4])
        expect(probabilities.subarray(row, row + 4).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6)
    })
  })

  it('answers concurrent calls of any batch as it answers them one after another', async () => {
    await using(await open(), async m => {
      const calls = [1, 3, 2, 1].map((n, seed) => inputs(n, seed))
      const apart: Float32Array[] = []
      for (const call of calls) apart.push((await m.predict(call)).logits)
      const together = await Promise.all(calls.map(call => m.predict(call)))
      together.forEach(({ logits }, k) => {
        expectSame(backend, logits, apart[k])
      })
    })
  })

  it('lets predictions under way finish when it is disposed of, and refuses later ones', async () => {
    const m = await open()
    const [first, second] = [m.predict(inputs(2, 0)), m.predict(inputs(1, 1))]
    m.dispose()
    m.dispose()
    expect((await first).n).toBe(2)
    expect((await second).n).toBe(1)
    await expect(m.predict(inputs(1, 0))).rejects.toThrow(EspalierError)
    await expect(m.predict(inputs(1, 0))).rejects.toThrow('predict: saw a disposed model')
  })

  it.each([
    ['no image', new Float32Array(0), '0 numbers'],
    ['a part of one', new Float32Array(imageSize + 1), `${imageSize + 1} numbers`],
  ])('refuses %s', async (_, wrong, seen) => {
    await using(await open(), async m => {
      await expect(m.predict(wrong)).rejects.toMatchObject({
        problems: [
          { tag: 'wrong-size', seen, expected: `images [n, ${side}, ${side}, 3]: a multiple of ${imageSize} numbers` },
        ],
      })
      // And is none the worse for it.
      expect((await m.predict(inputs(1, 0))).n).toBe(1)
    })
  })

  it('classifies pixels and encoded images alike, by name', async () => {
    await using(await open(), async m => {
      const data = Uint8Array.from({ length: imageSize }, (_, i) => (i * 7) % 256)
      const png = await sharp(data, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toBuffer()
      const [fromPixels, fromPng] = await m.classify([{ data, height: side, width: side }, png])
      expect(fromPng).toMatchObject({ class: fromPixels.class, index: fromPixels.index })
      expectNear(fromPng.probabilities, fromPixels.probabilities, 1e-5)
      expect(fromPixels.probabilities).toHaveLength(4)
      expect(fromPixels.probability).toBe(Math.max(...fromPixels.probabilities))
      expect(fromPixels.probabilities[fromPixels.index]).toBe(fromPixels.probability)
      expect(fromPixels.class).toBe(meaning.classes?.[fromPixels.index])
      const { probabilities } = await m.predict(Float32Array.from(data, value => (value / 255 - 0.5) / 0.25))
      expectNear(fromPixels.probabilities, probabilities, 1e-5)
      expect(await m.classify([])).toEqual([])
      await expect(m.classify([Buffer.from('no image')])).rejects.toThrow('image 0: saw ')
    })
  })
})

describe.each(tensorBackends)('tensors on %s', backend => {
  const tf = tensorflowJs()

  it('stay as many over many predictions, and none is left in the end', async () => {
    const m = await createModel(compiled, { backend })
    await m.predict(inputs(2, 0))
    const { numTensors } = tf.memory()
    for (let k = 0; k < 20; k++) await m.predict(inputs((k % 3) + 1, k))
    await m.predict(new Float32Array(1)).catch(() => {})
    expect(tf.memory().numTensors).toBe(numTensors)
    m.dispose()
    expect(tf.memory().numTensors).toBe(0)
  })

  it('are taken as inputs and stay the caller’s', async () => {
    await using(await createModel(compiled, { backend }), async m => {
      const images = tf.tensor(inputs(2, 5), [2, side, side, 3])
      const { logits } = await m.predict(images)
      expectSame(backend, logits, (await m.predict(inputs(2, 5))).logits)
      expect(images.isDisposed).toBe(false)
      const turned = tf.reshape(images, [2, 3, side, side])
      await expect(m.predict(turned)).rejects.toThrow(`a tensor [2,3,${side},${side}]`)
      images.dispose()
      turned.dispose()
    })
  })
})

describe('models on two backends at once', () => {
  it('each stay on their own', async () => {
    const [cpu, wasm] = [
      await createModel(compiled, { backend: 'cpu' }),
      await createModel(compiled, { backend: 'wasm' }),
    ]
    const alone = (await cpu.predict(inputs(1, 0))).logits
    const [a, b] = await Promise.all([cpu.predict(inputs(1, 0)), wasm.predict(inputs(1, 0))])
    expect(a.logits).toEqual(alone)
    expectNear(b.logits, alone)
    cpu.dispose()
    wasm.dispose()
  })
})

describe('a compiled folder', () => {
  it('gives the same answers as what was saved, with its meaning', async () => {
    const at = join(folder, 'new/compiled/')
    await save(compiled, at)
    await save(compiled, at)
    expect(await readdir(join(folder, 'new'))).toEqual(['compiled'])
    const [saved, made] = [await loadModel(at, { backend: 'cpu' }), await createModel(compiled, { backend: 'cpu' })]
    expect((await saved.predict(inputs(1, 2))).logits).toEqual((await made.predict(inputs(1, 2))).logits)
    const blank = { data: new Uint8Array(imageSize), height: side, width: side }
    expect(await saved.classify([blank])).toEqual(await made.classify([blank]))
    saved.dispose()
    made.dispose()
  })

  it('may be written where an empty folder is, but not over other files', async () => {
    const at = join(folder, 'given')
    await mkdir(at)
    await save(compiled, at)
    await writeFile(join(at, 'notes.txt'), 'mine')
    await expect(save(compiled, at)).rejects.toThrow('saw something there that is not a compiled folder')
    await access(join(at, 'notes.txt'))
  })

  it('is refused with the weights of another', async () => {
    const [one, other] = [join(folder, 'one'), join(folder, 'other')]
    await save(compiled, one)
    await save(compile(smallNetwork(4), parsePlan('flip-1-geo')), other)
    await rename(join(other, 'weights.safetensors'), join(one, 'weights.safetensors'))
    await expect(loadModel(one)).rejects.toThrow(/weights\.safetensors: saw a file of sha256/)
  })

  it('is no network to compile, and a network is no compiled folder', async () => {
    await save(compiled, join(folder, 'again'))
    await expect(loadNetwork(join(folder, 'again'))).rejects.toThrow('expected a network that is not compiled')
    await expect(loadModel(folder)).rejects.toThrow('manifest.json: saw no such file')
  })
})

describe('what does not fit is refused when it is compiled', () => {
  const net = createZooNetwork('cifar-resnet-8?classes=4')
  it.each([
    ['names', { classes: ['ant'] }, 'classes: saw 1 names; expected 4'],
    [
      'images',
      { preprocess: { size: [24, 24] } },
      'preprocess: saw images of 24 × 24 × 3; expected images of 32 × 32 × 3',
    ],
  ] as const)('%s', (_, wrong, said) => {
    expect(() => compile(net, parsePlan('vanilla'), { meaning: wrong })).toThrow(said)
  })

  it('a plan', () => {
    expect(() => parsePlan('flop-3')).toThrow('Try: nearest names: flip-3')
    expect(() => compile(net, parsePlan('flip-9'))).toThrow('at most 3')
    expect(() => createZooNetwork('cifar-resnet-9')).toThrow('a depth 6n + 2')
  })

  it('images without a word on how they are preprocessed', async () => {
    await using(await createModel(compile(net, parsePlan('vanilla')), { backend: 'cpu' }), async m => {
      await expect(m.classify([new Uint8Array(1)])).rejects.toThrow('Try: compile with --preprocess, or call predict')
    })
  })
})
