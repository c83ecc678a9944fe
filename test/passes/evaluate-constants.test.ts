import { describe, expect, it } from 'vitest'
import {
  type Builder,
  builder,
  mapType,
  type NodeId,
  print,
  sharedType,
  type Tensor,
  vectorType,
} from '../../ir/index.ts'
import { type Admit, evaluateConstants } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'

const tensor = (shape: readonly number[], ...data: readonly number[]): Tensor => ({
  shape,
  data: Float32Array.from(data),
})

const values = new Map([
  ['w', tensor([2, 2], 1, 2, 3, 4)],
  ['v', tensor([2, 2], 10, 20, 30, 40)],
  ['u', tensor([2], 5, 7)],
])

/** A matrix product by what is built, evaluated: the graph in text, and what is stored. */
const folded = (
  build: (b: Builder, parameters: Readonly<Record<'w' | 'v' | 'u', NodeId>>) => NodeId | readonly NodeId[],
  {
    admit,
    parameters = values as ReadonlyMap<string, Tensor>,
  }: { admit?: Admit; parameters?: ReadonlyMap<string, Tensor> } = {},
) => {
  const b = builder()
  const [w, v, u] = [b.parameter('w', [2, 2]), b.parameter('v', [2, 2]), b.parameter('u', [2])]
  const weights = [build(b, { w, v, u })].flat()
  const y = weights.reduce((x, weight) => b.dense(x, weight), b.input('x', vectorType(2)))
  const { program, rewrites } = orThrow(evaluateConstants.run({ graph: b.finish({ y }), parameters }, admit))
  return {
    tags: program.graph.nodes.map(({ tag }) => tag).join(' '),
    stored: Object.fromEntries([...program.parameters].map(([name, { data }]) => [name, [...data]])),
    count: rewrites['evaluate-constant'],
    program,
  }
}

describe('evaluating constants', () => {
  it('stores what is computed from parameters, and drops what nothing reads any more', () => {
    const { tags, stored, count } = folded((b, { w, v }) => b.add(w, v))
    expect(tags).toBe('Parameter Input Dense')
    expect(stored).toEqual({ 'w.folded': [11, 22, 33, 44] })
    expect(count).toBe(1)
  })

  it('leaves parameters, and acts and reshapes of them, as they are', () => {
    const { tags, stored, count } = folded((b, { w, v }) => [w, b.act('flip', v), b.reshape(b.act('flipv', w), [2, 2])])
    expect(tags.split(' ').sort().join(' ')).toBe('Act Act Dense Dense Dense Input Parameter Parameter Reshape')
    expect(stored).toEqual({ w: [1, 2, 3, 4], v: [10, 20, 30, 40] })
    expect(count).toBe(0)
  })

  it('names a value after the first parameter in it, or after none where it is made of constants alone', () => {
    const { stored, tags } = folded((b, { w }) => {
      const two = b.draft.add('Constant', [], { shape: [2, 2], values: [2, 2, 2, 2] })
      return [two, b.multiply(two, w), b.multiply(two, two)]
    })
    expect(stored).toEqual({ 'w.folded': [2, 4, 6, 8], 'constant.folded': [4, 4, 4, 4] })
    expect(tags).toContain('Constant')
  })

  it('stores once what is under an act and beside it', () => {
    const { tags, stored, count } = folded((b, { w, u }) => {
      const scaled = b.multiply(w, u)
      return [scaled, b.act('flip', scaled)]
    })
    expect(tags.split(' ').sort().join(' ')).toBe('Act Dense Dense Input Parameter')
    expect(stored).toEqual({ 'w.folded': [5, 14, 15, 28] })
    expect(count).toBe(1)
  })

  it('looks for a name along first operands, and numbers names that are taken', () => {
    const { stored } = folded(
      (b, { w, v, u }) => [b.multiply(b.act('transpose', v), u), b.add(v, w), b.binary('subtract', v, w), b.add(w, v)],
      { parameters: new Map([...values, ['v.folded', tensor([1], 0)]]) },
    )
    expect(stored).toEqual({
      'v.folded2': [50, 210, 100, 280],
      'v.folded3': [11, 22, 33, 44],
      'v.folded4': [9, 18, 27, 36],
      'w.folded': [11, 22, 33, 44],
    })
  })

  it('stores what is read, not what that is made of', () => {
    const { stored, count } = folded((b, { w, v }) => b.relu(b.binary('subtract', v, b.add(w, w))))
    expect(stored).toEqual({ 'v.folded': [8, 16, 24, 32] })
    expect(count).toBe(1)
  })

  it('rounds to float32', () => {
    const { program } = folded((b, { w }) => b.unary('affine', w, { alpha: 0.1, beta: 0 }))
    const { data } = program.parameters.get('w.folded') as Tensor
    expect(data).toBeInstanceOf(Float32Array)
    expect(data[0]).toBe(Math.fround(0.1))
  })

  it('takes along what an output is, if it is no map of an image', () => {
    const b = builder()
    const w = b.parameter('w', [2, 2])
    const graph = b.finish({ twice: b.add(w, w), x: b.input('x', vectorType(2)), w })
    const { program, rewrites } = orThrow(evaluateConstants.run({ graph, parameters: values }))
    expect(rewrites).toEqual({ 'evaluate-constant': 1 })
    expect([...program.parameters.keys()].sort()).toEqual(['w', 'w.folded'])
    expect(program.graph.outputs.map(({ name }) => name)).toEqual(['twice', 'x', 'w'])
  })

  it('leaves shared inputs, which have no value yet', () => {
    const b = builder()
    const rate = b.input('rate', sharedType([]))
    const graph = b.finish({ y: b.multiply(b.input('x', mapType(1, 1, 2)), rate) })
    const result = orThrow(evaluateConstants.run({ graph, parameters: new Map() }))
    expect(print(result.program.graph)).toBe(print(graph))
  })

  it('asks first, and says of what', () => {
    const asked: Parameters<Admit>[0][] = []
    const admit: Admit = firing => {
      asked.push(firing)
      return firing.op === 'Unary'
    }
    const build = (b: Builder, { w, v }: Readonly<Record<'w' | 'v', NodeId>>) => [b.add(w, v), b.relu(v, 'clamped')]
    const { stored, count } = folded(build, { admit })
    expect(asked).toEqual([
      { pass: 'evaluate-constants', rewrite: 'evaluate-constant', rule: null, op: 'Binary', at: 3, name: undefined },
      { pass: 'evaluate-constants', rewrite: 'evaluate-constant', rule: null, op: 'Unary', at: 4, name: 'clamped' },
    ])
    expect(Object.keys(stored).sort()).toEqual(['v', 'v.folded', 'w'])
    expect(count).toBe(1)
    expect(evaluateConstants.name).toBe('evaluate-constants')
  })

  it('names what uses a value twice, again and again, as soon as what uses it once', () => {
    const { stored } = folded((b, { w }) => [
      Array.from({ length: 60 }).reduce<NodeId>(x => b.binary('maximum', x, x), w),
    ])
    expect(Object.keys(stored)).toContain('w.folded')
  })

  it('fails loudly where a parameter has no value', () => {
    expect(() => folded((b, { w, v }) => b.add(w, v), { parameters: new Map() })).toThrow('w')
  })
})
