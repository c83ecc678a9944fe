import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  type Builder,
  builder,
  type Graph,
  mapType,
  type NodeId,
  nodesWithTag,
  type OpTag,
  parse,
  print,
  shapeOf,
  verify,
} from '../../ir/index.ts'
import {
  type Admit,
  actsOnMaps,
  mergeWherePaid,
  multiplyAdds,
  optimizations,
  type Pass,
  type PassReport,
  type Predict,
  type Program,
  parsePlan,
  predictor,
  type Rewrites,
  runPasses,
  scheduleOf,
  sinkWherePaid,
  stackWherePaid,
  workKinds,
  worthwhile,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { initialized, zoo } from '../../src/network/zoo/index.ts'
import { scheduleLaws } from '../laws/schedule-laws.ts'

const run = (passes: readonly Pass[], program: Program) => orThrow(runPasses(passes, program))

const networkOf = (name: string) => initialized(orThrow(zoo(name)), 0)

const compiled = (name: string, plan: string, options: Parameters<typeof compileNetwork>[2]) =>
  orThrow(compileNetwork(networkOf(name), orThrow(parsePlan(plan)), options))

/** A prediction that charges a price for each op of a kind, whatever its size. */
const priced =
  (prices: Partial<Record<OpTag | 'each', number>>): Predict =>
  graph =>
    graph.nodes.reduce((sum, { tag }) => sum + (prices[tag] ?? 0) + (prices.each ?? 0), 0)

const refused = () => false

/** Two convolutions of one map, mirror images of one another, and what reads them. */
const mirrored = (
  read = (b: Builder, one: NodeId, other: NodeId): NodeId => b.binary('maximum', one, other),
): Graph => {
  const b = builder()
  const x = b.input('image', mapType(4, 4, 2))
  const w = b.parameter('w', [3, 3, 2, 4])
  const [one, other] = [w, b.act('flip', w)].map(filter => b.conv2d(x, filter, { padding: 1 }))
  return b.finish({ y: read(b, one, other) })
}

/** Two maps that one filter slides over. */
const siblings = (): Graph => {
  const b = builder()
  const x = b.input('image', mapType(4, 4, 2))
  const w = b.parameter('w', [3, 3, 2, 2])
  const [one, other] = [x, b.transform({ kind: 'shift', dy: 1, dx: 0 }, x)].map(map => b.conv2d(map, w))
  return b.finish({ y: b.binary('maximum', one, other) })
}

const rewritesOf = (pass: Pass, graph: Graph, admit?: Admit) =>
  orThrow(pass.run({ graph, parameters: new Map() }, admit))

describe('stacking where it pays', () => {
  it('stacks if that is cheaper', () => {
    const { program, rewrites } = rewritesOf(stackWherePaid(priced({ Conv2d: 10, Stack: 1 })), siblings())
    expect(rewrites).toEqual({ 'begin-stack': 1, 'stack-values': 1 })
    expect(nodesWithTag(program.graph, 'Conv2d')).toHaveLength(1)
  })

  it('leaves the graph if it is dearer, as dear, or forbidden', () => {
    const graph = siblings()
    for (const stack of [10, 11]) {
      const { program, rewrites } = rewritesOf(stackWherePaid(priced({ Conv2d: 10, Stack: stack })), graph)
      expect([program.graph, rewrites]).toEqual([graph, {}])
    }
    const asked: string[] = []
    const ask: Admit = firing => {
      asked.push(`${firing.pass} ${firing.rewrite}`)
      return false
    }
    expect(rewritesOf(stackWherePaid(priced({ Conv2d: 10 })), graph, ask).rewrites).toEqual({})
    expect(asked).toEqual(['stack-variants begin-stack'])
  })
})

describe('merging where it pays', () => {
  const merged = (predict: Predict, graph = mirrored()) => rewritesOf(mergeWherePaid(predict), graph)

  it('joins where a convolution costs by the call', () => {
    const { program, rewrites } = merged(priced({ Conv2d: 10, Slice: 1 }))
    expect(rewrites).toEqual({ 'join-outputs': 1, 'split-even-odd': 0 })
    expect(nodesWithTag(program.graph, 'Conv2d')).toHaveLength(1)
  })

  it('splits where it costs by the multiplication', () => {
    expect(merged(multiplyAdds).rewrites).toEqual({ 'join-outputs': 0, 'split-even-odd': 1 })
  })

  it('leaves apart where every op costs the same, or what merging adds', () => {
    const graph = mirrored()
    for (const prices of [{ each: 1 }, { Conv2d: 10, Slice: 5, Shift: 5 }])
      expect(merged(priced(prices), graph)).toMatchObject({ program: { graph }, rewrites: { 'join-outputs': 0 } })
  })

  it('wants more than two hundredths of the cost', () => {
    // Apart it costs 100 000, joined so much less.
    const joins = (saving: number) =>
      merged(priced({ Conv2d: saving, Binary: 100_000 - 2 * saving })).rewrites['join-outputs']
    expect(worthwhile).toBe(0.98)
    expect([joins(2000), joins(2001)]).toEqual([0, 1])
  })

  it('decides group by group where they differ', () => {
    const b = builder()
    const x = b.input('image', mapType(4, 4, 2))
    const w = b.parameter('w', [3, 3, 2, 4])
    const wide = [w, b.act('flip', w)].map(filter => b.conv2d(x, filter, { padding: 1 }))
    const narrow = ['v', 'u'].map(name => b.conv2d(x, b.parameter(name, [1, 1, 2, 4])))
    const graph = b.finish({ y: [...wide, ...narrow].reduce((a, c) => b.binary('maximum', a, c)) })
    /** By the call over one pixel, else by the multiplication; as many taps as a 3 × 3 filter has are never joined. */
    const predict: Predict = ({ nodes }) =>
      nodes.reduce((sum, node) => {
        if (node.tag !== 'Conv2d') return sum
        const [rows, columns, inputs, outputs] = shapeOf(nodes[node.operands[1]].type)
        if (rows * columns === 1) return sum + 100
        return sum + rows * columns * inputs * outputs * (outputs > 4 ? 2 : 1)
      }, 0)
    expect(merged(predict, graph).rewrites).toEqual({ 'join-outputs': 1, 'split-even-odd': 1 })
  })

  it('predicts a group with the biases and activations that alone read its convolutions', () => {
    const graph = mirrored((b, one, other) => {
      const y = b.relu(b.add(one, b.parameter('bias', [4])))
      // Read twice, so it ends there; and a sum of two maps is no part of it.
      return b.binary(
        'maximum',
        b.add(y, y),
        b.relu(b.relu(b.binary('minimum', other, b.input('z', mapType(4, 4, 4))))),
      )
    })
    const alone: string[] = []
    merged(of => {
      if (of.outputs.length === 2) alone.push(of.nodes.map(({ tag }) => tag).join(' '))
      return of.nodes.length
    }, graph)
    expect(alone[0]).toBe('Input Parameter Conv2d Parameter Binary Unary Act Conv2d')
    expect(alone).toHaveLength(3)
  })

  it('ends the group at any other op', () => {
    const seen = new Set<string>()
    merged(
      of => {
        for (const { tag } of of.outputs.length === 2 ? of.nodes : []) seen.add(tag)
        return of.nodes.length
      },
      mirrored((b, one, other) => b.binary('maximum', b.maxPool(one, 2), b.maxPool(other, 2))),
    )
    expect(seen).toContain('Conv2d')
    expect(seen).not.toContain('MaxPool')
  })

  it('counts what stacking saves afterwards', () => {
    // Joining costs 12 instead of 10, but what reads it can then be stacked, which saves 20.
    const read = (b: Builder, one: NodeId, other: NodeId): NodeId => {
      const v = b.parameter('v', [1, 1, 4, 3])
      return b.binary('maximum', b.conv2d(one, v), b.conv2d(other, v))
    }
    const dear = priced({ Conv2d: 10, Slice: 6 })
    expect(merged(dear, mirrored(read)).rewrites['join-outputs']).toBe(0)
    const stackable: Predict = graph =>
      dear(graph) - (graph.dialect === 'stacked' && nodesWithTag(graph, 'Slice').length > 0 ? 20 : 0)
    expect(merged(stackable, mirrored(read)).rewrites['join-outputs']).toBe(1)
  })

  it('finds maps that are equal', () => {
    const b = builder()
    const x = b.input('image', mapType(4, 4, 2))
    const [one, other] = ['w', 'v'].map(name => b.conv2d(b.relu(x), b.parameter(name, [1, 1, 2, 2])))
    expect(merged(priced({ Conv2d: 10 }), b.finish({ y: b.add(one, other) })).rewrites['join-outputs']).toBe(1)
  })

  it('asks before it merges', () => {
    const graph = mirrored()
    const { program, rewrites } = rewritesOf(mergeWherePaid(priced({ Conv2d: 10 })), graph, refused)
    expect(program.graph).toBe(graph)
    expect(rewrites).toEqual({ 'join-outputs': 0, 'split-even-odd': 0 })
  })
})

describe('sinking where it pays', () => {
  const sunk = (predict: Predict, graph: Graph, admit?: Admit) => rewritesOf(sinkWherePaid(predict), graph, admit)
  /** An act on the image, that a convolution can have on its filter. */
  const turned = (read = (b: Builder, y: NodeId): NodeId => b.globalPool(y)): Graph => {
    const b = builder()
    const x = b.act('flip', b.input('image', mapType(4, 4, 2)))
    return b.finish({ y: read(b, b.conv2d(x, b.parameter('w', [3, 3, 2, 2]))) })
  }
  const onMaps: Predict = graph => actsOnMaps(graph)

  it('does if that is cheaper or as cheap', () => {
    for (const predict of [onMaps, () => 1]) {
      const { program, rewrites } = sunk(predict, turned())
      expect(actsOnMaps(program.graph)).toBe(0)
      expect(rewrites['fuse-into-convolution']).toBe(1)
    }
  })

  it('does not if it is dearer', () => {
    const graph = turned()
    const { program, rewrites } = sunk(of => -actsOnMaps(of), graph)
    expect([program.graph, rewrites]).toEqual([graph, {}])
  })

  it('does if the graph is cheaper once its acts are shared and variants are merged', () => {
    const b = builder()
    const x = b.input('image', mapType(4, 4, 2))
    const scores = [x, b.act('flip', x)].map(map => b.globalPool(b.relu(map)))
    const graph = b.finish({ y: b.combine(scores, 'sum') })
    const { program } = sunk(priced({ Combine: 1, GlobalPool: 10, Act: -1 }), graph)
    expect(nodesWithTag(program.graph, 'Act')).toEqual([])
  })

  it('does if merging afterwards makes up for it', () => {
    const b = builder()
    const x = b.input('image', mapType(4, 4, 2))
    const w = b.parameter('w', [2, 2, 2, 2])
    const graph = b.finish({
      y: b.binary('maximum', b.conv2d(x, w), b.act('flip', b.conv2d(b.act('flip', x), w))),
    })
    const onFilters: Predict = of => nodesWithTag(of, 'Act').filter(({ type }) => type.kind === 'Shared').length
    const calls = priced({ Conv2d: 10 })
    // As it is 20; sunk 20 and the act, and 10 less once their outputs are joined.
    expect(sunk(of => calls(of) + 5 * onFilters(of), graph).rewrites['fuse-into-convolution']).toBe(1)
    expect(sunk(of => calls(of) + 10 * onFilters(of), graph).rewrites['fuse-into-convolution']).toBe(1)
    expect(sunk(of => calls(of) + 11 * onFilters(of), graph).rewrites).toEqual({})
  })

  it('asks for what it does, not for what it tries', () => {
    const asked: string[] = []
    const { program } = sunk(onMaps, turned(), firing => {
      asked.push(`${firing.pass} ${firing.rewrite}`)
      return firing.rewrite === 'fuse-into-convolution'
    })
    expect(asked).toEqual(['sink-transforms fuse-into-convolution', 'sink-transforms drop-before-global-pool'])
    expect(actsOnMaps(program.graph)).toBe(1)
    const graph = turned()
    expect(sunk(of => -actsOnMaps(of), graph, refused).program.graph).toBe(graph)
  })

  it('is called as what it does', () => {
    expect(sinkWherePaid(onMaps).name).toBe('sink-transforms')
    expect(mergeWherePaid(onMaps).name).toBe('merge-convolutions')
    expect(stackWherePaid(onMaps).name).toBe('stack-variants')
  })
})

describe('a schedule in words', () => {
  const report = (rewrites: PassReport['rewrites']): PassReport => ({
    name: 'pass',
    milliseconds: 0,
    rewrites,
    nodes_before: 0,
    nodes_after: 0,
    multiply_adds_before: 0,
    multiply_adds_after: 0,
  })

  it.each([
    [[], 'apart'],
    [[{ 'join-outputs': 0, 'split-even-odd': 0, 'stack-values': 0 }], 'apart'],
    [[{ compose: 3 }, { 'join-outputs': 1 }], 'joined'],
    [[{ 'split-even-odd': 2, 'join-outputs': 0 }], 'split'],
    [[{ 'stack-values': 2 }, {}], 'stacked'],
    [[{ 'stack-values': 2 }, { 'split-even-odd': 2, 'join-outputs': 1 }], 'joined+split+stacked'],
  ] as const)('of %o is %s', (rewrites, words) => {
    expect(scheduleOf(rewrites.map(report))).toBe(words)
  })
})

describe('auto', () => {
  // `npm run laws` draws more.
  it('keeps the meaning and is predicted to cost no more than apart or unoptimized, and hardly more than any schedule, on branched graphs', () => {
    expect(scheduleLaws.branched.broken('reals', 15, { graph: () => {}, fired: () => {} })).toBeNull()
  })

  it('takes every kind of schedule where that is the cheapest, on networks under flips', () => {
    const taken = new Set<string>()
    const fired = (rewrites: Rewrites) => Object.keys(rewrites).forEach(name => void taken.add(name))
    // Twelve graphs of the first seed are enough; others follow where generators or passes have changed.
    for (let seed = 27; taken.size < 4 && seed < 327; seed++)
      expect(scheduleLaws.networks.broken('reals', 12, { graph: () => {}, fired }, seed)).toBeNull()
    expect([...taken].sort()).toEqual(['apart', 'joined', 'split', 'stacked'].map(part => `auto takes ${part}`))
  })

  it('stacks where calls are all that counts, and leaves apart where only copies cost', () => {
    const of = (dear: readonly string[]) => {
      const rates = Object.fromEntries(
        workKinds.map(kind => [
          kind,
          { calls: dear.includes(kind) ? 1 : 0, multiply_adds: 0, windows: 0, rows: 0, bytes: 0 },
        ]),
      ) as Parameters<typeof predictor>[0]['rates']
      return predictor({ fuses: false, rates }, 1)
    }
    const stem = compiled('cifar-resnet-8', 'flip-2-max', { schedule: 'apart' })
    const program = { graph: stem.graph, parameters: stem.parameters }
    const schedule = (dear: readonly string[]) =>
      scheduleOf(run(optimizations({ cheapestBy: of(dear) }), program).reports)
    expect(schedule(['convolution', 'pointwise', 'bias'])).toContain('stacked')
    expect(schedule(['slice', 'concat', 'rearrange'])).toBe('apart')
  })
})

describe('schedules of flip-4 on PreAct ResNet-110', () => {
  it.each([
    ['apart', 1.485],
    ['joined', 1.485],
    ['stacked', 1.485],
    ['joined+stacked', 1.485],
    ['split', 1.345],
    ['split+stacked', 1.345],
  ] as const)('%s takes %f of the multiply-adds', (schedule, relative) => {
    const { multiplyAdds, parameters, graph } = compiled('preact-resnet-110', 'flip-4-max', { schedule })
    expect(Math.abs(multiplyAdds.relative - relative)).toBeLessThan(0.001)
    expect(E.isRight(verify(graph))).toBe(true)
    expect(parse(print(graph))).toEqual(E.right(graph))
    expect(parameters.size).toBeGreaterThan(0)
  })

  it('split and stacked store what split alone stores: equal halves are one', () => {
    const sizeOf = (schedule: 'split' | 'split+stacked') =>
      [...compiled('preact-resnet-110', 'flip-4-max', { schedule }).parameters.values()].reduce(
        (sum, { data }) => sum + data.length,
        0,
      )
    expect(sizeOf('split+stacked')).toBe(sizeOf('split'))
  })

  it('joined ones stack further: both variants read one joined filter', () => {
    const of = (schedule: 'stacked' | 'joined+stacked') =>
      compiled('preact-resnet-110', 'flip-4-max', { schedule }).graph.nodes.filter(node => node.tag === 'Conv2d').length
    expect(of('joined+stacked')).toBeLessThan(of('stacked'))
  })
})

describe('compile', () => {
  it('reports what it chose and what it expects, for the backend and the batch that it is told', () => {
    const one = compiled('preact-resnet-20', 'flip-2-max', { backend: 'wasm', batch: 1 })
    const many = compiled('preact-resnet-20', 'flip-2-max', { backend: 'wasm', batch: 16 })
    expect(one.schedule).toMatch(/^(apart|(joined|split|stacked)(\+(split|stacked))*)$/)
    expect(many.predictedMilliseconds.total).toBeGreaterThan(8 * one.predictedMilliseconds.total)
    expect(one.predictedMilliseconds.unshared).toBeGreaterThan(one.predictedMilliseconds.total)
    expect(compiled('preact-resnet-20', 'vanilla', {}).schedule).toBe('apart')
  })

  it('cannot split where the two images of a convolution are padded otherwise: the strided block of ResNet-18', () => {
    expect(compiled('resnet-18', 'flip-only2-max', { schedule: 'split' }).schedule).toBe('apart')
    expect(compiled('resnet-18', 'flip-only1-max', { schedule: 'split' }).schedule).toBe('split')
  })
})
