import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Preprocess } from '../../../src/data/index.ts'
import { compile, createZooNetwork, parsePlan, toOnnx, toSavedModel } from '../../../src/index.ts'
import { openSource } from '../../../src/open/network-source.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from '../cli/espalier.ts'

const preprocess: Preprocess = { size: [32, 32], resize: 'shorter-side', resize_to: 36, scale: 1 / 255, mean: [0.5] }
const classes = [...'abcdefghij']
const meaning = { preprocess, classes }
const network = createZooNetwork('cifar-resnet-8?classes=10')
const compiled = compile(network, parsePlan('flip-1-max'), { meaning })

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('exported')
  await writeFile(join(folder, 'preprocess.json'), JSON.stringify(preprocess))
  await writeFile(join(folder, 'classes.txt'), classes.join('\n'))
})

const written = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  return path
}

const zoo = ['--network', 'zoo:cifar-resnet-8?classes=10', '--plan', 'flip-1-max', '--quiet'] as const

describe('an exported file', () => {
  it('says what its images and answers mean, and is opened with that', async () => {
    const source = await openSource(await written('own.onnx', toOnnx(compiled)))
    expect(source.meaning).toEqual(meaning)
    const { notes, metadata } = (source as Extract<typeof source, { kind: 'network' }>).network
    expect(notes?.at(-1)).toContain('under the plan flip-1-max')
    expect([...(metadata ?? [])].map(([key]) => key)).toEqual([
      ...['espalier.network', 'espalier.plan', 'espalier.preprocess', 'espalier.classes'],
    ])
  })

  it('is refused as a network where it preprocesses itself, or what it says of itself is damaged', async () => {
    const pixels = await written('pixels.onnx', toOnnx(compiled, { withPreprocessing: true }))
    await expect(openSource(pixels)).rejects.toThrow('compile without --with-preprocessing')
    const bytes = Buffer.from(toOnnx(compiled))
    bytes.write('[123', bytes.indexOf('["a"'))
    await expect(openSource(await written('damaged.onnx', bytes))).rejects.toThrow(
      'metadata espalier.classes, [0]: saw 123',
    )
  })

  it('has nothing to preprocess by where nothing says how', () => {
    const bare = compile(network, parsePlan('vanilla'))
    expect(() => toOnnx(bare, { withPreprocessing: true })).toThrow('--preprocess FILE.json')
    expect(() => toSavedModel(bare, { withPreprocessing: true })).toThrow('--preprocess FILE.json')
  })

  it('has it in the extra assets of a SavedModel', async () => {
    const facts = toSavedModel(compiled).get('assets.extra/espalier.json') as Uint8Array
    expect(JSON.parse(Buffer.from(facts).toString())).toEqual({
      network: 'cifar-resnet-8',
      plan: 'flip-1-max',
      ...meaning,
    })
    const out = join(folder, 'saved')
    for (const _ of [1, 2]) {
      const { code } = await espalier(['compile', ...zoo, '--emit', 'saved-model', '--out', out])
      expect(code).toBe(0)
    }
    expect((await readdir(out)).sort()).toEqual(['assets.extra', 'saved_model.pb'])
  })

  it('answers as the network that it was made of, of the same pixels', async () => {
    const said = ['--preprocess', join(folder, 'preprocess.json'), '--classes', join(folder, 'classes.txt')]
    const out = join(folder, 'whole.onnx')
    const made = await espalier(['compile', ...zoo, ...said, '--emit', 'onnx', '--out', out])
    expect(made.code).toBe(0)
    const run = [
      '--data',
      'generated:orientation?range=0:8',
      '--executor',
      'eager',
      '--backend',
      'wasm',
      '--json',
      '--quiet',
    ]
    const predicted = async (name: string, args: readonly string[]): Promise<readonly unknown[]> => {
      const file = join(folder, `${name}.jsonl`)
      const { code } = await espalier(['run', ...args, ...run, '--predictions', file])
      expect(code).toBe(0)
      const lines = (await readFile(file, 'utf8')).trim().split('\n')
      return lines.map(line => JSON.parse(line)).map(({ predicted, class: name }) => [predicted, name])
    }
    const own = await predicted('own', [...zoo, ...said])
    expect(own).toHaveLength(8)
    expect(await predicted('again', ['--network', out])).toEqual(own)
  })

  it.each([
    ['text', ['--classes', 'classes.txt'], '--classes: saw --emit text'],
    ['dot', ['--preprocess', 'preprocess.json'], '--preprocess: saw --emit dot'],
    ['triton', ['--with-preprocessing'], '--with-preprocessing: saw --emit triton'],
  ])('is refused where a %s cannot keep what is asked for', async (emit, flags, said) => {
    const { code, stderr } = await espalier(['compile', ...zoo, '--emit', emit, '--out', join(folder, emit), ...flags])
    expect([code, stderr.startsWith(`espalier: ${said}`)]).toEqual([2, true])
  })
})
