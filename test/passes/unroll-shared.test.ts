import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, evaluate, mapType, type Tensor, verify } from '../../ir/index.ts'
import {
  featureMaps,
  multiplyAdds,
  placePlan,
  unrollShared,
  type Variant,
  variantKey,
  variantProgram,
  variantsOfPlan,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { random } from '../../src/base/random.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { createZooNetwork } from '../../src/index.ts'
import { imageType, type Network, networkOf } from '../../src/network/network.ts'
import { fixedPlanOf } from '../fixed-plan.ts'

const flipAt = (map: number): Variant => [{ map, transform: { kind: 'd4', element: 'flip' } }]
const everyFlip = (network: Network): readonly Variant[] => [
  [],
  ...featureMaps(network.graph).map((_, map) => flipAt(map)),
]

const images = (network: Network): ReadonlyMap<string, Tensor> => {
  const { name, h, w, c } = imageType(network)
  const { normal } = random(1, 'images')
  return new Map([[name, { shape: [2, h, w, c], data: Float32Array.from({ length: 2 * h * w * c }, normal) }]])
}

describe('one graph of many variants', () => {
  it.each(['cifar-resnet-8', 'preact-resnet-8', 'preact-resnet-8-conv'])(
    '%s computes what each plan computes',
    name => {
      const network = createZooNetwork(`${name}?classes=10`)
      const plans = [
        'vanilla',
        '{flip}@2',
        '{rot90}@1',
        '{scale(1.1)}@3',
        '{shift(1,0)}@1,{flip}@3',
        '{rotate(15)}@2,{rotate(15)}@2',
      ]
      const variants = plans.map(
        text => variantsOfPlan(orThrow(placePlan(fixedPlanOf(text), network.graph, () => 0)))[0],
      )
      const program = orThrow(variantProgram(network, variants))
      expect(E.isRight(verify(program.graph))).toBe(true)
      const inputs = images(network)
      const all = orThrow(evaluate(program.graph, { inputs, parameters: program.parameters }))
      plans.forEach((text, k) => {
        const compiled = orThrow(compileNetwork(network, fixedPlanOf(text)))
        const wanted = orThrow(evaluate(compiled.graph, { inputs, parameters: compiled.parameters })).get('logits')
        const seen = all.get(program.outputs.get(variantKey(variants[k])) as string)
        wanted?.data.forEach((value, i) => {
          expect(seen?.data[i]).toBeCloseTo(value, 8)
        })
      })
    },
  )

  it('takes variants through cuts, with what has no pixels beside them', () => {
    const b = builder()
    const conv = (x: number, name: string) => b.conv2d(x, b.parameter(name, [3, 3, 4, 4]), { padding: 1 })
    const x = conv(b.input('image', mapType(6, 6, 4)), 'stem')
    const gate = b.unary('sigmoid', b.unflatten(b.globalPool(x)))
    const sum = b.add(b.multiply(conv(b.relu(conv(x, 'one')), 'two'), gate), x)
    const graph = b.finish({ logits: b.globalPool(conv(sum, 'last')) })
    const { normal } = random(3, 'weights')
    const parameters = new Map(
      ['stem', 'one', 'two', 'last'].map(name => [
        name,
        { shape: [3, 3, 4, 4], data: Float32Array.from({ length: 144 }, normal) },
      ]),
    )
    const network = orThrow(networkOf('gated', graph, parameters))
    const plans = ['vanilla', '{flip}@1.1', '{flip}@1.1,{rot90}@2', '{flipv}@1,{rotate(15)}@1.1']
    const variants = plans.map(text => variantsOfPlan(orThrow(placePlan(fixedPlanOf(text), graph, () => 0)))[0])
    expect(variants.map(variantKey)).toEqual(['id', 'flip@1.1', 'flip@1.1+rot90@2', 'flipv@1+rotate(15)@1.1'])
    const program = orThrow(variantProgram(network, variants))
    const inputs = images(network)
    const all = orThrow(evaluate(program.graph, { inputs, parameters: program.parameters }))
    plans.forEach((text, k) => {
      const compiled = orThrow(compileNetwork(network, fixedPlanOf(text)))
      const wanted = orThrow(evaluate(compiled.graph, { inputs, parameters: compiled.parameters })).get('logits')
      const seen = all.get(program.outputs.get(variantKey(variants[k])) as string)
      expect(
        Math.max(...(wanted as Tensor).data.map((value, i) => Math.abs(value - (seen as Tensor).data[i]))),
      ).toBeLessThan(1e-6)
    })
    expect(variantProgram(network, [[{ map: 1, cut: 4, transform: { kind: 'd4', element: 'flip' } }]])).toMatchObject({
      left: [{ seen: 'cut 1.4', expected: 'a cut of this network: cuts 1.1 to 1.1' }],
    })
  })

  it('gives what flips at the last map the network’s own output', () => {
    const network = createZooNetwork('cifar-resnet-8')
    const program = orThrow(variantProgram(network, everyFlip(network)))
    expect(program.outputs.get(`flip@${featureMaps(network.graph).length - 1}`)).toBe(program.outputs.get('id'))
    expect(program.graph.outputs).toHaveLength(program.outputs.size - 1)
  })

  it.each([
    ['cifar-resnet-20', 0.65],
    ['cifar-resnet-56', 0.58],
    ['preact-resnet-110', 0.53],
  ])('costs %s at all positions about half a forward each: below %f', (name, most) => {
    const network = createZooNetwork(name)
    const variants = everyFlip(network)
    const { multiplyAdds: cost, graph } = orThrow(variantProgram(network, variants))
    expect(cost.relative / (variants.length - 1)).toBeLessThan(most)
    expect(cost.relative).toBeCloseTo(multiplyAdds(graph) / multiplyAdds(network.graph), 10)
  })

  it('has as many nodes as all ways from where they part', () => {
    const network = createZooNetwork('cifar-resnet-56')
    const variants = everyFlip(network)
    const maps = variants.length - 1
    const joined = orThrow(unrollShared(network, variants))
    expect(joined.nodes.length).toBeLessThan((network.graph.nodes.length * (maps + 3)) / 2)
  })

  it('refuses quarter turns of a map that is not square where the rest does not take what they make', () => {
    const b = builder()
    const columns = b.conv2d(b.input('image', mapType(4, 6, 3)), b.parameter('filter', [4, 1, 3, 2]))
    const graph = b.finish({ logits: b.dense(b.flatten(columns), b.parameter('weights', [12, 10])) })
    const turned: Variant = [{ map: 0, transform: { kind: 'd4', element: 'rot90' } }]
    const joined = unrollShared({ name: 'columns', graph, parameters: new Map() }, [[], turned])
    expect(E.isLeft(joined) && joined.left).toMatchObject([
      { tag: 'type-mismatch', hint: 'quarter turns need square feature maps' },
    ])
  })

  it('refuses maps that are not there', () => {
    const program = variantProgram(createZooNetwork('cifar-resnet-8'), [flipAt(9)])
    expect(E.isLeft(program) && program.left).toMatchObject([
      { tag: 'no-such-map', seen: 'feature map 9', expected: 'a map of this network: maps 0 to 4' },
    ])
  })
})
