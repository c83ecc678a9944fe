import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SymbolicTensor } from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../../../src/base/error.ts'
import { importTfjs } from '../../../../../src/network/import/tfjs/index.ts'
import { hasShared, sharedPath } from '../../../../shared.ts'
import { tf } from '../../../../tensorflow-js.ts'
import { artifactsOf, read as computed, expectSame, filesOf, imported, logitsOf, refused } from './folder.ts'
import { files, type Layer, pool } from './keras-files.ts'

const read = (layer: Layer): readonly Layer[] => [
  { ...layer, reads: ['image'] },
  { ...pool, reads: [layer.name] },
]

type Images = Parameters<Parameters<typeof expectSame>[1]>[0]

const mean = (images: Images) => tf.mean(images, [1, 2])

describe('layers that do nothing at inference', () => {
  for (const className of [
    'RandomFlip',
    'RandomTranslation',
    'RandomBrightness',
    'RandomHeight',
    'RandomWidth',
    'AlphaDropout',
  ])
    it(className, async () => {
      expectSame(await imported(files(2, read({ name: 'aug', class_name: className }), {})), mean)
    })

  it('in a Sequential block that does not say what it takes', async () => {
    const block: Layer = {
      name: 'input',
      class_name: 'Sequential',
      config: {
        layers: [
          { class_name: 'RandomZoom', config: { name: 'input', height_factor: 0.2 } },
          { class_name: 'RandomContrast', config: { name: 'contrast', factor: 0.1 } },
        ],
      },
    }
    expectSame(await imported(files(2, read(block), {})), mean)
  })
})

describe('numbers that are no weights', () => {
  it.each<readonly [Layer, readonly string[]]>([
    [
      { name: 'smaller', class_name: 'Rescaling', config: { scale: 0.5, offset: -1 } },
      ['smaller/scale', 'smaller/offset'],
    ],
    [
      { name: 'alike', class_name: 'Normalization', config: { mean: [1, 2, 3, 4], variance: [1, 4, 9, 16] } },
      ['alike/mean', 'alike/deviation'],
    ],
    [{ name: 'beta', class_name: 'MultiplyBeta', config: { beta: 0.25 } }, []],
  ])('%o', async (layer, names) => {
    const { fixed = new Set(), parameters } = await imported(files(2, read(layer), {}))
    expect([...fixed].sort()).toEqual([...names].sort())
    expect([...parameters.keys()].sort()).toEqual([...names].sort())
  })

  it('a scale and an offset that a normalization does without', async () => {
    const norm = { name: 'norm', class_name: 'BatchNormalization', config: { scale: false, center: false } }
    const weights = { 'norm/moving_mean': [4], 'norm/moving_variance': [4] }
    const { fixed, parameters } = await imported(files(2, read(norm), weights))
    expect([...(fixed ?? [])].sort()).toEqual(['norm/beta', 'norm/gamma'])
    expect(parameters.size).toBe(4)
  })
})

describe('layers of UpscalerJS', () => {
  it('make residuals smaller and pixels of channels', async () => {
    const layers = [
      { name: 'beta', class_name: 'MultiplyBeta', config: { beta: 0.25 }, reads: ['image'] },
      { name: 'shuffled', class_name: 'PixelShuffle2x', config: { scale: 2 }, reads: ['beta'] },
    ]
    expectSame(await computed(files(2, layers, {})), images => tf.depthToSpace(tf.mul(images, 0.25), 2))
  })
})

describe('layers that resize or crop', () => {
  const build = (layer: { readonly apply: (x: SymbolicTensor) => unknown }) => {
    const x = tf.input({ shape: [6, 5, 4] })
    return tf.model({
      inputs: x,
      outputs: tf.layers.flatten().apply(layer.apply(x) as SymbolicTensor) as SymbolicTensor,
    })
  }

  it('Resizing, as Keras does it', async () => {
    const resized = (config: Layer['config']) =>
      imported(files(2, read({ name: 'size', class_name: 'Resizing', config: { height: 4, width: 8, ...config } }), {}))
    expectSame(await resized({ interpolation: 'bilinear' }), images =>
      mean(tf.image.resizeBilinear(images, [4, 8], false, true)),
    )
    expectSame(await resized({ interpolation: 'nearest' }), images =>
      mean(tf.image.resizeNearestNeighbor(images, [4, 8], false, true)),
    )
    expectSame(await resized({ crop_to_aspect_ratio: true }), images =>
      mean(tf.image.resizeBilinear(tf.slice(images, [0, 2, 0, 0], [-1, 2, 5, 4]), [4, 8], false, true)),
    )
  })

  it('CenterCrop, as TensorFlow.js does it', async () => {
    const model = build(tf.layers.centerCrop({ height: 3, width: 3 }))
    expectSame(await imported(filesOf(await artifactsOf(model))), images => model.predict(images))
  })

  it('RandomCrop takes the whole image where the aspect ratio stays', async () => {
    const crop = (height: number, width: number): Layer => ({
      name: 'crop',
      class_name: 'RandomCrop',
      config: { height, width },
    })
    expectSame(await imported(files(3, read(crop(12, 10)), {})), images =>
      mean(tf.image.resizeBilinear(images, [12, 10], false, true)),
    )
    expect(await refused(files(3, read(crop(3, 3)), {}))).toMatch(
      /layer crop \(RandomCrop\): saw 6×5 pixels made 3×3; expected another size of the same aspect ratio\.\n {2}Try: take/,
    )
  })

  it('what cannot be done to the pixel is refused with a hint', async () => {
    const of = (class_name: string, config: object) =>
      refused(files(2, read({ name: 'l', class_name, config: config as Record<string, unknown> }), {}))
    expect(await of('Resizing', { height: 3, width: 3, interpolation: 'bicubic' })).toMatch(/saw interpolation bicubic/)
    expect(await of('Resizing', { height: 3, width: 3, pad_to_aspect_ratio: true })).toMatch(/saw pad_to_aspect_ratio/)
    expect(await of('Resizing', { height: 1e9, width: 3 })).toMatch(/saw height 1000000000, width 3; expected whole/)
    expect(await of('CenterCrop', { height: 3, width: 4 })).toMatch(/saw 6×5 pixels made 3×4; .*\n {2}Try: /)
    expect(await of('CenterCrop', { height: 8, width: 8 })).toMatch(/saw 6×5 pixels made 8×8/)
  })
})

it.skipIf(!hasShared)('models of tutorials answer as they do without their training layers', async () => {
  const home = sharedPath('cases', 'tfjs-train-only-layers')
  const bytes = readFileSync(join(home, 'input.raw'))
  const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const answers = async (...path: string[]) => {
    const network = orThrow(await importTfjs(join(home, ...path))())
    return { name: network.name, logits: [...logitsOf(network, { shape: [3, 8, 8, 3], data }).data] }
  }
  const plain = await answers('plain', 'model.json')
  for (const name of ['augs3', 'augseq', 'randomflip', 'resizing'])
    expect(await answers(name, 'model.json')).toEqual({ name, logits: plain.logits })
  expect(await answers('browser', 'my-model.json')).toEqual({ name: 'my-model', logits: plain.logits })
})
