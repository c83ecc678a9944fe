import { describe, expect, it } from 'vitest'
import { builder, type Graph, mapType, nodesWithTag, print, shapeOf, vectorType } from '../../ir/index.ts'
import {
  broughtTo,
  cutStages,
  joinStages,
  multiplyAdds,
  type NumberCosts,
  parsePlan,
  type Stage,
} from '../../passes/index.ts'
import type { Schedule } from '../../passes/pipeline.ts'
import { orThrow } from '../../src/base/error.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { initialize, zoo } from '../../src/network/zoo/index.ts'

const networkOf = (name: string) => {
  const { graph } = orThrow(zoo(name))
  return { name, graph, parameters: initialize(graph, 0) }
}

const compiled = (name: string, plan: string, schedule: Schedule = 'apart'): Graph =>
  orThrow(compileNetwork(networkOf(name), orThrow(parsePlan(plan)), { schedule })).graph

/** By stage, the shapes of what comes with an image. */
const broughtShapes = (stages: readonly Stage[]): readonly (readonly string[])[] =>
  broughtTo(stages).map(values => [...values.values()].map(type => `${shapeOf(type)}`).sort())

const small = 'cifar-resnet-8?classes=10'
const costs = (stages: readonly Stage[]): readonly number[] => stages.map(({ graph }) => multiplyAdds(graph))

describe('what comes with an image that goes on', () => {
  it('is the image and the logits, where the next stage flips the image', () => {
    const stages = cutStages(compiled(small, 'vanilla/0.68/vanilla-tta-geo'))
    expect(broughtShapes(stages)).toEqual([['32,32,3'], ['10', '32,32,3']])
    expect(costs(stages)[1]).toBe(costs(stages)[0])
  })

  it('is the map under the branch, where the next stage branches deep inside', () => {
    const name = 'preact-resnet-20?classes=10'
    const stages = cutStages(compiled(name, 'vanilla/0.5/flip-2-max'))
    expect(broughtShapes(stages)).toEqual([['32,32,3'], ['10', '8,8,64']])
    expect(costs(stages)[0]).toBe(multiplyAdds(networkOf(name).graph))
    // What the first stage has of the second is not computed again, but for one block, which takes less than bringing a second map.
    const block = 2 * 8 * 8 * 64 * 64 * 9
    expect(costs(stages)[0] + costs(stages)[1]).toBe(multiplyAdds(compiled(name, 'flip-2-max')) + block)
  })

  it('is what a stage after the next takes, too', () => {
    const stages = cutStages(compiled('preact-resnet-20?classes=10', 'vanilla/0.5/flip-1-max/0.2/vanilla-tta-geo'))
    const shapes = broughtShapes(stages)
    expect(shapes[1]).toContain('32,32,3')
    expect(shapes[2]).toEqual(['10', '32,32,3'])
    expect(nodesWithTag(stages[1].graph, 'Input').map(({ type }) => `${shapeOf(type)}`)).not.toContain('32,32,3')
  })

  it.each(['apart', 'stacked', 'joined', 'joined+stacked', 'split+stacked'] as const)(
    'is never a stack of variants, and the cut is the same again: %s',
    schedule => {
      const graph = compiled(small, 'vanilla/0.7/vanilla-tta-geo/0.1/flip@0,shift4@1:geo', schedule)
      const stages = cutStages(graph)
      expect(stages).toHaveLength(3)
      for (const { graph, gate } of stages)
        for (const { name, node } of graph.outputs)
          if (gate?.carried.includes(name)) expect(graph.nodes[node].variants).toEqual([])
      expect(cutStages(joinStages(stages)).map(stage => print(stage.graph)).length).toBe(3)
      expect(broughtShapes(cutStages(joinStages(stages)))).toEqual(broughtShapes(stages))
    },
  )

  it('is computed again where that costs less', () => {
    const b = builder()
    const image = b.input('image', mapType(8, 8, 2))
    const cheap = b.relu(image)
    const logits = (x: number, name: string) => b.dense(b.globalPool(x), b.parameter(name, [2, 3]))
    const dear = b.conv2d(cheap, b.parameter('filter', [3, 3, 2, 2]), { padding: 1 })
    const [first, second] = [logits(dear, 'v'), logits(b.add(b.act('flip', cheap), image), 'w')]
    const graph = b.finish({ logits: b.select(b.certainty(first), 0.5, first, second) })
    const [, later] = cutStages(graph)
    expect([...broughtTo([later])[0].keys()]).toEqual(['image'])
  })
})

describe('what only a stage after the next takes', () => {
  const prices: NumberCosts = { carry: 10, keep: 10, gather: 1, compute: 1 }
  /** A convolution that the first stage computes, and the last takes; the second, too, if it is told so. */
  const threeStages = (secondTakesIt: boolean): Graph => {
    const b = builder()
    const image = b.input('image', mapType(8, 8, 2))
    const logits = (x: number, name: string) => b.dense(b.globalPool(x), b.parameter(name, [2, 3]))
    const dear = b.conv2d(image, b.parameter('filter', [3, 3, 2, 2]), { padding: 1 })
    const flipped = b.act('flip', secondTakesIt ? dear : image)
    const [first, second, third] = [logits(dear, 'v'), logits(flipped, 'w'), logits(b.relu(dear), 'u')]
    const gate = (kept: number, deeper: number) => b.select(b.certainty(kept), 0.5, kept, deeper)
    return b.finish({ logits: gate(first, gate(second, third)) })
  }
  const brings = (secondTakesIt: boolean, keep: number): boolean =>
    cutStages(threeStages(secondTakesIt), { ...prices, keep })[0].graph.outputs.length === 3

  it('is carried like the rest at the same price, and computed again where that costs less', () => {
    expect(brings(false, prices.carry)).toBe(true)
    expect(brings(false, 4 * prices.carry)).toBe(false)
  })

  it('is what the next stage takes as well: that is carried at its price', () => {
    expect(brings(true, 4 * prices.carry)).toBe(true)
  })
})

describe('a graph that does not end in one choice', () => {
  const b = builder()
  const [x, y] = [b.input('x', vectorType(3)), b.input('y', vectorType(3))]
  const choice = (below: number, of = x) => b.select(b.certainty(of), below, x, y)

  it.each([
    ['none', { logits: x }],
    ['thresholds that differ', { one: choice(0.5), other: choice(0.25) }],
    ['certainties that differ', { one: choice(0.5), other: choice(0.5, y) }],
    ['an output beside it', { one: choice(0.5), x }],
  ])('is one stage: %s', (_, outputs) => {
    const graph = b.finish(outputs)
    expect(cutStages(graph)).toEqual([{ graph: expect.objectContaining({ outputs: expect.anything() }) }])
  })

  it('takes names that nothing has', () => {
    const certain = b.certainty(x)
    const graph = b.finish({ certainty: b.select(certain, 0.5, x, y) })
    const [first] = cutStages(graph)
    expect(first.gate?.certainty).toBe('certainty 2')
  })
})
