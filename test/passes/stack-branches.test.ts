import { describe, expect, it } from 'vitest'
import { builder, type Graph, mapType, nodesWithTag, type Transform } from '../../ir/index.ts'
import { stackBranches } from '../../passes/index.ts'
import { stackBranchesIn } from '../../passes/stack-branches.ts'

const flips: readonly Transform[] = [
  { kind: 'd4', element: 'id' },
  { kind: 'd4', element: 'flip' },
]
const shifts: readonly Transform[] = [
  { kind: 'd4', element: 'id' },
  { kind: 'shift', dy: 1, dx: 0 },
  { kind: 'shift', dy: 0, dx: 1 },
]

const begun = () => {
  const b = builder('branched')
  return { b, x: b.input('x', mapType(4, 4, 2)) }
}

const tags = ({ nodes }: Graph): readonly string[] => nodes.map(({ tag }) => tag)

describe('branches on one stack', () => {
  it('are the variants side by side, and what follows is one op', () => {
    const { b, x } = begun()
    const y = b.relu(b.branch(x, 'a', flips))
    const graph = stackBranchesIn(b.finish({ y: b.reduce(b.globalPool(y), 'geo') }))
    expect(graph.dialect).toBe('stacked')
    expect(tags(graph)).toEqual(['Input', 'Act', 'Stack', 'Unary', 'GlobalPool', 'Combine'])
    expect(graph.nodes[2].operands).toEqual([0, 1])
    expect(graph.nodes[5].attributes).toEqual({ reduction: 'geo', multiplicity: [1, 1] })
    expect(graph.outputs).toEqual([{ name: 'y', node: 5 }])
  })

  it('of one transform are no stack', () => {
    const { b, x } = begun()
    const y = b.branch(x, 'a', flips.slice(1))
    expect(tags(stackBranchesIn(b.finish({ y: b.reduce(b.globalPool(y), 'geo') })))).toEqual([
      'Input',
      'Act',
      'GlobalPool',
      'Combine',
    ])
  })

  it('after others: the later branch varies slowest', () => {
    const { b, x } = begun()
    const y = b.branch(b.branch(x, 'a', flips), 'b', shifts)
    const { nodes } = stackBranchesIn(b.finish({ y: b.reduce(b.globalPool(y), 'geo') }))
    const [first, second] = nodes.flatMap((node, id) => (node.tag === 'Stack' ? [id] : []))
    const shifted = nodes.flatMap((node, id) => (node.tag === 'Shift' ? [id] : []))
    expect(nodes[second].operands).toEqual([first, ...shifted])
    expect(nodes.find(({ tag }) => tag === 'Combine')?.attributes).toMatchObject({ multiplicity: [1, 1, 1, 1, 1, 1] })
  })

  it('stand beside copies of what was there before a branch', () => {
    const { b, x } = begun()
    const before = b.relu(x)
    const sum = b.add(b.branch(before, 'a', shifts), before)
    const more = b.add(sum, before)
    const { nodes } = stackBranchesIn(b.finish({ y: b.reduce(b.globalPool(more), 'geo') }))
    const stacks = nodes.filter(({ tag }) => tag === 'Stack').map(({ operands }) => operands)
    const [relu] = nodes.flatMap((node, id) => (node.tag === 'Unary' ? [id] : []))
    // Three copies of one value, made once for both sums.
    expect(stacks).toHaveLength(2)
    expect(stacks[1]).toEqual([relu, relu, relu])
  })

  it('stand beside copies of a whole stack, if it lacks the axes that vary slowest', () => {
    const { b, x } = begun()
    const first = b.branch(x, 'a', flips)
    const graph = stackBranchesIn(
      b.finish({ y: b.reduce(b.globalPool(b.add(b.branch(first, 'b', shifts), first)), 'geo') }),
    )
    const stacks = graph.nodes.flatMap((node, id) => (node.tag === 'Stack' ? [{ id, operands: node.operands }] : []))
    expect(stacks).toHaveLength(3)
    expect(stacks[2].operands).toEqual([stacks[0].id, stacks[0].id, stacks[0].id])
    expect(nodesWithTag(graph, 'Unstack')).toEqual([])
  })

  it('are taken apart and put in order where two values vary by different axes', () => {
    const { b, x } = begun()
    const sum = b.add(b.branch(x, 'a', flips), b.branch(x, 'b', shifts))
    const graph = stackBranchesIn(b.finish({ y: b.reduce(b.globalPool(sum), 'geo') }))
    // Axes of the right operand first: b, then a. The left one lacks b, which varies slowest, and is copied; the right one is read twice each.
    const taken = nodesWithTag(graph, 'Unstack').map(({ attributes }) => attributes)
    expect(taken).toEqual([0, 0, 1, 1, 2, 2].map(index => ({ index, count: 3 })))
    expect(nodesWithTag(graph, 'Stack').map(({ operands }) => operands.length)).toEqual([2, 3, 3, 6])
  })

  it('leave parameters and what varies nowhere alone', () => {
    const { b, x } = begun()
    const y = b.add(b.branch(x, 'a', flips), b.parameter('bias', [2]))
    const graph = stackBranchesIn(b.finish({ y: b.reduce(b.globalPool(y), 'geo'), z: b.globalPool(b.relu(x)) }))
    expect(nodesWithTag(graph, 'Stack')).toHaveLength(1)
    const bias = graph.nodes.findIndex(({ tag }) => tag === 'Parameter')
    expect(nodesWithTag(graph, 'Binary')[0].operands[1]).toBe(bias)
    expect(graph.outputs.map(({ name }) => name)).toEqual(['y', 'z'])
  })

  it('are counted', () => {
    const { b, x } = begun()
    const y = b.branch(b.branch(x, 'a', flips), 'b', shifts)
    const result = stackBranches.run({
      graph: b.finish({ y: b.reduce(b.globalPool(y), 'geo') }),
      parameters: new Map(),
    })
    expect(stackBranches.name).toBe('stack-branches')
    expect(result).toMatchObject({
      right: { rewrites: { 'stack-branch': 2 }, program: { graph: { dialect: 'stacked' } } },
    })
  })
})
