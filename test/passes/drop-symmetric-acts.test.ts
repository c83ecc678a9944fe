import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { actOnTensor, type Builder, builder, type Element, mapType, type NodeId, type Tensor } from '../../ir/index.ts'
import {
  dropSymmetricActs,
  inferencePipeline,
  multiplyAdds,
  type Program,
  parseFixedPlan,
  placePlan,
  runPasses,
} from '../../passes/index.ts'
import { random } from '../../src/base/random.ts'
import { environmentOf } from '../arbitrary/environment.ts'
import { expectSameValues, valuesOf } from '../laws/agreement.ts'

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

const drawn = (shape: readonly number[], seed: number): Tensor => {
  const { normal } = random(seed, `${shape}`)
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal) }
}

/** The largest of a filter's images, number by number: what is left as it is by the elements that make a group. */
const symmetric = (value: Tensor, ...group: readonly Element[]): Tensor => ({
  ...value,
  data: value.data.map((a, i) => Math.max(a, ...group.map(g => actOnTensor(g, value, 0, 1).data[i]))),
})

/** Two convolutions with a normalization after the first, pooled to scores; `filters` are the values of the convolutions. */
const network = (first: Tensor, second: Tensor): Program => {
  const b = builder()
  const x = b.input('image', mapType(6, 6, 2))
  const vector = (name: string): NodeId => b.parameter(name, [3])
  const statistics = [vector('scale'), vector('offset'), vector('mean'), vector('variance')] as const
  const y = b.batchNorm(b.conv2d(x, b.parameter('first', first.shape), { padding: 'same' }), statistics, 1e-5)
  const z = b.relu(b.conv2d(b.relu(y), b.parameter('second', second.shape), { padding: 'same' }))
  const graph = b.finish({ logits: b.dense(b.globalPool(z, 'mean'), b.parameter('dense', [4, 3])) })
  const { parameters } = environmentOf(graph, 'reals', 1, 1)
  return { graph, parameters: new Map([...parameters, ['first', first], ['second', second]]) }
}

const plain = [drawn([3, 3, 2, 3], 1), drawn([3, 3, 3, 4], 2)] as const
const convolution = [6 * 6 * 9 * 2 * 3, 6 * 6 * 9 * 3 * 4] as const
const head = 4 * 3

/** Multiply-adds under a plan; asserts that the meaning is that of the branched network. */
const costUnder = (plan: string, program: Program): number => {
  const placed = right(placePlan(right(parseFixedPlan(plan)), program.graph, () => 0.5))
  const passes = inferencePipeline(placed, 'apart')
  const branched = right(runPasses(passes.slice(0, 1), program)).program
  const { program: compiled } = right(runPasses(passes, program))
  const { inputs } = environmentOf(program.graph, 'reals', 2, 2)
  const values = ({ graph, parameters }: Program) => valuesOf(graph, { inputs, parameters })
  expectSameValues(values(compiled), values(branched), 'float32')
  return multiplyAdds(compiled.graph)
}

describe('branches that differ in the flip of a symmetric filter', () => {
  const [first, second] = plain

  it('are two networks where no filter is symmetric', () => {
    expect(costUnder('vanilla-tta-max', network(first, second))).toBe(2 * (convolution[0] + convolution[1] + head))
  })

  it('share it, and part at the first filter that is not symmetric', () => {
    const shared = convolution[0] + 2 * (convolution[1] + head)
    expect(costUnder('vanilla-tta-max', network(symmetric(first, 'flip'), second))).toBe(shared)
  })

  it('are one network, counted twice, where all filters are symmetric', () => {
    const program = network(symmetric(first, 'flip'), symmetric(second, 'flip'))
    expect(costUnder('vanilla-tta-sum', program)).toBe(convolution[0] + convolution[1] + head)
  })

  it('do not share it where one number of it differs in its last bit', () => {
    const { shape, data } = symmetric(first, 'flip')
    const last = data.length - 1
    const nudged = { shape, data: data.map((a, i) => (i === last ? a * (1 + 2 ** -23) : a)) }
    expect(nudged.data[last]).not.toBe(data[last])
    expect(costUnder('vanilla-tta-max', network(nudged, second))).toBe(2 * (convolution[0] + convolution[1] + head))
  })

  it('share it by the images that it has: four of eight, and two', () => {
    const eight = 8 * (convolution[1] + head)
    expect(costUnder('d4@0:max', network(first, second))).toBe(8 * convolution[0] + eight)
    expect(costUnder('d4@0:max', network(symmetric(first, 'flip'), second))).toBe(4 * convolution[0] + eight)
    expect(costUnder('d4@0:max', network(symmetric(first, 'flip', 'flipv', 'rot180'), second))).toBe(
      2 * convolution[0] + eight,
    )
  })
})

/** How many acts the pass leaves of one act on an expression. */
const actsLeft = (
  build: (b: Builder) => NodeId,
  values: Readonly<Record<string, Tensor>>,
  element: Element = 'flip',
) => {
  const b = builder()
  const graph = b.finish({ y: b.act(element, build(b)) })
  const program = { graph, parameters: new Map(Object.entries(values)) }
  const { graph: dropped } = right(dropSymmetricActs.run(program)).program
  const environment = { inputs: new Map(), parameters: program.parameters }
  expectSameValues(valuesOf(dropped, environment), valuesOf(graph, environment), 'exact')
  return dropped.nodes.filter(node => node.tag === 'Act').length
}

describe('an act on an expression of parameters', () => {
  const w = symmetric(drawn([3, 3, 2, 3], 3), 'flip')
  const scaled = (shape: readonly number[]) => (b: Builder) =>
    b.multiply(b.parameter('w', w.shape), b.parameter('s', shape))

  it('is dropped where all that is in it is symmetric, or the same at all taps', () => {
    expect(actsLeft(scaled([3]), { w, s: drawn([3], 1) })).toBe(0)
    expect(actsLeft(scaled([2, 3]), { w, s: drawn([2, 3], 1) })).toBe(0)
    expect(actsLeft(scaled([]), { w, s: drawn([], 1) })).toBe(0)
    expect(actsLeft(scaled([1, 1, 1, 3]), { w, s: drawn([1, 1, 1, 3], 1) })).toBe(0)
    expect(actsLeft(b => b.unary('square', scaled([3])(b)), { w, s: drawn([3], 1) })).toBe(0)
  })

  it('stays where an operand is not', () => {
    expect(actsLeft(scaled(w.shape), { w, s: drawn(w.shape, 4) })).toBe(1)
    expect(actsLeft(scaled([3, 1, 3]), { w, s: drawn([3, 1, 3], 1) })).toBe(1)
    expect(actsLeft(scaled([3]), { w, s: drawn([3], 1) }, 'flipv')).toBe(1)
  })

  it('sees through a transposition', () => {
    const oihw = (b: Builder) => b.transpose(b.parameter('w', [3, 2, 3, 3]), [2, 3, 1, 0])
    const value = drawn([3, 2, 3, 3], 5)
    const mirrored = actOnTensor('flip', value, 2, 3)
    const even = { ...value, data: value.data.map((a, i) => a + mirrored.data[i]) }
    expect(actsLeft(oihw, { w: even })).toBe(0)
    expect(actsLeft(oihw, { w: even }, 'flipv')).toBe(1)
    expect(actsLeft(oihw, { w: value })).toBe(1)
  })

  it('sees the rows of dense weights as pixels', () => {
    const pixels = (b: Builder) => b.draft.add('Reshape', [b.parameter('w', [6, 2])], { shape: [2, 3, 1, 2] })
    const value = drawn([6, 2], 6)
    const { data } = symmetric({ shape: [2, 3, 1, 2], data: value.data }, 'flip')
    expect(actsLeft(pixels, { w: { shape: [6, 2], data } })).toBe(0)
    expect(actsLeft(pixels, { w: value })).toBe(1)
  })

  it('sees through a reshape of the values that it reads as they lie', () => {
    const flat = (b: Builder) => b.multiply(b.reshape(b.parameter('w', [6]), [2, 3]), b.parameter('s', []))
    expect(actsLeft(flat, { w: { shape: [6], data: Float32Array.of(1, 2, 1, 3, 4, 3) }, s: drawn([], 1) })).toBe(0)
    expect(actsLeft(flat, { w: { shape: [6], data: Float32Array.of(1, 2, 3, 3, 4, 3) }, s: drawn([], 1) })).toBe(1)
  })

  it('stays on any other expression', () => {
    const w = { shape: [2, 3], data: new Float32Array(6) }
    expect(actsLeft(b => b.concat([b.parameter('w', [2, 3]), b.parameter('w', [2, 3])], 0), { w })).toBe(1)
  })

  it('stays where a stretched operand ends on other axes than those behind the taps', () => {
    // Of [a, 2, 2, b] on the middle axes: numbers along the last are the same at all taps, numbers along the third are not.
    const acted = (shape: readonly number[], values: readonly number[]): number => {
      const b = builder()
      const product = b.multiply(b.parameter('w', [2, 2, 2, 2]), b.parameter('s', shape))
      const graph = b.finish({ y: b.act('flip', product, [1, 2]) })
      const parameters = new Map([
        ['w', { shape: [2, 2, 2, 2], data: new Float32Array(16).fill(3) }],
        ['s', { shape, data: Float32Array.from(values) }],
      ])
      const dropped = right(dropSymmetricActs.run({ graph, parameters })).program.graph
      const environment = { inputs: new Map(), parameters }
      expectSameValues(valuesOf(dropped, environment), valuesOf(graph, environment), 'exact')
      return dropped.nodes.filter(({ tag }) => tag === 'Act').length
    }
    expect(acted([2], [5, 7])).toBe(0)
    expect(acted([1, 2], [5, 7])).toBe(0)
    expect(acted([2, 1], [5, 7])).toBe(1)
    expect(acted([2, 2], [5, 6, 7, 8])).toBe(1)
    expect(acted([2, 1, 1, 1], [5, 7])).toBe(1)
  })

  it('is asked about, and says where', () => {
    const b = builder()
    const values = new Map([['w', { shape: [1, 2], data: Float32Array.of(3, 3) }]])
    const w = b.parameter('w', [1, 2])
    const [first, second] = [b.act('flip', w), b.act('rot180', w)]
    const graph = b.finish({ first, second })
    const asked: unknown[] = []
    const result = right(
      dropSymmetricActs.run({ graph, parameters: values }, firing => {
        asked.push([firing.pass, firing.rewrite, firing.op, firing.at])
        return firing.at === second
      }),
    )
    const pass = 'drop-symmetric-acts'
    expect(asked).toContainEqual([pass, 'drop-symmetry', 'Act', first])
    expect(asked).toContainEqual([pass, 'drop-symmetry', 'Act', second])
    expect(result.program.graph.nodes.filter(({ tag }) => tag === 'Act')).toHaveLength(1)
    expect(result.rewrites['drop-symmetry']).toBe(1)
  })

  it('leaves a graph without such acts as it is', () => {
    const b = builder()
    const graph = b.finish({ y: b.act('flip', b.input('x', mapType(2, 2, 1))) })
    const result = right(dropSymmetricActs.run({ graph, parameters: new Map() }))
    expect(result.program.graph).toBe(graph)
    expect(result.rewrites).toEqual({})
  })

  it('stays where a parameter has no value', () => {
    const b = builder()
    const graph = b.finish({ y: b.act('flip', b.parameter('w', [1, 2])) })
    expect(right(dropSymmetricActs.run({ graph, parameters: new Map() })).program.graph).toEqual(graph)
  })
})
