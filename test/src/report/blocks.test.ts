import { describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import { multiplyAdds } from '../../../passes/index.ts'
import { blockNamer } from '../../../src/report/block-names.ts'
import { blocksOf, stagesOf } from '../../../src/report/blocks.ts'
import { strandsOf } from '../../../src/report/strands.ts'
import { compiledZoo } from './page.ts'

const deep = 'Partitioned/net/MobilenetV2'

describe('block names', () => {
  it.each([
    ['layer3.17.conv1', 'layer3.17'],
    ['/layer1/layer1.0/conv2/Conv', 'layer1.0'],
    ['v0//layer1/layer1.0/Add', 'v0.layer1.0'],
    ['block_1_expand_relu', 'block_1'],
    ['/fire2/squeeze/Conv/bias', 'fire2'],
    ['features.3', 'features.3'],
    ['fc.bias', 'fc'],
    ['conv1', null],
    ['Conv_12', null],
    ['', null],
  ])('of %s is %s', (name, block) => {
    expect(blockNamer([name])(name)).toBe(block)
  })

  it('leaves out scopes around most of a graph, and goes into scopes that are larger than a block', () => {
    const names = Array.from({ length: 40 }, (_, k) => `${deep}/expanded_conv_${k >> 2}/part${k % 4}/Relu6`)
    const namer = blockNamer(['input', ...names])
    expect(namer(names[21])).toBe('expanded_conv_5')
    const features = Array.from({ length: 40 }, (_, k) => `features.${k}`)
    expect(blockNamer(features)('features.7')).toBe('features.7')
  })
})

describe('blocks', () => {
  it('fold the shared part of PreAct ResNet-110 into its stages', () => {
    const { graph } = compiledZoo('preact-resnet-110', 'flip-4-max')
    const [prefix] = strandsOf(graph).segments
    const namer = blockNamer(graph.nodes.flatMap(({ name }) => name ?? []))
    const stages = stagesOf(blocksOf(graph, namer, prefix.nodes))
    expect(stages.map(({ name, blocks }) => [name, blocks.length])).toEqual([
      ['image', 1],
      ['conv', 1],
      ['layer1', 18],
      ['layer2', 18],
      ['layer3', 15],
    ])
    expect(stages.flatMap(({ blocks }) => blocks.flatMap(({ nodes }) => nodes))).toEqual(prefix.nodes)
  })

  it('count every multiply-add once, and know flipped weights', () => {
    const { graph } = compiledZoo('resnet-18', 'vanilla-tta-geo')
    const { segments } = strandsOf(graph)
    const [, plain, flipped] = segments.map(({ nodes }) => blocksOf(graph, () => null, nodes))
    const total = [...plain, ...flipped].reduce((sum, block) => sum + block.multiplyAdds, 0)
    expect(total).toBe(multiplyAdds(graph))
    expect(plain.flatMap(block => block.acts)).toEqual([])
    expect([...new Set(flipped.flatMap(block => block.acts))]).toEqual(['flip'])
  })

  it('leave transforms alone', () => {
    const b = builder()
    const x = b.relu(b.input('image', mapType(4, 4, 1)), 'a.0.x')
    const y = b.act('rot90', b.relu(x, 'a.0.y'))
    const graph = b.finish({ map: b.relu(y, 'a.0.z') })
    const blocks = blocksOf(graph, blockNamer(['a.0.x']), [0, 1, 2, 3, 4])
    expect(blocks.map(({ name, kind }) => [name, kind])).toEqual([
      ['image', 'layers'],
      ['a.0', 'layers'],
      ['rot90', 'transform'],
      ['a.0', 'layers'],
    ])
  })
})
