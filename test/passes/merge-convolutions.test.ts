import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type NodeId, nodesWithTag } from '../../ir/index.ts'
import { type Admit, mergeConvolutions } from '../../passes/index.ts'
import { mergeConvolutionsIn } from '../../passes/merge-convolutions.ts'

const conv = (b: Builder, x: NodeId, filter: NodeId, name?: string): NodeId =>
  b.conv2d(x, filter, { padding: 1, ...(name === undefined ? {} : { name }) })

/** Convolutions of one image by two filters that are mirror images, and by one that is none. */
const three = (): Graph => {
  const b = builder()
  const x = b.input('x', mapType(4, 4, 2))
  const w = b.parameter('w', [3, 3, 2, 3])
  const one = conv(b, x, w, 'one')
  const other = conv(b, x, b.parameter('v', [3, 3, 2, 5]), 'other')
  return b.finish({ one, other, image: conv(b, x, b.act('flip', w), 'image') })
}

const asked: Parameters<Admit>[0][] = []
const run = (merging: Parameters<typeof mergeConvolutions>[0], admit?: Admit) => {
  asked.length = 0
  const ask: Admit = firing => {
    asked.push(firing)
    return admit?.(firing) ?? true
  }
  const graph = three()
  const result = mergeConvolutions(merging).run({ graph, parameters: new Map() }, ask)
  return { graph, ...(result as { right: { program: { graph: Graph }; rewrites: object } }).right }
}

describe('convolutions of one map', () => {
  it('are joined into one of all outputs, and its result is cut', () => {
    const { program, rewrites } = run('joined')
    expect(rewrites).toEqual({ 'split-even-odd': 0, 'join-outputs': 1 })
    const [joined] = nodesWithTag(program.graph, 'Conv2d')
    expect([joined.type, joined.name]).toEqual([mapType(4, 4, 11), 'one'])
    const slices = nodesWithTag(program.graph, 'Slice').map(({ attributes }) => attributes)
    // In the order of their filters: w, v, and the flip of w.
    expect(slices).toEqual([
      { axis: 2, begin: 0, size: 3 },
      { axis: 2, begin: 3, size: 5 },
      { axis: 2, begin: 8, size: 3 },
    ])
    expect(asked).toEqual([
      { pass: 'merge-convolutions', rewrite: 'join-outputs', rule: null, op: 'Conv2d', at: 2, name: 'one' },
    ])
  })

  it('are split where two are mirror images', () => {
    const { program, rewrites } = run('split')
    expect(rewrites).toEqual({ 'split-even-odd': 1, 'join-outputs': 0 })
    expect(nodesWithTag(program.graph, 'Conv2d').map(({ name }) => name)).toEqual(['one', 'one', 'other'])
    expect(asked).toEqual([
      { pass: 'merge-convolutions', rewrite: 'split-even-odd', rule: null, op: 'Conv2d', at: 2, name: 'one' },
    ])
  })

  it('stay apart if they are told to, or what is asked for is refused', () => {
    const apart = run('apart')
    expect([apart.program.graph, apart.rewrites, asked]).toEqual([
      apart.graph,
      { 'split-even-odd': 0, 'join-outputs': 0 },
      [],
    ])
    for (const merging of ['joined', 'split'] as const) {
      const { graph, program, rewrites } = run(merging, () => false)
      expect(program.graph).toBe(graph)
      expect(rewrites).toEqual({ 'split-even-odd': 0, 'join-outputs': 0 })
      expect(asked).toHaveLength(1)
    }
  })

  it('are merged by whoever is asked about each group, and by default all that are', () => {
    const groups: unknown[] = []
    const graph = three()
    const { rewrites } = mergeConvolutionsIn(graph, (of, group) => {
      groups.push(group.map(id => of.nodes[id].name))
      return 'joined'
    })
    expect(groups).toEqual([['one', 'other', 'image']])
    expect(rewrites).toEqual({ 'split-even-odd': 0, 'join-outputs': 1 })
  })

  it('of maps that are equal are said to stand where the first of these stood', () => {
    const b = builder()
    const x = b.input('x', mapType(4, 4, 2))
    const [first, second] = ['w', 'v'].map(name => conv(b, b.relu(x), b.parameter(name, [3, 3, 2, 3])))
    const at: number[] = []
    mergeConvolutionsIn(
      b.finish({ first, second }),
      () => 'joined',
      firing => at.push(firing.at) > 0,
    )
    expect(at).toEqual([first])
  })
})
