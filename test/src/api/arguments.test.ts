import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as ir from '../../../ir/index.ts'
import * as passes from '../../../passes/index.ts'
import { withPixels } from '../../../src/data/index.ts'
import * as api from '../../../src/index.ts'
import { tensorflowJs } from '../../../src/runtime/native/load.ts'

const net = api.createZooNetwork('cifar-resnet-8?classes=4')
const preprocess = { size: [32, 32], scale: 1 / 255 } as const
const compiled = api.compile(net, api.parsePlan('vanilla'), { meaning: { preprocess } })
const image = 32 * 32 * 3

/** Calls with arguments that TypeScript would not let through. */
// biome-ignore lint/suspicious/noExplicitAny: what is tested is what programs without types do
const call = (f: any, ...given: readonly unknown[]): Promise<unknown> =>
  Promise.resolve().then(() => f(...given)) as Promise<unknown>

const refusal = async (task: Promise<unknown>): Promise<string> => {
  const error = await task.then(
    answer => expect.fail(`no error but ${String(answer)}`),
    error => error,
  )
  expect(error).toBeInstanceOf(api.EspalierError)
  expect(error.kind).toBe('usage')
  return error.message
}

const { createZooNetwork, loadNetwork, createNetwork, compile, parsePlan, save, createModel, loadModel, loadRecipe } =
  api
const { train, evaluate, impact, views, search, toOnnx, toSavedModel } = api
const vanilla = parsePlan('vanilla')
const parameters = net.parameters
const wholeRecipe = await loadRecipe('default')

describe.each([
  ['parsePlan', [undefined], 'saw undefined; expected the text of a plan'],
  ['parsePlan', [3], 'saw the number 3'],
  ['parsePlan', [parsePlan('vanilla')], 'saw an object with sites'],
  ['createZooNetwork', [{}], 'createZooNetwork: saw an empty object; expected the name of a zoo network'],
  ['createZooNetwork', [''], 'saw ""'],
  ['createZooNetwork', ['cifar-resnet-8', { sed: 1 }], 'Try: seed'],
  [
    'createZooNetwork',
    ['cifar-resnet-8', { seed: '1' }],
    'createZooNetwork, options, seed: saw "1"; expected a whole number from 0',
  ],
  ['createZooNetwork', ['cifar-resnet-8', 7], 'createZooNetwork, options: saw 7; expected an object'],
  ['loadNetwork', [42], 'loadNetwork: saw the number 42; expected zoo:NAME, FILE.onnx'],
  ['loadNetwork', [undefined], 'saw undefined'],
  ['loadNetwork', [Buffer.from('onnx')], 'saw a Buffer of 4'],
  ['loadNetwork', ['zoo:cifar-resnet-8', { wieghts: 'x' }], 'Try: weights'],
  ['createNetwork', [undefined, net.graph, parameters], 'createNetwork, name: saw undefined'],
  ['createNetwork', ['n', net, parameters], 'expected a graph.\n  Try: its graph'],
  ['createNetwork', ['n', ir.print(net.graph), parameters], 'Try: parse(text)'],
  ['createNetwork', ['n', net.graph, {}], 'createNetwork, parameters: saw an empty object; expected a Map'],
  ['createNetwork', ['n', net.graph, new Map([['w', [1, 2]]])], 'createNetwork, parameters, w: saw an array of 2'],
  [
    'compile',
    ['x'],
    'compile, network: saw "x"; expected a network.\n  Try: await loadNetwork(reference), or createZooNetwork(name)',
  ],
  ['compile', [Promise.resolve(net), parsePlan('vanilla')], 'saw a promise; expected a network.\n  Try: await it'],
  ['compile', [net], 'compile, plan: saw undefined; expected a plan'],
  ['compile', [net, 'flip-1-geo'], 'Try: parsePlan("flip-1-geo")'],
  ['compile', [net, passes.parsePlan('vanilla')], 'Try: its right side'],
  ['compile', [net, parsePlan('vanilla'), { batch: 0 }], 'compile, options, batch: saw 0'],
  ['compile', [net, parsePlan('vanilla'), { shedule: 'apart' }], 'Try: schedule'],
  ['compile', [net, parsePlan('vanilla'), { schedule: 'apert' }], 'Try: apart'],
  ['compile', [net, parsePlan('vanilla'), null], 'compile, options: saw null'],
  ['save', [compiled, ''], 'save, folder: saw ""; expected the path of a folder'],
  ['save', [compiled], 'save, folder: saw undefined'],
  [
    'save',
    [net, 'x'],
    'saw an object with name, graph, parameters; expected a compiled network.\n  Try: compile(network, plan)',
  ],
  ['createModel', ['compiled/'], 'Try: loadModel(folder)'],
  ['createModel', [net], 'Try: compile(network, plan)'],
  [
    'createModel',
    [compiled, { backend: 'gpu' }],
    'createModel, options, backend: saw "gpu"; expected one of auto, reference',
  ],
  ['createModel', [compiled, { batch: 1.5 }], 'createModel, options, batch: saw 1.5'],
  ['createModel', [compiled, { precison: 'float32' }], 'Try: precision'],
  ['loadModel', [undefined], 'loadModel, folder: saw undefined'],
  ['loadModel', ['net.onnx'], 'Try: loadNetwork("net.onnx")'],
  ['loadModel', ['zoo:cifar-resnet-8'], 'Try: loadNetwork("zoo:cifar-resnet-8")'],
  ['loadRecipe', [{ epochs: 3 }], 'loadRecipe: saw an object with epochs'],
  [
    'train',
    [net, vanilla, {}, 'd'],
    'train: saw an object with name, graph, parameters; expected { network, plan, data',
  ],
  ['train', [{ network: 'x', plan: vanilla, data: 'd' }], 'train, network: saw "x"'],
  ['train', [{ network: net, plan: 'vanilla', data: 'd' }], 'train, plan: saw "vanilla"'],
  ['compile', [net, vanilla, { meaning: { preproces: preprocess } }], 'Try: preprocess'],
  ['compile', [net, vanilla, { meaning: { classes: 'a,b' } }], 'compile, meaning, classes: saw "a,b"'],
  [
    'compile',
    [net, vanilla, { meaning: { preprocess: { size: 32 } } }],
    'size: saw the number 32; expected [height, width]',
  ],
  ['compile', [net, vanilla, { meaning: { preprocess: { ...preprocess, means: [1] } } }], 'Try: mean'],
  ['compile', [net, vanilla, { meaning: { preprocess: { ...preprocess, mean: '1' } } }], 'mean: saw "1"'],
  ['loadNetwork', ['a.onnx', { preprocess: { ...preprocess, resizeTo: 40 } }], 'Try: resize_to'],
  [
    'evaluate',
    [{ predict: () => {}, graph: net.graph }, 'd', { preprocess: { ...preprocess, mean: [1, 2] } }],
    'mean of 2 numbers',
  ],
  [
    'train',
    [{ network: net, plan: vanilla, recipe: { ...wholeRecipe, learning_rate: undefined }, data: 'd' }],
    'train, recipe, learning_rate: saw nothing',
  ],
  ['train', [{ network: net, plan: vanilla, recipe: 'default', data: 'd' }], 'Try: await loadRecipe("default")'],
  ['train', [{ network: net, plan: vanilla }], 'train, data: saw undefined'],
  ['train', [{ network: net, plan: vanilla, data: 'd', epochs: 3 }], 'train, options'],
  ['evaluate', [compiled, 'd'], 'evaluate, model: saw an object with '],
  ['evaluate', [compiled, 'd'], 'Try: await createModel(compiled)'],
  ['views', [net, vanilla, 3], 'views, data: saw the number 3'],
  ['views', [net, vanilla, 'd', { backend: 'reference' }], 'views, options, backend: saw "reference"'],
  ['search', [net, { select: 'a' }, { budget: '2x' }], 'search, report: saw undefined'],
  ['search', [net, { select: 'a', report: 'b' }], 'search, options: saw undefined'],
  [
    'search',
    [net, { select: 'generated:orientation', report: 'generated:orientation' }, { budget: '2x' }],
    'different images',
  ],
  ['impact', [compiled.graph, 'd'], 'impact, network: saw an object with dialect'],
  ['impact', [net, undefined], 'impact, data: saw undefined'],
  ['impact', [net, 'd', { limit: -1 }], 'impact, options, limit: saw -1'],
  ['toOnnx', [undefined], 'toOnnx, compiled: saw undefined'],
  ['toOnnx', [compiled, { layout: 'nwhc' }], 'Try: nhwc'],
  ['toSavedModel', [net], 'Try: compile(network, plan)'],
  ['toSavedModel', [compiled, { xla: 1 }], 'toSavedModel, options, xla: saw 1'],
  ['printPlan', ['flip-3'], 'Try: parsePlan(text)'],
  ['topK', [new Float32Array(4), 2], 'topK, prediction: saw a Float32Array of 4; expected a prediction'],
  ['topK', [{ n: 1, classes: 2, probabilities: new Float32Array(2) }, 0], 'topK, k: saw the number 0'],
  ['createModel', [compiled, { worker: 2 }], 'createModel, options, worker: saw 2'],
  ['createModel', [compiled, { workers: 0 }], 'createModel, options, workers: saw 0'],
  ['createModel', [compiled, { signal: {} }], 'createModel, options, signal: saw'],
] as const)('%s', (name, given, said) => {
  const functions = {
    createZooNetwork,
    loadNetwork,
    createNetwork,
    compile,
    parsePlan,
    save,
    createModel,
    loadModel,
    loadRecipe,
    train,
    evaluate,
    impact,
    views,
    search,
    toOnnx,
    toSavedModel,
  }
  it(`refuses ${given.map(ir.kindOf).join('; ').slice(0, 90)}: ${said.split('\n', 1)[0].slice(0, 40)}`, async () => {
    const f = { ...functions, printPlan: api.printPlan, topK: api.topK }[name]
    expect(await refusal(call(f, ...given))).toContain(said)
  })
})

describe('ir and passes', () => {
  it.each([
    ['print', ir.print, [undefined], 'print: saw undefined; expected a graph'],
    ['encodeGraph', ir.encodeGraph, [net], 'Try: its graph'],
    ['verify', ir.verify, ['graph'], 'Try: parse(text)'],
    ['evaluate', ir.evaluate, [net.graph, { inputs: {}, parameters }], 'evaluate, environment'],
    ['tensor', ir.tensor, [[2], [1, 2]], 'Try: Float32Array.from(values)'],
    ['tensor', ir.tensor, [2, new Float32Array(2)], 'tensor, shape: saw the number 2'],
    ['multiplyAdds', passes.multiplyAdds, [net], 'multiplyAdds: saw'],
    ['actsOnMaps', passes.actsOnMaps, [42], 'actsOnMaps: saw the number 42'],
    ['featureMaps', passes.featureMaps, [null], 'featureMaps: saw null'],
    ['placePlan', passes.placePlan, [parsePlan('vanilla'), net, Math.random], 'placePlan: saw'],
    ['placePlan', passes.placePlan, ['vanilla', net.graph, Math.random], 'saw "vanilla"; expected a plan'],
    ['runPasses', passes.runPasses, [undefined, net], 'runPasses, passes: saw undefined'],
    ['runPasses', passes.runPasses, [[], net.parameters], 'runPasses, program: saw undefined'],
  ] as const)('%s throws an EspalierError', async (_, f, given, said) => {
    expect(await refusal(call(f, ...given))).toContain(said)
  })

  it.each([
    ['parse', () => ir.parse(7 as never)],
    ['parsePlan', () => passes.parsePlan(undefined as never)],
    ['decodeGraph', () => ir.decodeGraph('x')],
    ['decodePlan', () => passes.decodePlan(7)],
  ])('%s gives a left', (_, f) => {
    expect(f()._tag).toBe('Left')
  })
})

describe('a model', () => {
  const tf = tensorflowJs()
  let opened: api.Model
  beforeAll(async () => {
    opened = await api.createModel(compiled, { backend: 'wasm' })
  })
  afterAll(() => opened.dispose())

  const disposed = () => {
    const tensor = tf.zeros([1, 32, 32, 3])
    tensor.dispose()
    return tensor
  }
  const broken = new Float32Array(2 * image).fill(0.5)
  broken[image + 7] = Number.NaN

  it.each([
    [
      'nothing',
      () => undefined,
      'predict: saw undefined; expected a Float32Array or a tensor of images [n, 32, 32, 3]',
    ],
    ['nested arrays', () => [[1, 2]], 'Try: Float32Array.from(values.flat(Infinity))'],
    ['doubles', () => new Float64Array(image), 'saw a Float64Array of 3072'],
    [
      'a Buffer',
      () => Buffer.alloc(8),
      'saw a Buffer of 8; expected a Float32Array or a tensor of images [n, 32, 32, 3].\n  Try: classify',
    ],
    ['a path', () => 'x.jpg', 'Try: classify([await readFile(path)])'],
    ['a tensor of another rank', () => tf.zeros([32, 32, 3]), 'a tensor [32,32,3]'],
    ['an empty tensor', () => tf.zeros([0, 32, 32, 3]), 'a tensor [0,32,32,3]'],
    ['a disposed tensor', disposed, 'a disposed tensor [1,32,32,3]'],
    ['a tensor of words', () => ({ shape: [1, 32, 32, 3], data: async () => ['a'] }), 'expected a tensor of numbers'],
    [
      'a tensor that says another shape',
      () => ({ shape: [2, 32, 32, 3], data: async () => new Float32Array(image) }),
      'a tensor [2,32,32,3]',
    ],
    ['a number that is none', () => broken, 'predict, image 1: saw NaN; expected finite numbers'],
    ['an infinite number', () => new Float32Array(image).fill(1 / 0), 'predict, image 0: saw Infinity'],
  ])('does not predict %s', async (_, inputs, said) => {
    expect(await refusal(call(opened.predict, inputs()))).toContain(said)
  })

  it.each([
    ['one image', Buffer.alloc(8), 'Try: classify([image])'],
    ['a path', 'x.jpg', 'Try: classify([await readFile(path)])'],
    ['nothing', undefined, 'classify: saw undefined; expected an array of images'],
    [
      'paths',
      ['x.jpg'],
      'image 0: saw "x.jpg"; expected an encoded image as a Uint8Array, or { data, height, width }.\n  Try: the bytes of the file: await readFile(path)',
    ],
    ['an ArrayBuffer', [new ArrayBuffer(8)], 'Try: new Uint8Array(buffer)'],
    ['nothing among images', [undefined], 'image 0: saw undefined'],
    ['pixels in an array', [{ data: [1, 2, 3], height: 1, width: 1 }], 'image 0, data: saw an array of 3'],
    [
      'pixels from 0 to 1',
      [{ data: new Float32Array(3), height: 1, width: 1 }],
      'image 0, data: saw a Float32Array of 3',
    ],
    ['clamped pixels', [{ data: new Uint8ClampedArray(4), height: 1, width: 1 }], 'Try: the pixels without alpha'],
    [
      'pixels of half a row',
      [{ data: new Uint8Array(3), height: 0.5, width: 2 }],
      'image 0, height: saw the number 0.5',
    ],
    ['pixels of no width', [{ data: new Uint8Array(0), height: 1, width: 0 }], 'image 0, width: saw the number 0'],
    ['pixels without extents', [{ data: new Uint8Array(3) }], 'image 0, height: saw undefined'],
    [
      'pixels of huge extents',
      [{ data: new Uint8Array(3), height: 1e8, width: 1e8 }],
      'image 0: saw 3 bytes for 100000000 × 100000000 pixels',
    ],
    ['pixels with alpha', [{ data: new Uint8Array(4), height: 1, width: 1 }], 'Try: the pixels without alpha'],
  ])('does not classify %s', async (_, images, said) => {
    expect(await refusal(call(opened.classify, images))).toContain(said)
  })

  it.each([
    ['predict', { sginal: 1 }, 'predict, options: saw "sginal"; expected signal, onStart, transfer.\n  Try: signal'],
    ['predict', 5, 'predict, options: saw the number 5'],
    ['predict', { signal: 1 }, 'predict, options, signal: saw the number 1; expected an AbortSignal'],
    ['classify', { topp: 5 }, 'Try: top'],
    ['classify', { top: 0 }, 'classify, options, top: saw the number 0'],
  ] as const)('has no %s with %j', async (name, options, said) => {
    const given = name === 'predict' ? new Float32Array(image) : []
    expect(await refusal(call(opened[name], given, options))).toContain(said)
  })

  it('takes batches one after another', async () => {
    const next = (batches: unknown) =>
      opened
        .predictEach(batches as never)
        [Symbol.asyncIterator]()
        .next()
    expect(await refusal(next(new Float32Array(image)))).toContain('predictEach: saw a Float32Array of 3072')
  })

  it('answers all of many calls at once, those under way when it is disposed of too, and says later that it is', async () => {
    const short = await api.createModel(compiled, { backend: 'wasm' })
    const calls = Array.from({ length: 64 }, (_, k) => short.predict(new Float32Array(image).fill(k / 64)))
    short.dispose()
    const answers = await Promise.all(calls)
    expect(answers.map(({ n }) => n)).toEqual(Array(64).fill(1))
    const [again] = await Promise.all([opened.predict(new Float32Array(image).fill(5 / 64))])
    expect(answers[5].logits).toEqual(again.logits)
    expect(await refusal(call(short.predict, new Float32Array(image)))).toContain('predict: saw a disposed model')
    const blank = { data: new Uint8Array(image), height: 32, width: 32 }
    expect(await refusal(call(short.classify, [blank]))).toContain('a disposed model')
  })
})

describe('an image', () => {
  it('of pixels is taken as it is', async () => {
    const pixels = { data: Uint8Array.of(1, 2, 3), height: 1, width: 1 }
    expect(await withPixels(pixels, 'x', given => given)).toMatchObject({ _tag: 'Right', right: pixels })
  })
})
