import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { compile, createZooNetwork, parsePlan, save } from '../../../src/index.ts'
import { encodeSafetensors } from '../../../src/network/weights/safetensors.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { encode, node, numbers } from '../network/import/onnx/model.ts'
import { espalier, type Ran, spawned } from './espalier.ts'

let folder: string
const at = (...parts: readonly string[]): string => join(folder, ...parts)

const small = {
  input: [1, 3, 8, 8],
  floats: { w: numbers([5, 3, 3, 3]) },
  nodes: [node('Conv', 'x w', 'a'), node('GlobalAveragePool', 'a', 'p'), node('Flatten', 'p', 'y')],
} as const

const modelJson = (shard: string): string =>
  JSON.stringify({
    modelTopology: {
      class_name: 'Sequential',
      config: [
        {
          class_name: 'Conv2D',
          config: { name: 'conv', filters: 4, kernel_size: 3, batch_input_shape: [null, 8, 8, 3] },
        },
        { class_name: 'GlobalAveragePooling2D', config: { name: 'pool' } },
      ],
    },
    weightsManifest: [
      {
        paths: [shard],
        weights: [
          { name: 'conv/kernel', shape: [3, 3, 3, 4], dtype: 'float32' },
          { name: 'conv/bias', shape: [4], dtype: 'float32' },
        ],
      },
    ],
  })

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** A safetensors file whose header promises more bytes than there are. */
const lying = (): Buffer => {
  const header = JSON.stringify({ w: { dtype: 'F32', shape: [1000, 1000], data_offsets: [0, 4_000_000] } })
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(16)])
}

const folders = ['missing-shard', 'climbing-shard', 'cifar', 'flat', 'corrupt', 'classes/ant', 'classes/bee', 'cache']

const writeFiles = async (): Promise<void> => {
  for (const name of folders) await mkdir(at(name), { recursive: true })
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'truncated.onnx': encode(small).subarray(0, 300),
    'lstm.onnx': encode({ ...small, nodes: [node('LSTM', 'x w', 'a'), node('Einsum', 'a', 'y')] }),
    'lying.safetensors': lying(),
    'missing-shard/model.json': modelJson('weights.bin'),
    'climbing-shard/model.json': modelJson('../../weights.bin'),
    'cifar/test.bin': new Uint8Array(3074 + 100),
    'flat/a.png': png,
    'flat/b.png': png,
    'labels.csv': 'file,class_index\na.png,1\n',
    'large-labels.csv': 'file,class_index\na.png,1\nb.png,10\n',
    'corrupt/a.png': png.subarray(0, 40),
    'classes/ant/a.png': png,
    'classes/bee/b.png': png,
    'preprocess.json': '{"size": [32, 32]}',
    'misspelt.json': '{"size": [32, 32], "means": [0.5]}',
    'other-size.json': '{"size": [24, 24]}',
    'two.txt': 'ant\nbee\n',
    'graph.txt': 'flat graph {\n  %0 = Inptu() {}\n}\n',
    'network.bin': 'of no known kind',
    'bad-plan.json': '{"sites": 3}',
    'network.pt': 'PK\x03\x04archive/data.pkl and more',
    'comments.json': '{\n  // pixels\n  "size": [32, 32]\n}',
    'named-labels.csv': 'file,class_index\na.png,ant\nb.png,bee\n',
    'semicolons.csv': 'file;class_index\na.png;1\nb.png;0\n',
  }
  for (const [name, content] of Object.entries(files)) await writeFile(at(name), content)
}

const tampered = async (name: string, file: string, edit: (content: Buffer) => string | Uint8Array): Promise<void> => {
  await mkdir(at(name))
  for (const kept of ['manifest.json', 'graph.json', 'weights.safetensors'])
    await copyFile(at('compiled', kept), at(name, kept))
  await writeFile(at(name, file), edit(await readFile(at(name, file))))
}

beforeAll(async () => {
  folder = await temporaryFolder('bad')
  await writeFiles()
  await save(compile(createZooNetwork('cifar-resnet-8?classes=10'), parsePlan('vanilla')), at('compiled'))
  const byHand = (json: Buffer): string => json.toString().replace(/ *"espalier_checksum": .*\n/, '')
  await tampered('no-plan', 'manifest.json', json => byHand(json).replace('"plan"', '"plam"'))
  await tampered('cut-manifest', 'manifest.json', json => json.subarray(0, 50))
  await tampered('other-graph', 'graph.json', json => json.toString().replace('32', '33'))
  await tampered('other-weights', 'weights.safetensors', bytes =>
    bytes.map((byte, k) => (k === 5000 ? byte ^ 1 : byte)),
  )
  await writeFile(
    at('other.safetensors'),
    encodeSafetensors(new Map([['w', { shape: [1], data: Float32Array.of(1) }]])),
  )
})

const resnet = ['run', '--network', 'zoo:cifar-resnet-8', '--backend', 'cpu']
const generated = ['--data', 'generated:orientation?range=0:2']
const onNetwork = (network: () => string) => () => ['run', '--network', network(), ...generated, '--backend', 'cpu']
const onData = (data: () => readonly string[]) => () => [
  ...[...resnet, '--preprocess', at('preprocess.json')],
  ...['--data', ...data()],
]
const planned = (text: string) => () => ['compile', '--network', 'zoo:cifar-resnet-8', '--plan', text]

/** What is wrong, how it comes about, and what is said of it; `FOLDER` stands for the folder of the files. */
const cases: readonly (readonly [string, () => readonly string[], RegExp])[] = [
  [
    'a truncated ONNX file',
    onNetwork(() => at('truncated.onnx')),
    /^espalier: FOLDER\/truncated\.onnx, byte \d+.*: saw \d+ bytes from byte \d+ on, where only \d+ are left; expected .*\n {2}Try: the file may be cut short/,
  ],
  [
    'unsupported ops, all at once',
    onNetwork(() => at('lstm.onnx')),
    /node LSTM of a.*: saw .*LSTM.*node Einsum of y.*: saw .*Einsum/s,
  ],
  [
    'a safetensors header that lies about sizes',
    () => [...resnet, ...generated, '--weights', at('lying.safetensors')],
    /FOLDER\/lying\.safetensors.*: saw .*4000000.*; expected .*16/,
  ],
  [
    'weights of another network',
    () => [...resnet, ...generated, '--weights', at('other.safetensors')],
    /tensor conv1\.weight: saw none; expected a tensor/,
  ],
  [
    'a model.json whose shard is missing',
    onNetwork(() => at('missing-shard/model.json')),
    /FOLDER\/missing-shard\/weights\.bin: saw no such file/,
  ],
  [
    'a model.json whose shard climbs out of its folder',
    onNetwork(() => at('climbing-shard')),
    /\.\.\/\.\.\/weights\.bin: saw a path that climbs out of the folder; expected a file in FOLDER\/climbing-shard\./,
  ],
  [
    'a missing data file',
    () => [...resnet, '--data', `cifar100:${at('nowhere')}`],
    /FOLDER\/nowhere\/test\.bin: saw no such file; expected test\.bin of cifar100's binary version/,
  ],
  [
    'a CIFAR file of the wrong length',
    () => [...resnet, '--data', `cifar100:${at('cifar')}`],
    /FOLDER\/cifar\/test\.bin: saw 3174 bytes; expected a multiple of 3074/,
  ],
  [
    'an unknown plan, with the nearest names',
    planned('flp-2-max'),
    /plan "flp-2-max": saw no such plan; expected .*\n {2}Try: nearest names: flip-2-max/,
  ],
  [
    'a stage that is no plan, with the nearest names',
    planned('vanilla/0.5/flipp-2'),
    /plan "flipp-2", stage 2 of "vanilla\/0\.5\/flipp-2": saw no such plan; expected .*\n {2}Try: nearest names: flip-2,/,
  ],
  [
    'a threshold in percent',
    planned('vanilla/68/flip-2'),
    /saw the threshold 68; expected a number from 0 to 1\.\n {2}Try: 0\.68: a certainty is no percentage/,
  ],
  [
    'a plan with stages to train under',
    () => ['train', '--network', 'zoo:cifar-resnet-8', '--plan', 'vanilla/0.5/flip-2', ...generated, '--out', at('x')],
    /saw a plan of 2 stages; expected a plan without thresholds for train\.\n {2}Try: one of the stages: vanilla or flip-2-max/,
  ],
  [
    'views of a plan with stages',
    () => ['views', '--network', 'zoo:cifar-resnet-8', '--plan', 'vanilla/0.5/flip-2', ...generated],
    /saw a plan of 2 stages; expected a plan without thresholds for views\./,
  ],
  [
    'a plan deeper than the network',
    planned('flip-9-max'),
    /plan flip-9-max: saw branches at the last 9 feature maps; expected at most 3: .* maps 1 to 3\.\n {2}Try: flip-3/,
  ],
  [
    'a map that the network does not have',
    planned('flip@40'),
    /plan flip@40:geo: saw feature map 40; expected a map of this network: maps 0 to \d/,
  ],
  [
    'none without an inference reduction',
    planned('flip-2-none'),
    /plan flip-2-none: saw no inference reduction beside the training reduction none; expected max, sum or geo for inference/,
  ],
  [
    'a plan file of another form',
    () => ['compile', '--network', 'zoo:cifar-resnet-8', '--plan', at('bad-plan.json')],
    /FOLDER\/bad-plan\.json, .*: saw no form of a plan file/,
  ],
  [
    'a network of no known form',
    onNetwork(() => at('network.bin')),
    /FOLDER\/network\.bin: saw a file of another kind; expected zoo:NAME, an ONNX file/,
  ],
  [
    'a folder with no network',
    onNetwork(() => at('flat')),
    /FOLDER\/flat: saw a folder without manifest\.json and model\.json/,
  ],
  [
    'a zoo name without its scheme',
    onNetwork(() => 'cifar-resnet-8'),
    /cifar-resnet-8: saw no such file or folder; .*\n {2}Try: zoo:cifar-resnet-8/,
  ],
  ['an unknown zoo name', onNetwork(() => 'zoo:resnet-19'), /saw network resnet-19; expected .*\n {2}Try: resnet-18/],
  ['a graph with a misspelt op', onNetwork(() => at('graph.txt')), /FOLDER\/graph\.txt, .*: saw .*Inptu/],
  [
    'weights beside a network that has its own',
    () => [...onNetwork(() => at('compiled'))(), '--weights', at('other.safetensors')],
    /FOLDER\/compiled: saw other weights, FOLDER\/other\.safetensors; expected a network that is not compiled/,
  ],
  [
    'data of another number of classes',
    () => ['run', '--network', 'zoo:cifar-resnet-8?classes=7', ...generated],
    /--data orientation test: saw 10 classes; expected 7 classes, as cifar-resnet-8 has/,
  ],
  [
    'folders of another number of classes',
    () => [
      'run',
      '--network',
      at('compiled'),
      '--preprocess',
      at('preprocess.json'),
      '--data',
      `images:${at('classes')}`,
    ],
    /--data classes: saw 2 classes; expected 10 classes/,
  ],
  [
    'labels beyond the classes',
    () => [
      'run',
      '--network',
      at('compiled'),
      '--preprocess',
      at('preprocess.json'),
      '--data',
      `images:${at('flat')}`,
      '--labels',
      at('large-labels.csv'),
    ],
    /--data flat: saw a label 10; expected 10 classes/,
  ],
  [
    'class names of another number',
    () => ['run', '--network', at('compiled'), ...generated, '--classes', at('two.txt')],
    /classes: saw 2 names; expected 10, one for each class/,
  ],
  [
    'a corrupt image',
    onData(() => [`images:${at('corrupt')}`]),
    /FOLDER\/corrupt\/a\.png: saw .*; expected an image that can be decoded/,
  ],
  [
    'a labels file without a row',
    onData(() => [`images:${at('flat')}`, '--labels', at('labels.csv')]),
    /FOLDER\/labels\.csv: saw no row for b\.png; expected a row for each image of FOLDER\/flat/,
  ],
  [
    'labels for data that has its own',
    () => [...resnet, ...generated, '--labels', at('labels.csv')],
    /saw --labels FOLDER\/labels\.csv for generated; expected labels for images:DIR alone/,
  ],
  [
    'a preprocess file with a wrong key',
    () => [...resnet, ...generated, '--preprocess', at('misspelt.json')],
    /FOLDER\/misspelt\.json: saw the key "means"; expected size, resize, .*\n {2}Try: mean/,
  ],
  [
    'preprocessing to another size',
    () => [...resnet, ...generated, '--preprocess', at('other-size.json')],
    /preprocess: saw images of 24 × 24 × 3; expected images of 32 × 32 × 3.*\n {2}Try: .*"size": \[32, 32\]/,
  ],
  [
    'images without a word on their size',
    () => [...resnet, '--data', `images:${at('flat')}`],
    /--data flat: saw images of any size.*\n {2}Try: --preprocess FILE\.json/,
  ],
  [
    'a folder of images without its scheme',
    () => [...resnet, '--data', at('flat')],
    /saw neither a scheme nor an image file; expected .*\n {2}Try: images:FOLDER\/flat/,
  ],
  [
    'a range beyond the data',
    () => [...resnet, '--data', 'generated:orientation?range=0:10001'],
    /saw range=0:10001 of 10000 images; expected a range within 0:10000/,
  ],
  [
    'a compiled folder without a key',
    onNetwork(() => at('no-plan')),
    /FOLDER\/no-plan\/manifest\.json, plan: saw nothing; expected string\.\n {2}Try: compile again/,
  ],
  [
    'a compiled folder with a manifest cut short',
    onNetwork(() => at('cut-manifest')),
    /FOLDER\/cut-manifest\/manifest\.json: saw .*\n {2}Try: compile again/,
  ],
  [
    'a compiled folder with another graph',
    onNetwork(() => at('other-graph')),
    /FOLDER\/other-graph\/graph\.json: saw a file of sha256 [0-9a-f]{64}; expected [0-9a-f]{64}, as manifest\.json says\.\n {2}Try: compile again/,
  ],
  [
    'a compiled folder with other weights',
    onNetwork(() => at('other-weights')),
    /FOLDER\/other-weights\/weights\.safetensors: saw a file of sha256/,
  ],
  [
    'an unknown flag',
    () => [...resnet, ...generated, '--limt', '2'],
    /^error: unknown option '--limt'\n\(Did you mean --limit\?\)/,
  ],
  ['an unknown command', () => ['rnu'], /^error: unknown command 'rnu'\n\(Did you mean run\?\)/],
  [
    'a flag that is missing',
    () => resnet,
    /^error: required option '--data <data>' not specified\nTry: espalier run --help\n$/,
  ],
  [
    'a flag that is missing since it is misspelt',
    () => [...resnet, '--dta', 'generated:orientation'],
    /not specified\nunknown option '--dta'\n\(Did you mean --data\?\)\nTry: /,
  ],
  [
    'an image as a network',
    onNetwork(() => at('flat/a.png')),
    /FOLDER\/flat\/a\.png: saw an image; expected zoo:NAME, .*\n {2}Try: --data images:FOLDER/,
  ],
  [
    'a checkpoint of PyTorch as weights',
    () => [...resnet, ...generated, '--weights', at('network.pt')],
    /FOLDER\/network\.pt: saw a zip archive; expected a safetensors file\.\n {2}Try: .*save_file/,
  ],
  [
    'comments in JSON',
    () => [...resnet, ...generated, '--preprocess', at('comments.json')],
    /FOLDER\/comments\.json: saw .*; expected JSON\.\n {2}Try: JSON has no comments/,
  ],
  [
    'labels by name',
    onData(() => [`images:${at('flat')}`, '--labels', at('named-labels.csv')]),
    /row 2: saw class_index "ant"; expected a whole number from 0\.\n {2}Try: the line of its name/,
  ],
  [
    'labels between semicolons',
    onData(() => [`images:${at('flat')}`, '--labels', at('semicolons.csv')]),
    /saw columns file;class_index; expected .*\n {2}Try: commas between the columns/,
  ],
  [
    'an unknown value',
    () => [...resnet, ...generated, '--backend', 'tensorflw'],
    /argument 'tensorflw' is invalid\. Expected one of tensorflow, wasm, cpu, reference\. Nearest: tensorflow/,
  ],
  [
    'a number that is none',
    () => [...resnet, ...generated, '--limit', '1e2'],
    /argument '1e2' is invalid\. Expected a whole number from 1 to 9007199254740991, in digits alone\./,
  ],
  [
    'an executor that is none',
    () => [...resnet, ...generated, '--executor', 'grph'],
    /argument 'grph' is invalid\. Expected one of eager, graph, xla, onnx, openvino, auto\. Nearest: graph/,
  ],
  [
    'an executor that does not run on the backend',
    () => [...resnet, ...generated, '--backend', 'wasm', '--executor', 'xla'],
    /xla: saw backend wasm; expected backend node-gpu/,
  ],
  [
    'a precision that the executor does not have',
    () => [...resnet, ...generated, '--executor', 'eager', '--precision', 'bfloat16'],
    /eager: saw bfloat16; expected float32\.\n.*the executors graph, xla and openvino have bfloat16/,
  ],
  [
    'an executor for the evaluator',
    () => [...resnet, ...generated, '--backend', 'reference', '--executor', 'graph'],
    /--backend: saw reference with graph, float32; expected reference alone/,
  ],
  [
    'an ONNX file for the terminal',
    () => ['compile', '--network', 'zoo:cifar-resnet-8', '--emit', 'onnx'],
    /--emit onnx: saw no --out; expected a file to write\./,
  ],
  [
    'a precision for a text',
    () => ['compile', '--network', 'zoo:cifar-resnet-8', '--emit', 'text', '--precision', 'bfloat16'],
    /--precision: saw --emit text; expected --emit saved-model\./,
  ],
  [
    'a layout for a compiled folder',
    () => ['compile', '--network', 'zoo:cifar-resnet-8', '--layout', 'nchw'],
    /--layout: saw no --emit; expected --emit onnx or triton\./,
  ],
  [
    'a layout that is none',
    () => ['compile', '--network', 'zoo:cifar-resnet-8', '--emit', 'onnx', '--layout', 'nhcw', '--out', at('x.onnx')],
    /argument 'nhcw' is invalid\. Expected one of nhwc, nchw\. Nearest: /,
  ],
  [
    'a folder where a file is to be written',
    () => [...resnet, ...generated, '--out', at('flat')],
    /FOLDER\/flat: saw a folder; expected a place that can be written to/,
  ],
  [
    'a place that cannot be written to',
    () => [...resnet, ...generated, '--predictions', at('two.txt', 'p.jsonl')],
    /FOLDER\/two\.txt\/p\.jsonl: saw .*; expected a place that can be written to/,
  ],
  [
    'a runtime that setup does not know',
    () => ['setup', '--with', 'openvio', '--dry-run'],
    /option '--with <runtime>' argument 'openvio' is invalid\. Expected one of openvino\. Nearest: openvino\./,
  ],
]

const said = ({ stderr }: Ran): string => stderr.replaceAll(folder, 'FOLDER')

describe.concurrent('bad input is exit code 2, a clear error, and nothing on stdout', () => {
  it.each(cases)('%s', async (_, args, expected) => {
    const ran = await espalier([...args(), '--quiet'])
    expect(said(ran)).toMatch(expected)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).not.toMatch(/^ +at /m)
  })
})

describe.concurrent('the rest of the manners', () => {
  it('a backend that is not set up is a failure of the machine: exit code 1', async () => {
    const args = [...resnet.slice(0, -1), 'node-gpu', ...generated]
    const ran = await spawned(args, { env: { ESPALIER_CACHE: at('cache') } })
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(said(ran)).toMatch(/espalier: FOLDER\/cache: saw .*; expected .*\n {2}Try: .*espalier setup/)
  })

  it.each([
    [['rnu'], "unknown command 'rnu'", 'run'],
    [
      [...resnet, '--dta', 'generated:orientation'],
      "required option '--data <data>' not specified, unknown option '--dta'",
      '--data',
    ],
  ])('under --json an error of arguments is told once, as an object: %j', async (args, seen, hint) => {
    const ran = await espalier([...args, '--json'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toBe(
      `espalier: the command line: saw ${seen}; expected arguments that --help lists.\n  Try: ${hint}\n`,
    )
  })

  it('--debug adds the stack', async () => {
    const ran = await espalier([...planned('flp-2')(), '--debug'])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(/^ +at /m)
  })

  it.each(['compile', 'run', 'setup', 'doctor'])('%s --help has every common flag and an example', async name => {
    const { code, stdout } = await espalier([name, '--help'])
    expect(code).toBe(0)
    for (const flag of ['--json', '--quiet', '--debug', '--seed <n>', '--help', `Example:\n  $ espalier ${name}`])
      expect(stdout).toContain(flag)
  })

  it('--version is the package’s', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
    expect(await espalier(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})
