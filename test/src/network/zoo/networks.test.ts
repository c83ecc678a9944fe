import { describe, expect, it } from 'vitest'
import { type Graph, nodesWithTag, printType, sizeOf } from '../../../../ir/index.ts'
import { multiplyAdds } from '../../../../passes/cost.ts'
import { featureMaps } from '../../../../passes/feature-maps.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { classCount, imageType, networkOf } from '../../../../src/network/network.ts'
import { type ZooOptions, zoo } from '../../../../src/network/zoo/index.ts'

const graphOf = (reference: string, options?: ZooOptions): Graph => orThrow(zoo(reference, options)).graph

const trainable = (graph: Graph): number =>
  nodesWithTag(graph, 'Parameter')
    .filter(({ attributes: { name } }) => !/running_(mean|var)$/.test(name))
    .reduce((total, { attributes: { shape } }) => total + sizeOf(shape), 0)

describe('the networks are the published ones', () => {
  // Of a CIFAR ResNet with n blocks a stage: the stem, 2n convolutions, twice (a strided one, 2n − 1 and a projection), fc.
  const cifar = (n: number) =>
    1024 * 27 * 16 +
    2 * n * 1024 * 9 * 16 ** 2 +
    2 * (64 * 9 * 32 * 64 + (2 * n - 1) * 64 * 9 * 64 ** 2 + 64 * 32 * 64) +
    6400

  // The parameters are those of torchvision's and of chenyaofo/pytorch-cifar-models' networks, and so are the multiply-adds of the former.
  it.each([
    ['resnet-18', 11_689_512, 1_814_073_344],
    ['resnet-50', 25_557_032, 4_089_184_256],
    ['vgg-11', 132_863_336, 7_609_090_048],
    [
      'cifar-vgg-6',
      94_132,
      256 * 75 * 16 + 256 * 9 * 16 * 32 + 64 * 9 * (32 * 48 + 48 ** 2) + 16 * 9 * 48 * 64 + 25_600,
    ],
    ['cifar-resnet-20', 278_324, cifar(3)],
    ['cifar-resnet-56', 861_620, cifar(9)],
  ])('%s has %i trainable parameters and %i multiply-adds', (name, parameters, cost) => {
    expect(trainable(graphOf(name))).toBe(parameters)
    expect(multiplyAdds(graphOf(name))).toBe(cost)
  })

  it('the pooled shortcut has no parameters, the convolution one filter where the shape changes', () => {
    const names = (name: string) => nodesWithTag(graphOf(name), 'Parameter').map(node => node.attributes.name)
    const pooled = names('preact-resnet-20')
    expect(names('preact-resnet-20-conv').filter(name => !pooled.includes(name))).toEqual([
      'layer2.0.shortcut.weight',
      'layer3.0.shortcut.weight',
    ])
    expect(trainable(graphOf('preact-resnet-20-conv')) - trainable(graphOf('preact-resnet-20'))).toBe(16 * 32 + 32 * 64)
  })

  it.each([
    'cifar-resnet-20',
    'preact-resnet-20',
    'preact-resnet-20-conv',
    'cifar-vgg-6',
    'resnet-18',
    'resnet-50',
    'vgg-11',
  ])('%s is a classifier of every class count, and its parameters are named once', name => {
    const network = orThrow(networkOf(name, graphOf(`${name}?classes=7`), new Map()))
    expect(classCount(network)).toBe(7)
    const names = nodesWithTag(network.graph, 'Parameter').map(node => node.attributes.name)
    expect(new Set(names).size).toBe(names.length)
  })

  it('other sizes are possible where the layers allow it', () => {
    const size = [96, 64] as const
    const network = orThrow(networkOf('resnet-50', graphOf('resnet-50', { size, classes: 3 }), new Map()))
    expect(imageType(network)).toEqual({ name: 'image', h: 96, w: 64, c: 3 })
    expect(classCount(network)).toBe(3)
  })
})

describe('feature maps', () => {
  const shapes = (name: string) => featureMaps(graphOf(name)).map(map => printType(map.type))
  const repeated = (count: number, shape: string) => Array.from({ length: count }, () => shape)

  it.each([
    ['cifar-resnet-20', 3],
    ['preact-resnet-110', 18],
    ['preact-resnet-110-conv', 18],
  ])('%s: the image, the stem and each block', (name, n) => {
    expect(shapes(name)).toEqual([
      'Map[32,32,3]',
      ...repeated(n + 1, 'Map[32,32,16]'),
      ...repeated(n, 'Map[16,16,32]'),
      ...repeated(n, 'Map[8,8,64]'),
    ])
    expect(
      featureMaps(graphOf(name))
        .slice(2, -1)
        .every(map => /^layer\d\.\d+(\.relu1)?$/.test(map.name)),
    ).toBe(true)
  })

  it.each([
    ['resnet-18', [2, 2, 2, 2], 1],
    ['resnet-50', [3, 4, 6, 3], 4],
  ] as const)("%s: its stem's pooling is a map more", (name, [a, b, c, d], wide) => {
    expect(shapes(name)).toEqual([
      'Map[224,224,3]',
      'Map[112,112,64]',
      'Map[56,56,64]',
      ...repeated(a, `Map[56,56,${64 * wide}]`),
      ...repeated(b, `Map[28,28,${128 * wide}]`),
      ...repeated(c, `Map[14,14,${256 * wide}]`),
      ...repeated(d, `Map[7,7,${512 * wide}]`),
    ])
  })
})
