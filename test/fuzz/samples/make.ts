import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import sharp from 'sharp'
import { encodeGraph, type Graph, print } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { lowerOnnx } from '../../../src/lower/onnx/index.ts'
import { networkOf } from '../../../src/network/network.ts'
import { encodeSafetensors } from '../../../src/network/weights/safetensors.ts'
import { espalierFormat } from '../../../src/network/zoo/index.ts'
import { writeCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { writeCheckpoint } from '../../../src/train/checkpoint.ts'
import { recipes } from '../../../src/train/recipes.ts'
import { environmentOf } from '../../arbitrary/environment.ts'
import { arbitraryBranchedGraph, arbitraryFlatGraph, arbitraryNetwork } from '../../arbitrary/graph.ts'
import { onnxSamples } from './onnx.ts'
import { smallNetwork } from './small.ts'
import { frozenSamples, layersSamples } from './tfjs.ts'

/** `npx tsx test/fuzz/samples/make.ts`: writes the corpus anew, with the project's own writers. */
const root = fileURLToPath(new URL('../corpus', import.meta.url))
type Content = Uint8Array | string

const write = (path: string, content: Content): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}

const writeAll = (format: string, samples: ReadonlyMap<string, ReadonlyMap<string, Content>>): void => {
  rmSync(join(root, format), { recursive: true, force: true })
  for (const [sample, files] of samples)
    for (const [name, content] of files) write(`${format}/${sample}/${name}`, content)
}

const one = (
  name: string,
  samples: Readonly<Record<string, Content>>,
): ReadonlyMap<string, ReadonlyMap<string, Content>> =>
  new Map(Object.entries(samples).map(([sample, content]) => [sample, new Map([[name, content]])]))

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`
const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`

const small = smallNetwork()
const compiled = (plan: string) => orThrow(compileNetwork(small, orThrow(parsePlan(plan))))

const sampled = (
  prefix: string,
  graphs: fc.Arbitrary<Graph>,
  count: number,
  seed: number,
): readonly (readonly [string, Graph])[] =>
  fc
    .sample(graphs, { seed, numRuns: 60 })
    .filter(({ nodes }) => nodes.length > 8 && nodes.length < 30)
    .slice(0, count)
    .map((graph, k) => [`${prefix}-${k}`, graph])

const networks = sampled('network', arbitraryNetwork({ blocks: 5 }), 6, 1)
const stacked = compileNetwork(small, orThrow(parsePlan('flip-2-max')), { schedule: 'stacked' })
const graphs: readonly (readonly [string, Graph])[] = [
  ...networks,
  ...sampled('flat', arbitraryFlatGraph({ blocks: 5 }), 4, 2),
  ...sampled('branched', arbitraryBranchedGraph({ blocks: 4 }), 4, 3),
  ['small', small.graph],
  ['stacked', orThrow(stacked).graph],
]

const exported = new Map(
  networks.map(([name, graph]) => {
    const { parameters } = environmentOf(graph, 'reals', 1, 1)
    const network = orThrow(networkOf(name, graph, parameters))
    return [name, new Map([['model.onnx', lowerOnnx(network.graph, parameters, { layout: 'nchw' })]])] as const
  }),
)
const branchedOnnx = new Map(
  ['flip-1-max', 'vanilla-tta-geo'].map(plan => {
    const { graph, parameters } = compiled(plan)
    return [plan, new Map([['model.onnx', lowerOnnx(graph, parameters)]])] as const
  }),
)

const pixels = Buffer.from(Array.from({ length: 9 * 7 * 3 }, (_, k) => (k * 89) % 256))
const image = (): sharp.Sharp => sharp(pixels, { raw: { width: 9, height: 7, channels: 3 } })
const images = {
  png: await image().png().toBuffer(),
  jpeg: await image().jpeg({ quality: 60 }).withMetadata({ orientation: 6 }).toBuffer(),
  progressive: await image().jpeg({ quality: 60, progressive: true }).toBuffer(),
  cmyk: await image().toColourspace('cmyk').jpeg().toBuffer(),
  webp: await image().webp().toBuffer(),
  lossless: await image().webp({ lossless: true }).toBuffer(),
  gif: await image().gif().toBuffer(),
  tiff: await image().tiff({ compression: 'lzw' }).toBuffer(),
  bigtiff: await image().tiff({ compression: 'none', bigtiff: true }).toBuffer(),
  deep: await image().toColourspace('rgb16').png().toBuffer(),
  palette: await image().png({ palette: true }).toBuffer(),
  alpha: await image().ensureAlpha(0.5).png().toBuffer(),
  grey: await image().greyscale().png().toBuffer(),
  avif: await image().avif({ quality: 30 }).toBuffer(),
}

const rows = (labels: readonly number[]): Uint8Array =>
  Buffer.concat(Array.from({ length: 2 }, (_, k) => Buffer.concat([Buffer.from(labels), Buffer.alloc(3072, 40 * k)])))

const plan = {
  names: lines(
    'vanilla',
    'vanilla-tta-geo',
    'flip-1-max',
    'flip-2-max,sum',
    'flip-only2-none,geo',
    'flip-2-max-tta',
    'rotate-1-max',
    'scale-only1-geo',
    'd4-1-sum',
  ),
  compact: lines(
    '{id,shift(1,0)}@1:geo',
    'flip@0:max',
    '{id,flip,rot90,rotate(15)}@1,shift4@2:max:sum',
    '{flip}@1',
    'rot4@0,flipv@1:none:geo',
    '{id,scale(1.1),transpose}@2',
  ),
}
const preprocess = {
  size: [8, 8],
  resize: 'shorter-side',
  resize_to: 9,
  crop: 'center',
  scale: 0.00392157,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}
const sweep = {
  network: 'zoo:cifar-vgg-6',
  train: 'generated:orientation?range=0:50',
  evaluate: 'generated:orientation',
  recipe: 'fine-tune',
  overrides: { epochs: 1, learning_rate: { kind: 'cosine', initial: 0.05 } },
  plans: ['vanilla', 'flip-1', 'flip@1'],
  train_reductions: ['max', 'none'],
  inference_reductions: ['max', 'geo'],
  seeds: [0, 1],
  batch: 128,
}

writeAll('onnx', new Map([...onnxSamples(), ...exported, ...branchedOnnx]))
writeAll('tfjs-layers', await layersSamples())
writeAll('tfjs-graph', frozenSamples())
writeAll('graph-text', one('graph.txt', Object.fromEntries(graphs.map(([name, graph]) => [name, print(graph)]))))
writeAll(
  'graph-json',
  one(
    'graph.json',
    Object.fromEntries(graphs.map(([name, graph]) => [name, `${JSON.stringify(encodeGraph(graph))}\n`])),
  ),
)
writeAll(
  'safetensors',
  new Map(
    (['F32', 'F16'] as const).map(dtype => [
      dtype,
      new Map<string, Content>([
        ['weights.safetensors', encodeSafetensors(small.parameters, new Map([espalierFormat]), dtype)],
        ['graph.txt', print(small.graph)],
      ]),
    ]),
  ),
)
writeAll(
  'plan-name',
  one(
    'plan.txt',
    Object.fromEntries(
      Object.values(plan)
        .flatMap(all => all.trim().split('\n'))
        .map((text, k) => [`${k}`, text]),
    ),
  ),
)
writeAll(
  'plan-file',
  one('plan.json', {
    named: json({ plan: 'flip-2-max' }),
    sites: json({
      sites: [
        { set: 'flip', map: 1 },
        { set: ['id', 'shift(1,0)'], map: 2 },
      ],
      reduction: 'geo',
      inference_reduction: 'max',
    }),
  }),
)
writeAll(
  'preprocess',
  one('preprocess.json', {
    whole: json(preprocess),
    exact: json({ size: [8, 8], resize: 'exact', scale: 0.1, mean: [1], std: [2] }),
  }),
)
writeAll(
  'recipe',
  one('recipe.json', Object.fromEntries(Object.entries(recipes).map(([name, recipe]) => [name, json(recipe)]))),
)
writeAll(
  'sweep',
  one('sweep.json', {
    named: json({ ...sweep, plans: ['vanilla', 'flip-1', 'flip-only2'], tta: [false, true] }),
    own: json({ ...sweep, tta: [false], recipe: { epochs: 2, batch: 10 }, plans: ['{id,shift(1,0)}@1', 'flip-2-max'] }),
  }),
)
writeAll(
  'labels',
  new Map([
    [
      'plain',
      new Map([
        ['labels.csv', lines('file,class_index', 'a.png,0', 'b.png,2', '"c, d.png",1')],
        ['classes.txt', lines('cat', 'dog', 'snail')],
      ]),
    ],
    [
      'crlf',
      new Map([
        ['labels.csv', 'file,class_index\r\na.png,0\r\nb.png,1\r\n"c, d.png",1\r\n'],
        ['classes.txt', 'one\r\ntwo\r\nthree\r\n'],
      ]),
    ],
  ]),
)
writeAll('image', new Map(Object.entries(images).map(([kind, content]) => [kind, new Map([['image', content]])])))
writeAll(
  'cifar',
  new Map([
    [
      'ten',
      new Map<string, Content>([
        ['test_batch.bin', rows([3])],
        ['batches.meta.txt', lines(...Array.from({ length: 10 }, (_, k) => `class${k}`))],
      ]),
    ],
    [
      'hundred',
      new Map<string, Content>([
        ['test.bin', rows([3, 77])],
        ['fine_label_names.txt', lines(...Array.from({ length: 100 }, (_, k) => `c${k}`))],
      ]),
    ],
  ]),
)
writeAll(
  'folder',
  new Map([
    [
      'classes',
      new Map<string, Content>([
        ['cat/a.png', images.png],
        ['cat/b.gif', images.gif],
        ['dog/a.jpg', images.jpeg],
        ['snail/c.webp', images.webp],
      ]),
    ],
    [
      'flat',
      new Map<string, Content>([
        ['a.png', images.png],
        ['b.png', images.grey],
        ['labels.csv', lines('file,class_index', 'a.png,0', 'b.png,2')],
      ]),
    ],
  ]),
)
writeAll(
  'reference',
  one(
    'reference.txt',
    Object.fromEntries(
      [
        'zoo:cifar-resnet-8',
        'zoo:preact-resnet-8-conv?classes=10',
        'zoo:cifar-vgg-6',
        'generated:orientation?range=0:4',
        'generated:orientation?split=train&range=2:3',
        'images:.',
        'cifar100:.?split=test',
      ].map((text, k) => [`${k}`, text]),
    ),
  ),
)
const net = ['--network', 'graph.txt', '--weights', 'weights.safetensors']
const onImages = ['--data', 'images:images', '--preprocess', 'preprocess.json']
const eager = ['--backend', 'wasm', '--executor', 'eager']
const lists = {
  compile: ['compile', ...net, '--plan', 'flip-1-max', '--classes', 'classes.txt', '--out', 'out', '--json'],
  emit: ['compile', ...net, '--plan', 'vanilla-tta-geo', '--emit', 'onnx', '--out', 'out.onnx', '--stats'],
  text: ['compile', '--network', 'graph.txt', '--emit', 'html', '--schedule', 'stacked', '--json'],
  run: ['run', ...net, ...onImages, '--plan', 'flip-2-max', '--backend', 'reference', '--batch', '2', '--json'],
  wasm: ['run', ...net, ...onImages, ...eager, '--predictions', 'p.jsonl', '--limit', '2'],
  impact: ['impact', ...net, ...onImages, '--transforms', 'flip,rotate', ...eager, '--json'],
  reduce: ['reduce', '--graph', 'graph.txt', '--plan', 'flip-1-max', '--passes', 'insert-branches,unroll'],
  bisect: ['bisect', ...net, '--plan', 'flip-1-max', '--json'],
}
writeAll(
  'command-line',
  one('arguments.json', Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, JSON.stringify(list)]))),
)
const onePixel = { is: 'image', data: { is: 'bytes', length: 3 }, height: 1, width: 1 }
const calls = {
  floats: { call: 'predict', with: { is: 'floats', length: 192 } },
  two: { call: 'predict', with: { is: 'floats', length: 384, fill: -1 } },
  tensor: { call: 'predict', with: { is: 'tensor', shape: [1, 8, 8, 3], data: { is: 'bytes', length: 192 } } },
  images: {
    call: 'classify',
    with: [{ is: 'image', data: { is: 'bytes', length: 60 }, height: 4, width: 5 }, onePixel],
  },
  plan: { call: 'plan', with: 'flip-2-max' },
  zoo: { call: 'zoo', with: 'cifar-resnet-8' },
  model: {
    call: 'model',
    with: { backend: 'reference', executor: 'auto', precision: 'float32', batch: 2, fill: true },
  },
}
writeAll(
  'call',
  one('call.json', Object.fromEntries(Object.entries(calls).map(([name, value]) => [name, json(value)]))),
)
for (const [name, text] of [
  ['flip', 'flip-1-max'],
  ['tta', 'vanilla-tta-geo'],
] as const) {
  rmSync(join(root, 'compiled', name), { recursive: true, force: true })
  mkdirSync(join(root, 'compiled'), { recursive: true })
  await writeCompiledFolder(join(root, 'compiled', name), compiled(text), {
    preprocess: { size: [8, 8], scale: 0.01 },
    classes: ['cat', 'dog', 'snail'],
  })
}
rmSync(join(root, 'checkpoint'), { recursive: true, force: true })
await writeCheckpoint(
  join(root, 'checkpoint', 'one'),
  {
    parameters: small.parameters,
    velocities: small.parameters,
    progress: {
      network: 'small',
      plan: 'vanilla',
      recipe: recipes.default,
      seed: 0,
      data: 'generated:orientation',
      epoch: 0,
      step_in_epoch: 1,
      steps: 1,
      best: null,
      running: { loss: 1, correct: 1, images: 2 },
    },
  },
  { best: false },
)
