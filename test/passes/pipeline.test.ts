import { either as E, type taskEither as TE } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  builder,
  type Graph,
  mapType,
  nodesWithTag,
  type Problem,
  print,
  renderProblems,
  type Tensor,
} from '../../ir/index.ts'
import { actsOnMaps, featureMaps, inferencePipeline, parseFixedPlan, placePlan, runPasses } from '../../passes/index.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { importOnnx } from '../../src/network/import/onnx/index.ts'
import { importTfjs } from '../../src/network/import/tfjs/index.ts'
import type { Network } from '../../src/network/network.ts'
import { initialized, zoo } from '../../src/network/zoo/index.ts'
import { environmentOf } from '../arbitrary/environment.ts'
import { expectStoredOnce } from '../laws/stored-once.ts'
import { hasShared, sharedPath } from '../shared.ts'

const right = <A>(result: E.Either<readonly Problem[], A>): A => {
  if (E.isLeft(result)) throw new Error(renderProblems(result.left))
  return result.right
}

const read = async (task: TE.TaskEither<readonly Problem[], Network>): Promise<Network> => right(await task())
const graphOf = (name: string): Graph => right(zoo(name)).graph
const networkOf = (name: string): Network => initialized(right(zoo(name)), 0)
/** Every op left apart: what other schedules make of the merged convolutions is theirs to say. */
const compiled = (network: Network, plan: string) =>
  right(
    compileNetwork(network, right(parseFixedPlan(plan)), { pipeline: placed => inferencePipeline(placed, 'apart') }),
  )

/** A zoo network whose parameters all differ. */
const distinct = (name: string): Network => {
  const graph = graphOf(name)
  return { name, graph, parameters: environmentOf(graph, 'reals', 1, 1).parameters }
}

const sameBytes = (a: Tensor, b: Tensor | undefined): boolean => {
  const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return b !== undefined && `${a.shape}` === `${b.shape}` && bytes(a).equals(bytes(b))
}

/** Acts on maps after the pipeline, of a graph without values. */
const actsLeft = (graph: Graph, plan: string): number => {
  const placed = right(placePlan(right(parseFixedPlan(plan)), graph, () => 0.5))
  const passes = inferencePipeline(placed, 'apart').filter(pass => pass.name !== 'evaluate-constants')
  return actsOnMaps(right(runPasses(passes, { graph, parameters: new Map() })).program.graph)
}

describe('feature maps', () => {
  it.each([
    ['cifar-resnet-20', 11],
    ['cifar-resnet-56', 29],
    ['preact-resnet-20', 11],
    ['preact-resnet-110', 56],
    ['resnet-18', 11],
    ['resnet-50', 19],
  ])('%s has %i', (name, count) => {
    expect(featureMaps(graphOf(name))).toHaveLength(count)
  })

  it('of ResNet-20 are the image, the stem and the outputs of its nine blocks', () => {
    const sizes = featureMaps(graphOf('cifar-resnet-20')).map(({ type: { h, c } }) => `${h}×${c}`)
    expect(sizes).toEqual([
      '32×3',
      ...Array.from({ length: 4 }, () => '32×16'),
      ...Array.from({ length: 3 }, () => '16×32'),
      ...Array.from({ length: 3 }, () => '8×64'),
    ])
  })
})

describe('the price list', () => {
  it.each([
    ['preact-resnet-110', 'vanilla', 1, 1],
    ['preact-resnet-110', 'vanilla-tta-geo', 2, 2],
    ['preact-resnet-110', 'flip-4-max', 1.485, 16],
    ['preact-resnet-110-conv', 'flip-4-max', 1.485, 16],
    ['cifar-resnet-20', 'vanilla-tta-geo', 2, 2],
    ['cifar-resnet-20', 'shift4@4', 2.93, 4],
    ['cifar-resnet-20', '{id,scale(1.1)}@4', 1.64, 2],
    ['cifar-resnet-20', '{id,shift(1,0),scale(1.1)}@4', 2.285, 3],
    ['cifar-resnet-20', '{rotate(15)}@4', 1, 1],
  ])('%s under %s: %f of the multiply-adds, %f before sharing', (name, plan, relative, unshared) => {
    const { multiplyAdds } = compiled(networkOf(name), plan)
    expect(Math.abs(multiplyAdds.relative - relative)).toBeLessThan(0.005)
    expect(multiplyAdds.relativeUnshared).toBeCloseTo(unshared, 6)
  })
})

describe('flips go into the weights', () => {
  it.each(
    [
      'cifar-resnet-20',
      'preact-resnet-110',
      'preact-resnet-110-conv',
      'resnet-18',
      'resnet-50',
      'vgg-11',
      'cifar-vgg-6',
    ].flatMap(name =>
      ['vanilla-tta-geo', 'flip@0', 'flipv@0', 'rot4@0:geo', 'd4@0', 'flip-2', 'flip-2-sum-tta'].map(
        plan => [name, plan] as const,
      ),
    ),
  )('%s under %s has no act on a map', (name, plan) => {
    expect(actsLeft(graphOf(name), plan)).toBe(0)
  })

  it('an act stays where a map meets its mirror image', () => {
    const b = builder()
    const x = b.input('image', mapType(4, 4, 2))
    const graph = b.finish({ logits: b.globalPool(b.relu(b.add(x, b.act('flip', x)))) })
    expect(actsLeft(graph, 'vanilla')).toBe(1)
  })

  it.each(['cifar-resnet-20', 'preact-resnet-20', 'preact-resnet-20-conv', 'resnet-18'])(
    '%s stores every parameter once, and what it stores without a plan',
    name => {
      const network = distinct(name)
      const alone = compiled(network, 'vanilla')
      expectStoredOnce(alone)
      for (const plan of ['vanilla-tta-geo', 'flip-2', 'd4@1']) {
        const { graph, parameters } = compiled(network, plan)
        expect(new Set(nodesWithTag(graph, 'Parameter').map(node => node.attributes.name)).size).toBe(parameters.size)
        expect([...parameters.keys()].sort()).toEqual([...alone.parameters.keys()].sort())
        for (const [key, value] of parameters) expect(sameBytes(value, alone.parameters.get(key))).toBe(true)
      }
    },
  )
})

describe.skipIf(!hasShared)('networks that others trained (skipped where ../shared is absent)', () => {
  const onnx = (file: string) => read(importOnnx(sharedPath('models', file)))

  /** A compiled graph without the names that people gave its nodes. */
  const anonymous = (graph: Graph): string =>
    print({
      ...graph,
      nodes: graph.nodes.map(node => {
        const { name: _, ...rest } = node
        return rest as typeof node
      }),
    })

  it('two forwards in one file become what the plan makes of one, to the node', async () => {
    const naive = compiled(await onnx('cifar100_resnet20_naive_tta.onnx'), 'vanilla')
    const network = await onnx('cifar100_resnet20.onnx')
    const planned = compiled(network, 'vanilla-tta-geo')
    expect(naive.actsOnMaps).toBe(0)
    expect(naive.multiplyAdds.total).toBe(2 * compiled(network, 'vanilla').multiplyAdds.total)
    expectStoredOnce(naive)
    expect(anonymous(naive.graph)).toBe(anonymous(planned.graph))
    expect([...naive.parameters]).toEqual([...planned.parameters])
  })

  it.each([
    ['moderation_mobilenet_v2', 'model.json'],
    ['moderation_mobilenet_v2_mid', 'model.json'],
  ])('%s comes out without flips, and stores what it stored', async (folder, file) => {
    const network = await read(importTfjs(sharedPath('models', 'tfjs', folder, file)))
    const planned = compiled(network, 'vanilla-tta-geo')
    expect(planned.actsOnMaps).toBe(0)
    expect(planned.multiplyAdds.relative).toBe(2)
    expect([...planned.parameters.keys()].sort()).toEqual([...compiled(network, 'vanilla').parameters.keys()].sort())
  })

  it('SqueezeNet, of concats and pools in ceil mode, comes out without flips', async () => {
    const network = await onnx('imagenet_squeezenet.onnx')
    expect(compiled(network, 'vanilla-tta-geo').actsOnMaps).toBe(0)
  })
})
