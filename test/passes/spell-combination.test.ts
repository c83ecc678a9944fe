import { describe, expect, it } from 'vitest'
import { builder, evaluate, mapType, reductions, type Tensor } from '../../ir/index.ts'
import { parseFixedPlan, placePlan } from '../../passes/index.ts'
import { spellCombination } from '../../passes/spell-combination.ts'
import { orThrow } from '../../src/base/error.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { planMeaning, probabilitiesOf } from '../laws/plan-meaning.ts'

const wave = (shape: readonly number[], seed: number): Tensor => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(12.9898 * (i + 1) * seed)),
})

const valuesFrom = ({ data }: Tensor): readonly number[] => [...data]

const near = (seen: readonly number[], wanted: readonly number[]): void => {
  expect(seen).toHaveLength(wanted.length)
  seen.forEach((value, k) => {
    expect(value).toBeCloseTo(wanted[k], 6)
  })
}

describe('a combination in pointwise ops', () => {
  const multiplicity = [1, 2, 1]
  const b = builder()
  const pixels = b.flatten(b.input('image', mapType(1, 2, 6)))
  const parts = [0, 4, 8].map(begin => b.slice(pixels, begin, 4))
  const graph = b.finish(
    Object.fromEntries(
      reductions.flatMap(reduction => [
        [reduction, b.combine(parts, reduction, multiplicity)],
        [`${reduction}, spelled`, spellCombination(b.draft, { reduction, multiplicity }, parts)],
      ]),
    ),
  )
  const scores = (image: Tensor) =>
    orThrow(evaluate(graph, { inputs: new Map([['image', image]]), parameters: new Map() }))

  it.each(reductions)('has the scores of %s', reduction => {
    const seen = scores(wave([3, 1, 2, 6], 2))
    near(valuesFrom(seen.get(`${reduction}, spelled`) as Tensor), valuesFrom(seen.get(reduction) as Tensor))
  })

  it.each(reductions)('stays finite under %s where one class is far ahead', reduction => {
    const { shape, data } = wave([1, 1, 2, 6], 2)
    const seen = scores({ shape, data: data.map((x, k) => (k % 4 === 1 ? 2000 : x)) })
    near(valuesFrom(seen.get(`${reduction}, spelled`) as Tensor), valuesFrom(seen.get(reduction) as Tensor))
    expect(valuesFrom(seen.get(`${reduction}, spelled`) as Tensor).every(Number.isFinite)).toBe(true)
  })
})

describe.each(reductions)('a network that takes the %s of two heads', reduction => {
  const b = builder()
  const shapes: Record<string, readonly number[]> = { f: [3, 3, 2, 4], g: [3, 3, 4, 4], h: [4, 3], i: [16, 3] }
  const p = (name: string) => b.parameter(name, shapes[name])
  const stem = b.relu(b.conv2d(b.input('image', mapType(4, 4, 2)), p('f'), { padding: 1 }))
  const last = b.relu(b.conv2d(stem, p('g'), { padding: 1, strides: 2 }))
  const heads = [b.dense(b.globalPool(last), p('h')), b.dense(b.flatten(last), p('i'))]
  const graph = b.finish({ logits: b.combine(heads, reduction, [2, 1]) })
  const parameters = new Map(Object.entries(shapes).map(([name, shape], k) => [name, wave(shape, k + 2)]))
  const inputs = new Map([['image', wave([2, 4, 4, 2], 7)]])

  it.each(['flip-1-sum', 'flip-1-max', 'vanilla-tta-geo', 'flip-1-geo-tta', '{id,shift(0,1)}@1:sum', 'rot4@0:max'])(
    'compiles under %s and means what the plan does',
    name => {
      const plan = orThrow(parseFixedPlan(name))
      const compiled = orThrow(compileNetwork({ name: 'n', graph, parameters }, plan))
      const logits = orThrow(evaluate(compiled.graph, { inputs, parameters: compiled.parameters })).get('logits')
      const placed = orThrow(placePlan(plan, graph, () => 0.5))
      near(
        valuesFrom(probabilitiesOf(logits as Tensor)),
        valuesFrom(planMeaning(graph, placed, { inputs, parameters })),
      )
    },
  )
})
