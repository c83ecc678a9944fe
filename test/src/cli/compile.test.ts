import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeGraph, parse, print } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { type SavedModel, savedModelType } from '../../../src/lower/saved-model/schema.ts'
import { type ModelProto, onnxSchema } from '../../../src/network/import/onnx/schema.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('compile')
})

/** The input of an ONNX file, with its shape. */
const firstInput = async (path: string) => {
  const model = onnxSchema.lookupType('ModelProto').decode(await readFile(path)) as unknown as ModelProto
  const [input] = model.graph?.input ?? []
  const dims = input?.type?.tensor_type?.shape?.dim ?? []
  return { name: input?.name, dims: dims.map(d => d.dim_param || Number(d.dim_value)) }
}

const network = ['--network', 'zoo:cifar-resnet-8?classes=10', '--plan', 'flip-2-max'] as const

describe.concurrent('espalier compile', () => {
  it('knows native TensorFlow by its own name', async () => {
    const schedules = ['tensorflow', 'node-gpu'].map(async backend => {
      const { stdout } = await espalier(['compile', ...network, '--backend', backend, '--json'])
      return JSON.parse(stdout).predicted_milliseconds
    })
    const [own, older] = await Promise.all(schedules)
    expect([own > 0, own]).toEqual([true, older])
  })

  it('prints every promised key', async () => {
    const { code, stdout, stderr } = await espalier(['compile', ...network, '--stats', '--json'])
    expect(code).toBe(0)
    expect(stderr).toContain('initialized from seed 0')
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ network: 'cifar-resnet-8', plan: 'flip-2-max', acts_on_maps: 0 })
    expect(result.nodes).toBeGreaterThan(10)
    expect(result.multiply_adds_relative_unshared).toBe(4)
    expect(result.multiply_adds_relative).toBeGreaterThan(1)
    expect(result.multiply_adds_relative).toBeLessThan(4)
    for (const pass of result.passes)
      expect(Object.keys(pass)).toEqual(
        expect.arrayContaining([
          ...['name', 'milliseconds', 'rewrites', 'nodes_before', 'nodes_after'],
          ...['multiply_adds_before', 'multiply_adds_after'],
        ]),
      )
    expect(result.passes.at(-1).nodes_after).toBe(result.nodes)
  })

  it('shows the places where the network may be branched', async () => {
    const { stdout } = await espalier(['compile', ...network, '--places'])
    expect(stdout).toMatch(/^place +maps +computed before it +what\n[─ ]+\n0 +32×32×3 +0\.0 % +image\n1 \* +32×32×16 +/)
    expect(stdout).toMatch(/\n1\.1 +32×32×16 32×32×16 +/)
    const { places } = JSON.parse((await espalier(['compile', ...network, '--places', '--json'])).stdout)
    expect(places[0]).toEqual({ place: '0', name: 'image', shapes: [[32, 32, 3]], before: 0, counted: false })
  })

  it('shows what each stage of an adaptive plan costs, at best, at worst and in the mean', async () => {
    const staged = [...network.slice(0, 3), 'vanilla/0.7/vanilla-tta-geo/0.1/flip@0,shift4@0:geo'] as const
    const { stdout } = await espalier(['compile', ...staged, '--stats', '--shares', '0.4,0.1'])
    expect(stdout).toContain('multiply-adds an image at most,')
    expect(stdout).toMatch(/1 {6}vanilla +\d\S+ +1\.000× +margin 0\.7 +image 3072\n/)
    expect(stdout).toMatch(/2 {6}vanilla-tta-geo +\d\S+ +1\.000× +margin 0\.1 +(image 3072, .* 10|.* 10, image 3072)\n/)
    expect(stdout).toMatch(/at best and 8\.000× at worst; in the mean\n2\.000× where 40 %, then 10 % go on\./)
    const { stdout: json } = await espalier(['compile', ...staged, '--json'])
    expect(JSON.parse(json)).toMatchObject({
      multiply_adds_relative_best: 1,
      multiply_adds_relative_worst: 8,
      stages: [{ gate: { measure: 'margin', below: 0.7 } }, { gate: { below: 0.1 } }, { multiply_adds_relative: 6 }],
    })
  })

  it.each([
    ['0.1,0.4', 'none larger than the one before'],
    ['1.5', 'from 0 to 1'],
    ['0.4,,0', 'from 0 to 1'],
    ['0.4', 'a plan with stages'],
  ])('refuses --shares %s', async (shares, said) => {
    const { code, stderr } = await espalier(['compile', ...network, '--stats', '--shares', shares])
    expect([code !== 0, stderr]).toEqual([true, expect.stringContaining(said)])
  })

  it('writes a folder that run reads, the network and its seed the same', async () => {
    const out = join(folder, 'compiled/')
    expect(await espalier(['compile', ...network, '--seed', '7', '--out', out, '--quiet'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining(`Wrote ${out}.`),
    })
    expect(await readdir(out)).toEqual(['graph.json', 'manifest.json', 'weights.safetensors'])
    const on = ['--data', 'generated:orientation', '--limit', '20', '--backend', 'wasm', '--json', '--quiet']
    const [there, here] = await Promise.all([
      espalier(['run', '--network', out, ...on]),
      // The data too are drawn from the seed.
      espalier(['run', '--network', out, ...on, '--seed', '0']),
    ])
    const { seconds: _, images_per_second: __, ...same } = JSON.parse(there.stdout)
    expect(JSON.parse(here.stdout)).toMatchObject(same)
    expect(same).toMatchObject({ network: 'cifar-resnet-8', plan: 'flip-2-max', images: 20 })
    const refused = await espalier(['run', '--network', out, ...on, '--plan', 'vanilla'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--plan: saw vanilla for')
    expect(refused.stderr).toContain('compiled under flip-2-max; expected no --plan with a compiled folder.')
  })

  it('emits the graph as text that opens again with the compiled weights', async () => {
    const [text, out] = [join(folder, 'graph.txt'), join(folder, 'with-weights')]
    await Promise.all([
      espalier(['compile', ...network, '--emit', 'text', '--out', text]),
      espalier(['compile', ...network, '--out', out]),
    ])
    const graph = orThrow(parse(await readFile(text, 'utf8')))
    expect(print(graph)).toBe(await readFile(text, 'utf8'))
    const on = ['--data', 'generated:orientation', '--limit', '20', '--backend', 'wasm', '--json', '--quiet']
    const weights = join(out, 'weights.safetensors')
    const [fromText, fromFolder] = await Promise.all([
      espalier(['run', '--network', text, '--weights', weights, ...on]),
      espalier(['run', '--network', out, ...on]),
    ])
    const { error_percent, top5_error_percent, multiply_adds } = JSON.parse(fromFolder.stdout)
    expect(JSON.parse(fromText.stdout)).toMatchObject({
      network: 'graph',
      plan: 'vanilla',
      error_percent,
      top5_error_percent,
      multiply_adds,
    })
  })

  it('emits an ONNX file that runs as the compiled network does, images first as in the file it came from', async () => {
    const [first, again, given, out] = ['first.onnx', 'again.onnx', 'given.onnx', 'for-onnx'].map(name =>
      join(folder, name),
    )
    const compile = (...flags: readonly string[]) => espalier(['compile', ...flags, '--quiet'])
    const written = await Promise.all([
      compile(...network, '--emit', 'onnx', '--out', first, '--layout', 'nchw'),
      compile(...network, '--out', out),
    ])
    expect(written).toEqual([0, 0].map(code => expect.objectContaining({ code, stderr: '' })))
    const copied = await Promise.all([
      compile('--network', first, '--emit', 'onnx', '--out', again),
      compile('--network', first, '--emit', 'onnx', '--out', given, '--layout', 'nhwc'),
    ])
    expect(copied).toEqual([0, 0].map(code => expect.objectContaining({ code, stderr: '' })))
    expect(await firstInput(first)).toEqual({ name: 'image', dims: ['n', 3, 32, 32] })
    expect(await firstInput(again)).toEqual({ name: 'image', dims: ['n', 3, 32, 32] })
    expect(await firstInput(given)).toEqual({ name: 'image', dims: ['n', 32, 32, 3] })
    const on = ['--data', 'generated:orientation', '--limit', '20', '--backend', 'wasm', '--json', '--quiet']
    const ran = await Promise.all([out, first, again, given].map(path => espalier(['run', '--network', path, ...on])))
    const errors = ran.map(({ stdout }) => JSON.parse(stdout).error_percent)
    expect(new Set(errors)).toEqual(new Set([errors[0]]))
  })

  it('emits a SavedModel, in bfloat16 a smaller one, and writes it over one but over nothing else', async () => {
    const [model, foreign] = [join(folder, 'saved'), join(folder, 'not-saved')]
    const emit = (out: string, ...flags: readonly string[]) =>
      espalier(['compile', ...network, '--emit', 'saved-model', '--out', out, '--quiet', ...flags])
    expect(await emit(model)).toMatchObject({ code: 0, stderr: '' })
    expect(await readdir(model)).toEqual(['assets.extra', 'saved_model.pb'])
    const whole = (await stat(join(model, 'saved_model.pb'))).size
    expect(await emit(model, '--precision', 'bfloat16')).toMatchObject({ code: 0, stderr: '' })
    expect((await stat(join(model, 'saved_model.pb'))).size).toBeLessThan(whole)
    await mkdir(foreign)
    await writeFile(join(foreign, 'a-file'), 'kept')
    const refused = await emit(foreign)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('saw a folder with a-file in it')
    expect(await readdir(foreign)).toEqual(['a-file'])
  })

  it('emits an adaptive plan with its gates inside, which is no network to begin with', async () => {
    const [file, model] = [join(folder, 'adaptive.onnx'), join(folder, 'adaptive')]
    const adaptive = ['--network', network[1], '--plan', 'vanilla/0.7/vanilla-tta-geo', '--quiet']
    const emit = (form: string, out: string) => espalier(['compile', ...adaptive, '--emit', form, '--out', out])
    const [onnx, savedModel] = await Promise.all([emit('onnx', file), emit('saved-model', model)])
    expect(onnx.stdout).toContain(`Wrote ${file}, its gates inside.`)
    expect(savedModel.stdout).toContain(`Wrote ${model}, its gates inside.`)
    expect(await firstInput(file)).toEqual({ name: 'image', dims: ['n', 32, 32, 3] })
    const saved = savedModelType.decode(await readFile(join(model, 'saved_model.pb'))) as unknown as SavedModel
    expect(saved.meta_graphs[0].graph_def.library.function.length).toBe(2)
    const { code, stderr } = await espalier(['compile', '--network', file])
    expect([code, stderr]).toEqual([
      2,
      `espalier: ${file}: saw an adaptive plan with its gates: cifar-resnet-8 vanilla/0.7/vanilla-tta-geo; expected a network.\n  Try: compile the network that the file was made of under this plan\nMore: espalier explain E027\n`,
    ])
  })

  it('emits JSON, DOT and HTML, on stdout or in the JSON', async () => {
    const emit = (form: string, ...flags: readonly string[]) =>
      espalier(['compile', ...network, '--emit', form, '--quiet', ...flags])
    const [json, dot, html, both] = await Promise.all([emit('json'), emit('dot'), emit('html'), emit('text', '--json')])
    expect(E.isRight(decodeGraph(JSON.parse(json.stdout)))).toBe(true)
    expect(dot.stdout).toMatch(/^digraph espalier \{\n.*\}\n$/s)
    expect(html.stdout).toMatch(/^<!doctype html>.*<h3>1\. insert-branches</s)
    const { text, plan } = JSON.parse(both.stdout)
    expect(plan).toBe('flip-2-max')
    expect(E.isRight(parse(text))).toBe(true)
  })

  it('does not write over what is not its own', async () => {
    const foreign = join(folder, 'foreign')
    const file = join(foreign, 'a-file')
    await mkdir(foreign)
    await writeFile(file, 'kept')
    const { code, stderr } = await espalier(['compile', ...network, '--out', foreign])
    expect(code).toBe(2)
    expect(stderr).toContain(`${foreign}: saw something there that is not a compiled folder`)
    expect((await espalier(['compile', ...network, '--out', file])).code).toBe(2)
    expect(await readFile(file, 'utf8')).toBe('kept')
  })

  it('joins or splits convolutions of one map where --schedule says so', async () => {
    const [apart, joined] = await Promise.all(
      ['apart', 'joined'].map(schedule => espalier(['compile', ...network, '--schedule', schedule, '--json'])),
    )
    const [a, j] = [JSON.parse(apart.stdout), JSON.parse(joined.stdout)]
    expect(j.passes.length).toBe(a.passes.length + 1)
    expect(j.multiply_adds).toBe(a.multiply_adds)
  })
})
