import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compile, createModel, createZooNetwork } from '../../../src/index.ts'
import { tritonModel } from '../../../src/open/triton-model.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from '../cli/espalier.ts'

const python = process.env.ESPALIER_TEST_PYTHON
const noPython = python === undefined ? ' (skipped: ESPALIER_TEST_PYTHON names no Python with tritonclient)' : ''
const ort = await import('onnxruntime-node').catch(() => undefined)
const noOnnxruntime = ort === undefined ? ' (skipped: onnxruntime-node is not installed)' : ''

const network = createZooNetwork('cifar-resnet-8?classes=10')
const adaptive = compile(network, orThrow(parsePlan('vanilla/0.02/vanilla-tta-geo')))
const classes = ['a "quoted" one', 'two\nlines', ...'cdefghij']

const textOf = (files: ReadonlyMap<string, Uint8Array>, name: string): string =>
  Buffer.from(files.get(name) as Uint8Array).toString()

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('triton')
})

describe('tritonModel', () => {
  it('has a version, its configuration and its labels', () => {
    const files = tritonModel(adaptive, { classes }, { maxBatch: 8, maxDelay: 0.5, instances: 2 })
    expect([...files.keys()]).toEqual(['1/model.onnx', 'config.pbtxt', 'labels.txt'])
    expect(textOf(files, 'labels.txt')).toBe(`a "quoted" one\ntwo lines\n${[...'cdefghij'].join('\n')}\n`)
    expect(textOf(files, 'config.pbtxt').split('\n')).toEqual([
      'name: "cifar-resnet-8"',
      'backend: "onnxruntime"',
      'default_model_filename: "model.onnx"',
      'max_batch_size: 8',
      'input [{ name: "image" data_type: TYPE_FP32 dims: [32, 32, 3] }]',
      'output [{ name: "logits" data_type: TYPE_FP32 dims: [10] label_filename: "labels.txt" }]',
      'dynamic_batching { max_queue_delay_microseconds: 500 }',
      'instance_group [{ count: 2 kind: KIND_AUTO }]',
      'parameters { key: "enable_mem_pattern" value: { string_value: "0" } }',
      '',
    ])
  })

  it('is of another backend or layout where it is asked for, and has no labels that nobody knows', () => {
    const plain = compile(network, orThrow(parsePlan('flip-1-max')))
    const files = tritonModel(plain, {}, { backend: 'openvino', layout: 'nchw' })
    expect([...files.keys()]).toEqual(['1/model.onnx', 'config.pbtxt'])
    const text = textOf(files, 'config.pbtxt')
    for (const part of ['"openvino"', 'dims: [3, 32, 32]', 'KIND_CPU', 'max_batch_size: 32'])
      expect(text).toContain(part)
    expect(text).not.toMatch(/label|parameters/)
  })

  it.skipIf(ort === undefined)(`computes what the model does${noOnnxruntime}`, async () => {
    const bytes = tritonModel(adaptive, {}, {}).get('1/model.onnx') as Uint8Array
    const { InferenceSession, Tensor } = ort as NonNullable<typeof ort>
    const images = Float32Array.from({ length: 3 * 32 * 32 * 3 }, (_, k) => Math.sin(k))
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 })
    const { logits } = await session.run({ image: new Tensor('float32', images, [3, 32, 32, 3]) })
    const model = await createModel(adaptive, { backend: 'wasm' })
    const own = await model.predict(images)
    model.dispose()
    expect(logits.dims).toEqual([3, 10])
    for (const [k, value] of own.logits.entries()) expect(Number(logits.data[k])).toBeCloseTo(value, 3)
  })
})

const parsed = `
import sys
from google.protobuf import text_format, json_format
from tritonclient.grpc import model_config_pb2
config = text_format.Parse(open(sys.argv[1]).read(), model_config_pb2.ModelConfig())
print(json_format.MessageToJson(config, preserving_proto_field_name=True))`

describe('espalier compile --emit triton', () => {
  const args = ['compile', '--network', 'zoo:cifar-resnet-8?classes=2', '--emit', 'triton', '--quiet'] as const

  it('puts a model into a repository, beside others', async () => {
    const out = join(folder, 'repository')
    await mkdir(join(out, 'other'), { recursive: true })
    await writeFile(join(folder, 'classes.txt'), 'left\nright\n')
    const flags = ['--out', out, '--classes', join(folder, 'classes.txt'), '--triton-backend', 'openvino']
    for (const _ of [1, 2]) {
      const { code, stderr } = await espalier([...args, ...flags])
      expect(code, stderr).toBe(0)
    }
    expect((await readdir(out)).sort()).toEqual(['cifar-resnet-8', 'other'])
    const model = join(out, 'cifar-resnet-8')
    expect((await readdir(model, { recursive: true })).sort()).toEqual([
      ...['1', '1/model.onnx', 'config.pbtxt', 'labels.txt'],
    ])
    expect(await readFile(join(model, 'labels.txt'), 'utf8')).toBe('left\nright\n')
    await writeFile(join(model, 'mine'), '')
    const refused = await espalier([...args, ...flags])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('a folder with mine in it')])
  })

  it('refuses flags that it alone has', async () => {
    const strange = await espalier([...args.slice(0, 3), '--emit', 'text', '--max-batch', '4'])
    expect([strange.code, strange.stderr]).toEqual([2, expect.stringContaining('--emit triton')])
    const nowhere = await espalier(args)
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('no --out')])
  })

  it.skipIf(python === undefined)(`writes what Triton’s own protobuf reads${noPython}`, async () => {
    const path = join(folder, 'config.pbtxt')
    await writeFile(path, tritonModel(adaptive, { classes }, {}).get('config.pbtxt') as Uint8Array)
    const { stdout } = await promisify(execFile)(python as string, ['-c', parsed, path])
    expect(JSON.parse(stdout)).toEqual({
      ...{ name: 'cifar-resnet-8', backend: 'onnxruntime', default_model_filename: 'model.onnx', max_batch_size: 32 },
      input: [{ name: 'image', data_type: 'TYPE_FP32', dims: ['32', '32', '3'] }],
      output: [{ name: 'logits', data_type: 'TYPE_FP32', dims: ['10'], label_filename: 'labels.txt' }],
      dynamic_batching: { max_queue_delay_microseconds: '2000' },
      instance_group: [{ count: 1 }],
      parameters: { enable_mem_pattern: { string_value: '0' } },
    })
  })
})
