import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Tensor } from '../../../../../ir/tensor.ts'
import { orThrow } from '../../../../../src/base/error.ts'
import { importOnnx } from '../../../../../src/network/import/onnx/index.ts'
import { imageType, type Network } from '../../../../../src/network/network.ts'
import { oracleLogits, testImages } from '../../../../cifar-100.ts'
import { hasShared, sharedPath } from '../../../../shared.ts'
import { channelsLast, logitsOf } from './model.ts'

const network = async (name: string): Promise<Network> =>
  orThrow(await importOnnx(sharedPath('models', `${name}.onnx`))())

const mirrored = ({ shape, data }: Tensor): Tensor => ({
  shape,
  data: Float64Array.from(data, (_, k) => {
    const x = Math.floor(k / 3) % 32
    return data[k + 3 * (31 - 2 * x)]
  }),
})

const within = (got: readonly number[], wanted: readonly number[], tolerance: number): void => {
  expect(got).toHaveLength(wanted.length)
  expect(Math.max(...got.map((value, k) => Math.abs(value - wanted[k])))).toBeLessThan(tolerance)
}

describe.skipIf(!hasShared)('real networks (../shared is absent: nothing to import)', () => {
  it.each([
    ['cifar100_resnet20', 3],
    ['cifar100_resnet56', 2],
  ] as const)("%s gives PyTorch's logits", async (name, count) => {
    within(logitsOf(await network(name), testImages(count)), oracleLogits(name, count), 1e-3)
  })

  it('imports two forwards in one graph as a merge, each weight once', async () => {
    const plain = await network('cifar100_resnet20')
    const merged = await network('cifar100_resnet20_naive_tta')
    expect([...merged.parameters.keys()].sort()).toEqual([...plain.parameters.keys()].sort())
    expect(merged.graph.nodes.filter(node => node.tag === 'Act')).toHaveLength(1)
    expect(merged.graph.nodes.at(-1)).toMatchObject({
      tag: 'Combine',
      attributes: { reduction: 'geo', multiplicity: [1, 1] },
    })
    const x = testImages(1)
    const there = logitsOf(plain, x)
    const back = logitsOf(plain, mirrored(x))
    within(
      logitsOf(merged, x),
      there.map((value, k) => (value + back[k]) / 2),
      1e-9,
    )
  })

  it('imports SqueezeNet with its concats and ceil-mode pools', async () => {
    const squeezenet = await network('imagenet_squeezenet')
    const tags = squeezenet.graph.nodes.map(node => node.tag)
    expect(imageType(squeezenet)).toMatchObject({ h: 227, w: 227, c: 3 })
    expect(tags.filter(tag => tag === 'Concat')).toHaveLength(8)
    expect(
      squeezenet.graph.nodes.flatMap(node => (node.tag === 'MaxPool' ? [[node.attributes.ceil, node.type]] : [])),
    ).toEqual([
      [true, { kind: 'Map', h: 55, w: 55, c: 96 }],
      [true, { kind: 'Map', h: 27, w: 27, c: 256 }],
      [true, { kind: 'Map', h: 13, w: 13, c: 512 }],
    ])
    expect(squeezenet.graph.nodes[squeezenet.graph.outputs[0].node].type).toEqual({ kind: 'Vector', c: 1000 })
  })
})

describe.skipIf(!hasShared)('small networks of ops that real ones use (../shared is absent: no files)', () => {
  it.each([
    'conv_stride_2_1',
    'depthwise_stride_2_1',
    'dw_dil2',
    'eca',
    'grn',
    'grouped_stride_2_1',
    'interpolate',
    'reducesum',
    'two_heads',
    'weightstd',
  ])("%s gives onnxruntime's scores", async name => {
    const file = sharedPath('cases', 'networks', name)
    const result = orThrow(await importOnnx(`${file}.onnx`)())
    const { input_shape: dims, outputs } = JSON.parse(readFileSync(`${file}.json`, 'utf8'))
    const values = Array.from(
      { length: dims.reduce((a: number, b: number) => a * b, 1) },
      (_, k) => ((k * 7919) % 1009) / 1009 - 0.5,
    )
    within(logitsOf(result, channelsLast({ dims, values })), outputs.logits.plain, 1e-4)
  })
})
