import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, encodeGraph, mapType, print } from '../../../ir/index.ts'
import { EspalierError, loadNetwork as openNetwork } from '../../../src/index.ts'
import { lowerOnnx } from '../../../src/lower/onnx/index.ts'
import { imageType } from '../../../src/network/network.ts'
import { formOf } from '../../../src/open/network-form.ts'
import { attempted } from '../../attempted.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const folder = await temporaryFolder('forms')

const b = builder()
const x = b.input('image', mapType(4, 4, 3))
const graph = b.finish({ logits: b.dense(b.globalPool(x), b.parameter('w', [3, 2])) })
const onnx = lowerOnnx(graph, new Map([['w', { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }]]))
const json = JSON.stringify(encodeGraph(graph))
const layers = JSON.stringify({ modelTopology: { class_name: 'Sequential', config: {} }, weightsManifest: [] })

const write = async (name: string, contents: string | Uint8Array): Promise<string> => {
  await writeFile(join(folder, name), contents)
  return join(folder, name)
}

const seen = async (path: string) => {
  const found = await attempted(formOf(path, undefined))
  return E.isRight(found) ? found.right.form : [found.left[0].tag, found.left[0].seen, found.left[0].hint]
}

describe('a network’s file is told by what is in it', () => {
  it.each<readonly [string, string | Uint8Array, string]>([
    ['net.onnx', onnx, 'onnx'],
    ['net', onnx, 'onnx'],
    ['net.bin?v=2', onnx, 'onnx'],
    ['graph.json', json, 'graph-json'],
    ['graph', `\ufeff${json}`, 'graph-json'],
    ['graph.dat', Buffer.from(`\ufeff\n${json}`, 'utf16le'), 'graph-json'],
    ['graph.text', print(graph), 'graph-text'],
    ['model.json', layers, 'tfjs'],
    ['emotion.json', layers, 'tfjs'],
    ['emotion', `\ufeff \n${layers}`, 'tfjs'],
    ['manifest.json', '{"format": "espalier", "version": 1}', 'compiled'],
    ['bad.txt', 'no graph', 'graph-text'],
    ['bad.onnx', 'no network', 'onnx'],
  ])('%s', async (name, contents, form) => {
    expect(await seen(await write(name, contents))).toBe(form)
  })

  const safetensors = Buffer.concat([Buffer.of(2, 0, 0, 0, 0, 0, 0, 0), Buffer.from('{}')])
  it.each<readonly [string, string | Uint8Array, string]>([
    ['a.gz', Buffer.of(0x1f, 0x8b, 8), 'a gzip file'],
    ['model.keras', 'PK\x03\x04', 'a zip archive'],
    ['a.h5', Buffer.from('\x89HDF\r\n', 'latin1'), 'an HDF5 file'],
    ['weights', safetensors, 'weights alone, a safetensors file'],
    ['lfs.onnx', 'version https://git-lfs.github.com/spec/v1\noid', 'a Git LFS pointer'],
    ['page.onnx', '<!DOCTYPE html><html>', 'an HTML page'],
    ['other.json', '{"a": 1, "b": 2}', 'JSON with the keys a, b'],
    [
      'weights_manifest.json',
      '[{"weights": [], "paths": ["a.bin"]}]',
      'weights of a TensorFlow.js model whose layers are a program',
    ],
    ['topology.json', '{"class_name": "Sequential", "config": {}}', 'a Keras model’s layers without its weights'],
    ['notes', 'some words', 'a file of another kind'],
  ])('and refused by name: %s', async (name, contents, what) => {
    expect(await seen(await write(name, contents))).toEqual(expect.arrayContaining(['unknown-network-form', what]))
  })

  it('and a folder without the usual names says which file may be meant', async () => {
    await mkdir(join(folder, 'download'))
    const path = await write('download/my-model.json', layers)
    expect(await seen(join(folder, 'download'))).toEqual([
      'unknown-network-form',
      'a folder without manifest.json and model.json',
      path,
    ])
  })

  it.skipIf(!hasShared)('so a browser’s download opens under its own name (needs ../shared)', async () => {
    const path = sharedPath('cases', 'tfjs-train-only-layers', 'browser', 'my-model.json')
    const plain = await openNetwork(path)
    expect([plain.name, imageType(plain).h]).toEqual(['my-model', 8])
  })
})

describe('the size of images', () => {
  const sized = async (path: string, options: Parameters<typeof openNetwork>[1]) => {
    const { h, w } = imageType(await openNetwork(path, options))
    return [h, w]
  }

  it('is checked where the network has it fixed', async () => {
    const path = await write('fixed.onnx', onnx)
    expect(await sized(path, { size: [4, 4] })).toEqual([4, 4])
    expect(await sized(path, { preprocess: { size: [8, 8] } })).toEqual([4, 4])
    await expect(sized(path, { size: [4, 8] })).rejects.toThrow(/saw 4 × 8 as the size of its images; expected 4 × 4/)
  })

  it.skipIf(!hasShared)('is given where an ONNX file leaves it open (needs ../shared)', async () => {
    const path = sharedPath('cases', 'onnx-refusals', 'dynhw.onnx')
    expect(await sized(path, { size: [12, 12] })).toEqual([12, 12])
    expect(await sized(path, { preprocess: { size: [14, 12] } })).toEqual([14, 12])
    await expect(sized(path, {})).rejects.toThrow(EspalierError)
  })

  it.skipIf(!hasShared)('is given where a TensorFlow.js model leaves it open (needs ../shared)', async () => {
    const from = (name: string) => sharedPath('cases', 'tfjs-train-only-layers', 'plain', name)
    const text = await readFile(from('model.json'), 'utf8')
    const shape = /"batch_input_shape": ?\[null, 8, 8, 3\]/
    expect(text).toMatch(shape)
    await copyFile(from('group1-shard1of1.bin'), join(folder, 'group1-shard1of1.bin'))
    const path = await write('open.json', text.replace(shape, '"batch_input_shape": [null, null, null, 3]'))
    expect(await sized(path, { size: [8, 8] })).toEqual([8, 8])
    await expect(sized(path, {})).rejects.toThrow(/--size HxW/)
  })
})
