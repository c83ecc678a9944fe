import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type NodeId } from '../../ir/index.ts'
import { parsePlan } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { initialize } from '../../src/network/zoo/index.ts'
import { growth, linear } from '../counted-work.ts'

const statistics = ['scale', 'offset', 'mean', 'variance'] as const

/** One more op, or two, on a map of two channels. */
const links: Readonly<Record<string, (b: Builder, x: NodeId, k: number) => NodeId>> = {
  'functions of a pixel': (b, x, k) => b.unary(k % 2 === 0 ? 'relu' : 'tanh', x),
  convolutions: (b, x, k) => b.conv2d(x, b.parameter(`w${k}`, [3, 3, 2, 2]), { padding: 1 }),
  'batch normalization': (b, x, k) => {
    const [scale, offset, mean, variance] = statistics.map(name => b.parameter(`${name}${k}`, [2]))
    return b.batchNorm(x, [scale, offset, mean, variance], 1e-5)
  },
  'residual sums': (b, x) => b.add(x, b.relu(x)),
  'constants of channels': (b, x, k) => b.multiply(x, b.parameter(`k${k}`, [2])),
  'concatenations and slices': (b, x) => b.slice(b.concat([x, x]), 1, 2),
}

const chain = (link: (typeof links)[string], length: number): Graph => {
  const b = builder()
  let x = b.conv2d(b.input('image', mapType(4, 4, 2)), b.parameter('first', [3, 3, 2, 2]), { padding: 1 })
  for (let k = 0; k < length; k++) x = link(b, x, k)
  return b.finish({ logits: b.globalPool(x) })
}

const compiling = (graph: Graph, plan: string) => {
  const parsed = orThrow(parsePlan(plan))
  const network = { name: 'chain', graph, parameters: initialize(graph, 0) }
  return () => orThrow(compileNetwork(network, parsed))
}

describe('chains compile in linear time', () => {
  for (const [name, link] of Object.entries(links))
    for (const plan of ['vanilla', 'shift4@1', 'vanilla/0.5/shift4@1'])
      it(`${name}, ${plan}`, async () => {
        expect(await growth(length => compiling(chain(link, length), plan), 30)).toBeLessThan(linear)
      })
})
